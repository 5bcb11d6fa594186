"""Linked text: what people wrote next to the picture, in many languages."""

from collections.abc import Sequence
from typing import Any, ClassVar

from factors.base import Clause, Evidence, Factor, Json, Question
from factors.linked import Kind, Piece
from mappings.analysis import LANGUAGE_ANALYZERS, primary

# What names the picture itself says more than what merely stood near it.
STRONG = {Kind.TITLE, Kind.CAPTION, Kind.ALT, Kind.KEYWORDS}
LANGUAGES = tuple(sorted(LANGUAGE_ANALYZERS))
SHOWN = 120  # characters of a highlighted snippet


class LinkedText(Factor):
    """BM25 over titles, captions, alt texts, anchors and nearby text."""

    name: ClassVar[str] = "linked_text"
    title: ClassVar[str] = "Text linked to it"
    about: ClassVar[str] = (
        "BM25 of the words against text linked to the picture. Every piece goes into `linked.all` (words of any language, "
        "without case and accents) and into the field of its language, with that language's analyzer (stems, stop "
        "words, segmentation); titles, captions, alternative texts and keywords also into `linked.strong`, which counts twice. "
        "The best field counts, the others break ties."
    )
    weight: ClassVar[float] = 2.0

    def fields(self, dimensions: object) -> Json:
        """One field per language, one for all, one for the strong kinds."""
        by_language = {lang: {"type": "text", "analyzer": name} for lang, name in sorted(LANGUAGE_ANALYZERS.items())}
        folded = {"type": "text", "analyzer": "folded"}
        # Texts in sixty languages are no longer than texts in one: length must not count against a document.
        unnormed = folded | {"norms": False}
        return {"linked": {"properties": {"all": unnormed, "strong": unnormed, **by_language}}}

    def linked(self, pieces: Sequence[Piece]) -> Json:
        """The pieces, sorted into fields; a piece of small weight is never strong."""
        fields: dict[str, list[str]] = {}
        for piece in pieces:
            fields.setdefault("all", []).append(piece.text)
            if piece.kind in STRONG and piece.weight >= 1:
                fields.setdefault("strong", []).append(piece.text)
            if primary(piece.language) in LANGUAGE_ANALYZERS:
                fields.setdefault(primary(piece.language), []).append(piece.text)
        return {"linked": {name: list(dict.fromkeys(texts)) for name, texts in fields.items()}}

    def clauses(self, question: Question) -> list[Clause]:
        """One column where there are words."""
        if not question.words:
            return []
        match: Json = {
            "multi_match": {
                "query": question.words.text,
                "type": "best_fields",
                "tie_breaker": 0.2,
                "fields": ["linked.strong^2", "linked.all", *(f"linked.{lang}" for lang in LANGUAGES)],
            }
        }
        return [Clause("linked_text", score=match, find=match)]

    def text_fields(self) -> tuple[str, ...]:
        """All languages."""
        return ("linked.all", *(f"linked.{lang}" for lang in LANGUAGES))

    def highlight(self, question: Question) -> Json:
        """The matching piece in whichever field matched."""
        if not question.words:
            return {}
        options = {"number_of_fragments": 1, "fragment_size": SHOWN}
        return {f"linked.{name}": options for name in ("all", *LANGUAGES)}

    def explain(self, evidence: Evidence) -> str:
        """The words where they stand."""
        if evidence.highlights:
            return f"Text linked to it has your words: {plain(evidence.highlights[0])}"
        return "Text linked to it has your words."


def plain(snippet: Any) -> str:
    """A snippet without highlight markers."""
    return str(snippet).replace("\ue000", "").replace("\ue001", "")
