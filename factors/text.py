"""Text that factors read: what people wrote next to a picture, and the words of a question."""

from dataclasses import dataclass, field, fields, replace
from enum import StrEnum
from typing import Any

from vision.image_features import Vector

TRASH = 0.3  # a snippet of less weight is kept and shown with its reason, and not indexed


class Kind(StrEnum):
    """Where a snippet of text stood."""

    TITLE = "title"
    PRODUCT = "product"  # the name that product data give to what is shown
    CAPTION = "caption"
    ALT = "alt"
    HEADING = "heading"
    ANCHOR = "anchor"
    KEYWORDS = "keywords"
    PAGE_TITLE = "page-title"
    NEARBY = "nearby"
    FILE_NAME = "file-name"


@dataclass(frozen=True, slots=True)
class TextSnippet:
    """One snippet of text linked to a picture; `language` is BCP 47 or empty, `page` the address it stood on.

    `weight` is how much it is about the picture, 0..1 (1: nothing speaks against it); `reason` says why it is less than 1.
    `text_embedding` is its place in the joint embedding of pictures and words (unit length), where it was read for that; it is
    not kept.
    """

    kind: Kind
    text: str
    language: str = ""
    page: str = ""
    weight: float = 1.0
    reason: str = ""
    text_embedding: Vector | None = field(default=None, compare=False, repr=False)

    @property
    def is_trash(self) -> bool:
        """Whether so much speaks against it that it is kept apart."""
        return self.weight < TRASH

    def lowered(self, factor: float, reason: str) -> "TextSnippet":
        """The snippet with `factor` (0..1) times its weight; the reason that lowers it most is the one that stays."""
        strongest = reason if factor <= self.weight or not self.reason else self.reason
        return replace(self, weight=round(self.weight * factor, 4), reason=strongest)

    def as_json(self) -> dict[str, Any]:
        """As it is kept in the document and in tasks."""
        told = {entry.name: getattr(self, entry.name) for entry in fields(self) if entry.name != "text_embedding"}
        return told | {"kind": self.kind.value}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "TextSnippet":
        """The way back."""
        return cls(**(data | {"kind": Kind(data["kind"])}))


@dataclass(frozen=True, slots=True)
class Term:
    """A word or a quoted phrase."""

    text: str
    phrase: bool = False


@dataclass(frozen=True, slots=True)
class Words:
    """`cat "old town" +red -dog`: `should` are optional, `must` and `must_not` are filters over all text fields.

    `field:value` terms are turned into filters by the parser (query/words.py) and do not appear here.
    """

    should: tuple[Term, ...] = ()
    must: tuple[Term, ...] = ()
    must_not: tuple[Term, ...] = ()

    def __bool__(self) -> bool:
        """Whether there is anything to look for."""
        return bool(self.should or self.must)

    @property
    def text(self) -> str:
        """All wanted words as one plain string, for analysed matching."""
        return " ".join(term.text for term in (*self.must, *self.should))
