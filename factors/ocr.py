"""OCR: the words that can be read in the picture."""

from collections.abc import Mapping
from typing import Any, ClassVar

from factors.base import Clause, Evidence, Factor, Json, Question
from factors.linked_text import plain
from vision.perception import Box, Perception, Text, Word

CONFIDENT = 0.6  # of a word read on the question's picture, to ask with it
SHORTEST = 3  # letters of such a word
MOST_WORDS = 32  # such words in one question
TRIGRAMS = "55%"  # of a word's trigrams must be there: one misread letter in seven breaks three of five


class Ocr(Factor):
    """BM25 over read text, with stems and with character trigrams."""

    name: ClassVar[str] = "ocr"
    title: ClassVar[str] = "Text in the image"
    about: ClassVar[str] = (
        "BM25 of the words against the text read in the picture: as it stands, by English and Russian stems, and by character "
        "trigrams, which find part numbers and survive misread letters. `ocr.picture` asks with the words that were read "
        "with confidence on the question's own picture. The boxes of the matching words are shown."
    )
    reads: ClassVar[tuple[str, ...]] = ("text",)
    weight: ClassVar[float] = 1.5

    def fields(self, dimensions: object) -> Json:
        """One text, analysed four ways; the words with their boxes are kept for showing."""
        ways: Json = {
            "en": {"type": "text", "analyzer": "english"},
            "ru": {"type": "text", "analyzer": "russian"},
            "trigram": {"type": "text", "analyzer": "trigram"},
        }
        return {
            "ocr": {"type": "text", "analyzer": "folded", "fields": ways},
            "ocr_words": {"type": "object", "enabled": False},
        }

    def seen(self, perception: Perception) -> Json:
        """Lines for searching, words for showing; neither where nothing was read."""
        if perception.text is None or not perception.text.words:
            return {}
        words = [[w.text, round(w.confidence, 2), w.box.as_list()] for w in perception.text.words]
        return {"ocr": list(perception.text.lines), "ocr_words": {"words": words}}

    def recall(self, document: Mapping[str, Any]) -> dict[str, Any]:
        """What was read; a document that the sense looked at without a word gives an empty text."""
        if "text" in document.get("missing", ()):
            return {}
        words = document.get("ocr_words", {}).get("words", [])
        return {"text": Text(tuple(Word(t, c, Box(*box)) for t, c, box in words), tuple(document.get("ocr", ())))}

    def clauses(self, question: Question) -> list[Clause]:
        """A column for the words asked with, another for the words on the question's picture."""
        columns = {"ocr": question.words.text if question.words else "", "ocr.picture": _read(question.perception)}
        return [Clause(name, score=match(text), find=match(text)) for name, text in columns.items() if text]

    def text_fields(self) -> tuple[str, ...]:
        """As it stands, and by stems."""
        return ("ocr", "ocr.en", "ocr.ru")

    def vector_fields(self) -> tuple[str, ...]:
        """None; words with boxes are small."""
        return ()

    def highlight(self, question: Question) -> Json:
        """The line that matched."""
        return {"ocr": {"number_of_fragments": 2}, "ocr.trigram": {"number_of_fragments": 1}} if question.words else {}

    def box(self, evidence: Evidence) -> list[float] | None:
        """The rectangle around the words that matched."""
        asked = {token.casefold() for token in _asked(evidence).split()}
        words = evidence.document.get("ocr_words", {}).get("words", [])
        hits = [box for text, _, box in words if text.casefold().strip(".,:;!?()\"'") in asked]
        if not hits:
            return None
        left, top = min(b[0] for b in hits), min(b[1] for b in hits)
        right, bottom = max(b[0] + b[2] for b in hits), max(b[1] + b[3] for b in hits)
        return [round(v, 4) for v in (left, top, right - left, bottom - top)]

    def explain(self, evidence: Evidence) -> str:
        """The words where they were read."""
        whose = "the text of your picture" if evidence.clause == "ocr.picture" else "your words"
        if evidence.highlights:
            return f"Text read in it has {whose}: {plain(evidence.highlights[0])}"
        return f"Text read in it has {whose}."


def match(text: str) -> Json:
    """The best way of reading counts, the others break ties."""
    trigram = {"match": {"ocr.trigram": {"query": text, "minimum_should_match": TRIGRAMS, "boost": 0.5}}}
    ways = [{"match": {name: {"query": text}}} for name in ("ocr", "ocr.en", "ocr.ru")]
    return {"dis_max": {"tie_breaker": 0.2, "queries": [*ways, trigram]}}


def _read(perception: Perception | None) -> str:
    """The words that the question's picture itself says, confidently."""
    if perception is None or perception.text is None:
        return ""
    words = [w.text for w in perception.text.words if w.confidence >= CONFIDENT and len(w.text) >= SHORTEST]
    return " ".join(words[:MOST_WORDS])


def _asked(evidence: Evidence) -> str:
    if evidence.clause == "ocr.picture":
        return _read(evidence.question.perception)
    return evidence.question.words.text
