"""OCR: text that was read in the image."""

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Any, ClassVar

from factors.base import (
    Clause,
    Description,
    DescriptionItem,
    Evidence,
    Factor,
    Feature,
    Json,
    Question,
    Task,
    TextUse,
    rectangle_around,
)  # fmt: skip
from factors.stop_words import without_stop_words
from factors.text import MARK_END, MARK_START, without_marks
from mappings.analysis import trigrams
from vision.image_features import Box, ImageFeatures, Line, Text, Word

MIN_CONFIDENCE = 0.6  # of a word read in the question's image, to ask with it
MIN_LETTERS = 3  # of such a word
MAX_ASKED_WORDS = 16  # that are looked for one by one, or of the question's image
MIN_LETTERS_ALIKE = 4  # of a word that may be misread, or a part of a longer one
MAX_TRIGRAMS = 8  # of a word, evenly spread: the engine limits a request to 1,024 clauses
MISREAD = "AUTO:5,8"  # one letter may differ from five letters on, two from eight on
HIGHLIGHTED_LINES = {"number_of_fragments": 8, "fragment_size": 200}
PICTURE_WEIGHT = 0.5  # of words read in the question's image, relative to the question's words
ALIKE_WEIGHT = 0.3  # of words that only resemble, relative to the words themselves
MARKED = re.compile(f"{MARK_START}(.*?){MARK_END}")
LOW_CONFIDENCE_NOTE = "Hard to read; no search goes by it."
ALIKE = {"ocr": "ocr.alike", "ocr.picture": "ocr.picture_alike"}  # feature of the words -> of words that resemble them
TIE_BREAKER = 0.2
EDGES = re.compile(r"^\W+|\W+$")


class Ocr(Factor):
    """BM25 over read text: the words and their stems, and apart from these, words that resemble them."""

    name: ClassVar[str] = "ocr"
    title: ClassVar[str] = "Text in the image"
    about: ClassVar[str] = (
        "BM25 of the words against the text read in the picture, as it stands and by English and Russian stems. `ocr.alike` "
        "finds words that resemble them: by edit distance, and by half of their character trigrams, with look-alike letters as "
        "one, which find part numbers and survive misread letters. It is a feature of its own, because a word that resembles "
        "proves less than the word. `ocr.picture` and `ocr.picture_alike` ask with the words that were read with confidence on "
        "the question's own picture. The boxes of the matching words are shown."
    )
    reads: ClassVar[tuple[str, ...]] = ("text",)
    weight: ClassVar[float] = 1.5
    features: ClassVar[tuple[Feature, ...]] = (
        Feature("ocr", compares="words", scale="per-query", task=Task("text in picture", "MRR")),
        Feature("ocr.alike", compares="words", scale="per-query", weight=ALIKE_WEIGHT),
        Feature("ocr.picture", scale="per-query", weight=PICTURE_WEIGHT),
        Feature("ocr.picture_alike", scale="per-query", weight=PICTURE_WEIGHT * ALIKE_WEIGHT),
    )

    def fields(self, dimensions: object) -> Json:
        """The text, analysed four ways; words with their boxes, to be shown."""
        ways: Json = {
            "en": {"type": "text", "analyzer": "english"},
            "ru": {"type": "text", "analyzer": "russian"},
            "trigram": {"type": "text", "analyzer": "trigram"},
        }
        return {
            "ocr": {"type": "text", "analyzer": "folded", "fields": ways},
            "ocr_words": {"type": "object", "enabled": False},
        }

    def image_fields(self, image_features: ImageFeatures) -> Json:
        """Lines to search, words to show; neither where nothing was read. Low-confidence lines are shown only."""
        text = image_features.text
        if text is None or not (text.confident or text.low_confidence):
            return {}
        kept = {"words": _kept(text.confident)} | (
            {"low_confidence": [_kept([line]) for line in text.low_confidence]} if text.low_confidence else {}
        )
        return ({"ocr": list(text.lines)} if text.confident else {}) | {"ocr_words": kept}

    def restore(self, document: Mapping[str, Any]) -> dict[str, Any]:
        """The text, empty where the extractor found none; nothing where it failed."""
        if "text" in document.get("missing", ()):
            return {}
        kept = document.get("ocr_words", {})
        words = iter(_words(kept.get("words", [])))
        sure = tuple(Line(tuple(islice(words, len(line.split())))) for line in document.get("ocr", ()))
        return {"text": Text(sure, tuple(Line(_words(line)) for line in kept.get("low_confidence", [])))}

    def clauses(self, question: Question) -> list[Clause]:
        """Two features for the question's words, two for the words read in the question's image."""
        asked = {name: _asked(question, name) for name in ("ocr", "ocr.picture")}
        found = {name: match(words) for name, words in asked.items() if words}
        alike = {ALIKE[name]: resembles(words) for name, words in asked.items()}
        queries = found | {name: query for name, query in alike.items() if query}
        return [Clause(name, score=query, retrieve=query) for name, query in queries.items()]

    def text_fields(self) -> tuple[str, ...]:
        """Unstemmed words, and stems of English and Russian."""
        return ("ocr", "ocr.en", "ocr.ru")

    def refining_fields(self) -> Mapping[str, TextUse]:
        """The text, without low-confidence lines."""
        return {"ocr": "words"}

    def highlight(self, question: Question) -> Json:
        """The lines that matched; by trigrams, whole words."""
        if not (question.words or _asked(question, "ocr.picture")):
            return {}
        return dict.fromkeys(("ocr", "ocr.en", "ocr.ru", "ocr.trigram"), HIGHLIGHTED_LINES)

    def box(self, evidence: Evidence) -> list[float] | None:
        """The rectangle around the words that matched."""
        matched = _matched(evidence)
        words = evidence.document.get("ocr_words", {}).get("words", [])
        return rectangle_around([box for text, _, box in words if _bare(text) in matched])

    def describe(self, image_features: ImageFeatures, document: Mapping[str, Any]) -> Sequence[Description]:
        """Lines in reading order; low-confidence lines apart."""
        text = image_features.text or Text()
        parts = (("Read in it", text.confident, ""), ("Perhaps in it, too", text.low_confidence, LOW_CONFIDENCE_NOTE))
        return [Description(title, _items(lines), lines=True, note=note) for title, lines, note in parts if lines]

    def explain(self, evidence: Evidence) -> str:
        """The matching words in their line."""
        whose = "the text of your picture" if evidence.clause.startswith("ocr.picture") else "your words"
        how = "resembles" if evidence.clause in ALIKE.values() else "has"
        if evidence.highlights:
            return f"Text read in it {how} {whose}: {without_marks(evidence.highlights[0])}"
        return f"Text read in it {how} {whose}."


def match(words: Sequence[str]) -> Json:
    """The words themselves: the best of the three fields counts, the others break ties."""
    ways = [{"match": {name: {"query": " ".join(words)}}} for name in ("ocr", "ocr.en", "ocr.ru")]
    return {"dis_max": {"tie_breaker": TIE_BREAKER, "queries": ways}}


def resembles(words: Sequence[str]) -> Json:
    """Words that resemble them, each matched on its own; empty where all are too short."""
    long = [word for word in words if len(_bare(word)) >= MIN_LETTERS_ALIKE][:MAX_ASKED_WORDS]
    each = [{"dis_max": {"tie_breaker": TIE_BREAKER, "queries": _alike(word)}} for word in long]
    return {"bool": {"should": each, "minimum_should_match": 1}} if each else {}


def _alike(word: str) -> list[Json]:
    """By edit distance, and by half of the trigrams."""
    every = trigrams(word)
    some = [every[at * len(every) // MAX_TRIGRAMS] for at in range(MAX_TRIGRAMS)] if len(every) > MAX_TRIGRAMS else every
    grams: list[Json] = [{"term": {"ocr.trigram": gram}} for gram in some]
    least = -(-len(grams) // 2)
    return [
        {"match": {"ocr": {"query": word, "fuzziness": MISREAD}}},
        *([{"bool": {"should": grams, "minimum_should_match": least}}] if grams else []),
    ]


def _items(lines: Sequence[Line]) -> tuple[DescriptionItem, ...]:
    return tuple(DescriptionItem(line.text, round(line.confidence, 4), line.box) for line in lines)


def _kept(lines: Sequence[Line]) -> list[list[Any]]:
    """Words as documents store them."""
    return [[w.text, round(w.confidence, 2), w.box.as_list()] for line in lines for w in line.words]


def _words(kept: Iterable[Any]) -> tuple[Word, ...]:
    """Inverse of `_kept`."""
    return tuple(Word(text, confidence, Box(*box)) for text, confidence, box in kept)


def _asked(question: Question, feature: str) -> list[str]:
    """The words that a feature asks with: those that were read with confidence in the question's image, or its own."""
    if feature.startswith("ocr.picture"):
        return _read(question.image_features)
    return list(question.words.content)


def _read(image_features: ImageFeatures | None) -> list[str]:
    """Words that were read with confidence in an image, and say something."""
    if image_features is None or image_features.text is None:
        return []
    sure = [w.text for w in image_features.text.words if w.confidence >= MIN_CONFIDENCE and len(_bare(w.text)) >= MIN_LETTERS]
    return without_stop_words(list(dict.fromkeys(sure)))[:MAX_ASKED_WORDS]


def _matched(evidence: Evidence) -> set[str]:
    """The words that the engine marked, which includes stems and misread letters; without marks, the words asked with."""
    marked = {_bare(word) for text in evidence.highlights for span in MARKED.findall(text) for word in span.split()}
    if marked:
        return marked
    return {_bare(word) for word in _asked(evidence.question, evidence.clause)}


def _bare(word: str) -> str:
    """The word without case, and without punctuation at its ends."""
    return EDGES.sub("", word.casefold())
