"""Confirmed words: they are printed in the image, and occur in the text linked to it."""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

from factors.base import Clause, Evidence, Factor, Feature, Json, Question, rectangle_around
from factors.text import TextSnippet
from vision.image_features import ImageFeatures

MIN_LETTERS, MAX_LETTERS = 3, 40  # letters or digits of a word that counts
MIN_LETTERS_MISREAD = 5  # letters of a word, from which one of them may be misread
MISREAD_WEIGHT = 0.8  # of a word with a misread letter, relative to an equal word
MIN_CONFIDENCE = 0.6  # of a word read in the question's image, to ask with it
MAX_ASKED_WORDS, MAX_CONFIRMED_WORDS = 16, 64  # of a question, and of a document
MAX_SHOWN_WORDS = 3  # in an explanation
PICTURE_WEIGHT = 0.5  # of words read in the question's image, relative to the question's words
WORD = re.compile(r"[^\W_]+")
# Words that occur everywhere, in the languages of many pages.
_STOP = """
about after all also and any are been but can for from has have her his how into its may more most not now off one only
other our out over per said she than that the their them there these they this was were what when which who will with you
your aus bei das dass dem den der des die ein eine einem einen einer für ist mit nach nicht oder sich sie sind und von vor
wie zum zur aux avec ces cette dans elle est les mais nous par pas plus pour que qui ses son sur une vous como con del las
los más para pero por sin sus una uno che dei della delle gli nel non per più sono com dos mais não uma het een van voor
без был быть все для его или как когда мне над она они при про так там что это этот ja tai joka kun mutta niin ovat sekä
att den det ett från för har inte med och som till
"""
STOP = frozenset(_STOP.split())


class Confirmed(Factor):
    """Words that are in the image and in the text linked to it."""

    name: ClassVar[str] = "confirmed"
    title: ClassVar[str] = "Printed and said"
    about: ClassVar[str] = (
        "Words that are printed in the picture and said in text linked to it: a brand on a carton that the page is about. "
        "They are compared without case and accents, one letter in a longer word may be misread, and stop words, words and "
        f"numbers shorter than {MIN_LETTERS} do not count. A word weighs what the best snippet of text that says it "
        "weighs, less where a letter was misread. The value is the share of the question's words that are confirmed, by "
        "weight; `confirmed.picture` asks with the words that were read with confidence on the question's own picture."
    )
    weight: ClassVar[float] = 1.0
    snippet_fields: ClassVar[tuple[str, ...]] = ("confirmed",)
    features: ClassVar[tuple[Feature, ...]] = (
        Feature("confirmed", compares="words", retrieval_is_evidence=True),
        Feature("confirmed.picture", retrieval_is_evidence=True, weight=PICTURE_WEIGHT),
    )

    def fields(self, dimensions: object) -> Json:
        """Words with their weights."""
        return {"confirmed": {"type": "rank_features"}}

    def snippet_fields_of(self, snippets: Sequence[TextSnippet], document: Mapping[str, Any]) -> Json:
        """The words that both have, with their weights; None where there are none."""
        return {"confirmed": confirmed(" ".join(document.get("ocr") or ()), snippets) or None}

    def clauses(self, question: Question) -> list[Clause]:
        """A column for the question's words, another for the words read in the question's image."""
        columns = {"confirmed": _asked(question), "confirmed.picture": _read(question.image_features)}
        made = ((name, _share(words)) for name, words in columns.items() if words)
        return [Clause(name, score=query, retrieve=query) for name, query in made]

    def box(self, evidence: Evidence) -> list[float] | None:
        """The rectangle around the confirmed words, without those that were misread."""
        matched = set(_matched(evidence))
        words = evidence.document.get("ocr_words", {}).get("words", [])
        return rectangle_around([box for text, _, box in words if matched & set(words_of(text))])

    def explain(self, evidence: Evidence) -> str:
        """The words, as they are printed."""
        words = [_as_printed(word, evidence) for word in _matched(evidence)]
        if not words:
            return f"{evidence.value:.0%} of your words are printed in it and said on its page."
        quoted = ", ".join(f"“{word}”" for word in words[:MAX_SHOWN_WORDS])
        return f"{quoted} {'is' if len(words) == 1 else 'are'} printed in it and said on its page."


def confirmed(printed: str, snippets: Iterable[TextSnippet]) -> dict[str, float]:
    """Words of the snippets that are printed as well -> their weights: the heaviest MAX_CONFIRMED_WORDS."""
    on_image = frozenset(words_of(printed))
    deletions = {key for word in on_image if _may_be_misread(word) for key in _deletions(word)}
    shortened = {rest for _, rest in deletions}
    weights: dict[str, float] = {}
    for snippet in snippets:
        for word in words_of(snippet.text) if snippet.weight > 0 else ():
            same = word in on_image
            if same or (_may_be_misread(word) and _is_misread(word, on_image, deletions, shortened)):
                weights[word] = max(weights.get(word, 0.0), round(snippet.weight * (1.0 if same else MISREAD_WEIGHT), 3))
    heaviest = sorted(weights, key=lambda word: (-weights[word], -len(word), word))
    return {word: weights[word] for word in heaviest[:MAX_CONFIRMED_WORDS] if weights[word] > 0}


def words_of(text: str) -> list[str]:
    """The words that count, folded, in order."""
    return [word for word in WORD.findall(folded(text)) if MIN_LETTERS <= len(word) <= MAX_LETTERS and word not in STOP]


def folded(text: str) -> str:
    """The text without case and accents."""
    return "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))


def _may_be_misread(word: str) -> bool:
    """Whether one letter may differ: a number with another digit is another number."""
    return len(word) >= MIN_LETTERS_MISREAD and not word.isdigit()


def _deletions(word: str) -> set[tuple[int, str]]:
    """The word without one letter, and its position, for each letter: words that share such a pair differ in that letter."""
    return {(i, word[:i] + word[i + 1 :]) for i in range(len(word))}


def _is_misread(word: str, on_image: frozenset[str], deletions: set[tuple[int, str]], shortened: set[str]) -> bool:
    """Whether a printed word differs in one letter: another one, one fewer, or one more."""
    own = _deletions(word)
    if word in shortened or not own.isdisjoint(deletions):
        return True
    return any(rest in on_image for _, rest in own if _may_be_misread(rest))


def _asked(question: Question) -> list[str]:
    return list(dict.fromkeys(words_of(" ".join(question.words.content))))[:MAX_ASKED_WORDS]


def _read(image_features: ImageFeatures | None) -> list[str]:
    """Words that were read with confidence in the question's image."""
    if image_features is None or image_features.text is None:
        return []
    sure = " ".join(word.text for word in image_features.text.words if word.confidence >= MIN_CONFIDENCE)
    return list(dict.fromkeys(words_of(sure)))[:MAX_ASKED_WORDS]


def _share(words: Sequence[str]) -> Json:
    """The mean weight of the words in a document; words that it lacks weigh nothing."""
    each = [{"rank_feature": {"field": f"confirmed.{word}", "linear": {}, "boost": 1 / len(words)}} for word in words]
    return {"bool": {"should": each, "minimum_should_match": 1}}


def _matched(evidence: Evidence) -> list[str]:
    by_picture = evidence.clause == "confirmed.picture"
    asked = _read(evidence.question.image_features) if by_picture else _asked(evidence.question)
    return [word for word in asked if word in (evidence.document.get("confirmed") or {})]


def _as_printed(word: str, evidence: Evidence) -> str:
    """The word with its capitals and accents, where it was not misread."""
    for text, _, _ in evidence.document.get("ocr_words", {}).get("words", []):
        if words_of(text) == [word]:
            return str(text).strip(".,:;!?()[]\"'")
    return word
