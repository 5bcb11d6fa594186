"""Images and their texts as extracted from a page, before the trash filter."""

from dataclasses import dataclass, field
from typing import Any

from factors.text import Kind


@dataclass(frozen=True, slots=True)
class ExtractedText:
    """A text of a page, with properties that show whether it is about the image.

    `part`: the part of the page, empty for its content. `linked`: share of letters inside its `links`. `own`: it is in a small
    box with this image alone. `general`: it is about the page rather than the image. `sharing`: number of images of the page
    that have the same text.
    """

    kind: Kind
    text: str
    language: str = ""
    part: str = ""
    linked: float = 0.0
    links: int = 0
    own: bool = False
    general: bool = False
    sharing: int = 1


@dataclass
class PageImage:
    """An image on a page: its addresses as written, best first; texts; facts named like the fields of `Item`."""

    candidates: list[str]
    texts: list[ExtractedText] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)
    part: str = ""
    area: int = 0
    is_main: bool = False


@dataclass(frozen=True)
class Page:
    """A page: `address` is where it was found, `canonical` the address that it declares, `base` the base of relative ones.

    `main_text` is empty if it was not extracted. `cut` is the reason why a part was not read, or empty. `left_out` counts
    icons, drawings and placeholders.
    """

    address: str
    base: str
    language: str = ""
    title: str = ""
    canonical: str = ""
    pictures: tuple[PageImage, ...] = ()
    main_text: str = ""
    cut: str = ""
    left_out: int = 0
