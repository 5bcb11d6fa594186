"""Text that factors match: snippets linked to an image, the words of a question, and the marks of a match in a highlight."""

from dataclasses import dataclass, field, fields, replace
from enum import StrEnum
from typing import Any

from factors.stop_words import without_stop_words
from vision.image_features import Vector

TRASH = 0.3  # a snippet of less weight is kept and shown with its reason, and not indexed
MARK_START, MARK_END = "\ue000", "\ue001"  # around what matched, in highlights: characters that no text uses


class Kind(StrEnum):
    """What a snippet is on its page, or in its feed."""

    TITLE = "title"
    PRODUCT = "product"  # the name of the product that the image shows
    CAPTION = "caption"
    ALT = "alt"
    HEADING = "heading"
    ANCHOR = "anchor"
    KEYWORDS = "keywords"
    PAGE_TITLE = "page-title"
    NEARBY = "nearby"
    FILE_NAME = "file-name"
    FOLDER_NAME = "folder-name"


@dataclass(frozen=True, slots=True)
class TextSnippet:
    """One snippet of text linked to an image; `language` is BCP 47 or empty, `page` the address of its page.

    `weight` is how much it is about the image, 0..1; `reason` says why it is less than 1.
    `text_embedding` is its vector in the joint embedding of images and words (unit length), where it was encoded; not stored.
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
        """Whether its weight is too small for it to be searched."""
        return self.weight < TRASH

    def lowered(self, factor: float, reason: str) -> "TextSnippet":
        """The snippet with `factor` (0..1) times its weight; of several reasons, the one that lowers it most is kept."""
        strongest = reason if factor <= self.weight or not self.reason else self.reason
        return replace(self, weight=round(self.weight * factor, 4), reason=strongest)

    def as_json(self) -> dict[str, Any]:
        """As documents and tasks store it."""
        stored = {entry.name: getattr(self, entry.name) for entry in fields(self) if entry.name != "text_embedding"}
        return stored | {"kind": self.kind.value}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "TextSnippet":
        """Inverse of `as_json`."""
        return cls(**(data | {"kind": Kind(data["kind"])}))


@dataclass(frozen=True, slots=True)
class Term:
    """A word or a quoted phrase."""

    text: str
    phrase: bool = False


@dataclass(frozen=True, slots=True)
class Words:
    """`cat "old town" +red -dog`: `should` are optional, `must` and `must_not` are filters over all text fields.

    `field:value` terms do not appear here: the parser (query/request.py) turns them into filters.
    """

    should: tuple[Term, ...] = ()
    must: tuple[Term, ...] = ()
    must_not: tuple[Term, ...] = ()

    def __bool__(self) -> bool:
        """Whether there is anything to search for."""
        return bool(self.should or self.must)

    @property
    def text(self) -> str:
        """All wanted words as one plain string."""
        return " ".join(term.text for term in (*self.must, *self.should))

    @property
    def content(self) -> tuple[str, ...]:
        """The wanted words that say something, each once, in any case; those of phrases count as they are."""
        phrases = [word for term in (*self.must, *self.should) if term.phrase for word in term.text.split()]
        words = [word for term in (*self.must, *self.should) if not term.phrase for word in term.text.split()]
        return tuple(dict.fromkeys((*phrases, *(without_stop_words(words) if words else ()))))


def without_marks(highlight: str) -> str:
    """A highlight as plain text."""
    return highlight.replace(MARK_START, "").replace(MARK_END, "")
