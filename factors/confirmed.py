"""Confirmed words: printed in the picture, and said in the text linked to it."""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

from factors.base import Clause, Evidence, Factor, Feature, Json, Question
from factors.text import TextSnippet
from vision.image_features import ImageFeatures

SHORTEST, LONGEST = 3, 40  # letters or digits of a word that says anything
FORGIVING = 5  # letters of a word from which one of them may be misread
MISREAD = 0.8  # what a word with a misread letter weighs beside one that is the same
CONFIDENT = 0.6  # of a word read on the question's picture
MOST_ASKED, MOST_KEPT = 16, 64  # words of a question, and of a document
SHOWN = 3  # words in an explanation
BY_PICTURE = 0.5  # what words read on the question's picture count beside words that were asked for
WORD = re.compile(r"[^\W_]+")
# Words that are printed and said everywhere, in languages of many pages.
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
    """Words that the picture and the text beside it say alike."""

    name: ClassVar[str] = "confirmed"
    title: ClassVar[str] = "Printed and said"
    about: ClassVar[str] = (
        "Words that are printed in the picture and said in text linked to it: a brand on a carton that the page is about. "
        "They are compared without case and accents, one letter in a longer word may be misread, and stop words, words and "
        f"numbers shorter than {SHORTEST} do not count. A word weighs what the best snippet of text that says it weighs, less "
        "where a letter was misread. The value is the share of the question's words that are confirmed, by weight; "
        "`confirmed.picture` asks with the words that were read with confidence on the question's own picture."
    )
    weight: ClassVar[float] = 1.0
    snippet_fields: ClassVar[tuple[str, ...]] = ("confirmed",)
    features: ClassVar[tuple[Feature, ...]] = (
        Feature("confirmed", compares="words", retrieval_is_evidence=True),
        Feature("confirmed.picture", retrieval_is_evidence=True, weight=BY_PICTURE),
    )

    def fields(self, dimensions: object) -> Json:
        """Words with their weights."""
        return {"confirmed": {"type": "rank_features"}}

    def snippet_fields_of(self, snippets: Sequence[TextSnippet], document: Mapping[str, Any]) -> Json:
        """The words that both have; None where there are none."""
        return {"confirmed": confirmed(" ".join(document.get("ocr") or ()), snippets) or None}

    def clauses(self, question: Question) -> list[Clause]:
        """A column for the words asked with, another for the words on the question's picture."""
        columns = {"confirmed": _asked(question), "confirmed.picture": _read(question.image_features)}
        made = ((name, _share(words)) for name, words in columns.items() if words)
        return [Clause(name, score=query, retrieve=query) for name, query in made]

    def box(self, evidence: Evidence) -> list[float] | None:
        """The rectangle around those of the words that are printed just so."""
        told = set(_matched(evidence))
        kept = evidence.document.get("ocr_words", {}).get("words", [])
        boxes = [box for text, _, box in kept if told & set(words_of(text))]
        if not boxes:
            return None
        left, top = min(b[0] for b in boxes), min(b[1] for b in boxes)
        right, bottom = max(b[0] + b[2] for b in boxes), max(b[1] + b[3] for b in boxes)
        return [round(v, 4) for v in (left, top, right - left, bottom - top)]

    def explain(self, evidence: Evidence) -> str:
        """The words, as the page says them."""
        words = [_as_printed(word, evidence) for word in _matched(evidence)]
        if not words:
            return f"{evidence.value:.0%} of your words are printed in it and said on its page."
        told = ", ".join(f"“{word}”" for word in words[:SHOWN])
        return f"{told} {'is' if len(words) == 1 else 'are'} printed in it and said on its page."


def confirmed(printed: str, snippets: Iterable[TextSnippet]) -> dict[str, float]:
    """Words of the snippets that are printed, too, with their weights: the heaviest, at most `MOST_KEPT`."""
    there = frozenset(words_of(printed))
    places = {key for word in there if _forgiving(word) for key in _places(word)}
    shortened = {rest for _, rest in places}
    weights: dict[str, float] = {}
    for snippet in snippets:
        for word in words_of(snippet.text) if snippet.weight > 0 else ():
            same = word in there
            if same or (_forgiving(word) and _misread(word, there, places, shortened)):
                weights[word] = max(weights.get(word, 0.0), round(snippet.weight * (1.0 if same else MISREAD), 3))
    heaviest = sorted(weights, key=lambda word: (-weights[word], -len(word), word))
    return {word: weights[word] for word in heaviest[:MOST_KEPT] if weights[word] > 0}


def words_of(text: str) -> list[str]:
    """Words that say anything, folded, in order."""
    return [word for word in WORD.findall(folded(text)) if SHORTEST <= len(word) <= LONGEST and word not in STOP]


def folded(text: str) -> str:
    """Without case and accents."""
    return "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))


def _forgiving(word: str) -> bool:
    """Whether a letter may be misread: a number with another digit is another number."""
    return len(word) >= FORGIVING and not word.isdigit()


def _places(word: str) -> set[tuple[int, str]]:
    """The word without each of its letters, and which that was: words that share one differ in that letter."""
    return {(i, word[:i] + word[i + 1 :]) for i in range(len(word))}


def _misread(word: str, there: frozenset[str], places: set[tuple[int, str]], shortened: set[str]) -> bool:
    """Whether a word that is there has one letter another, fewer or more."""
    own = _places(word)
    return word in shortened or not own.isdisjoint(places) or any(rest in there for _, rest in own if _forgiving(rest))


def _asked(question: Question) -> list[str]:
    return list(dict.fromkeys(words_of(question.words.text)))[:MOST_ASKED]


def _read(image_features: ImageFeatures | None) -> list[str]:
    """The words that the question's picture itself says, confidently."""
    if image_features is None or image_features.text is None:
        return []
    sure = " ".join(word.text for word in image_features.text.words if word.confidence >= CONFIDENT)
    return list(dict.fromkeys(words_of(sure)))[:MOST_ASKED]


def _share(words: Sequence[str]) -> Json:
    """The mean weight of the words in a document, those that it lacks counting nothing."""
    each = [{"rank_feature": {"field": f"confirmed.{word}", "linear": {}, "boost": 1 / len(words)}} for word in words]
    return {"bool": {"should": each, "minimum_should_match": 1}}


def _matched(evidence: Evidence) -> list[str]:
    by_picture = evidence.clause == "confirmed.picture"
    asked = _read(evidence.question.image_features) if by_picture else _asked(evidence.question)
    return [word for word in asked if word in (evidence.document.get("confirmed") or {})]


def _as_printed(word: str, evidence: Evidence) -> str:
    """The word with its capitals and accents, where it is printed just so."""
    for text, _, _ in evidence.document.get("ocr_words", {}).get("words", []):
        if words_of(text) == [word]:
            return str(text).strip(".,:;!?()[]\"'")
    return word
