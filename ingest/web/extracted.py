"""What a page says of one of its pictures, before anyone has filtered it."""

from dataclasses import dataclass, field
from typing import Any

from factors.text import Kind


@dataclass(frozen=True, slots=True)
class ExtractedText:
    """A text as it stands on the page, with what tells whether it is about the picture.

    `part` is the part of the page (empty: its content), `linked` the share of letters in its `links`, `own` whether it stands
    in a small box with this picture alone, `general` whether it is said of the page rather than of the picture, `sharing`
    of how many pictures of the page it is said.
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
    """A picture on a page: its addresses, best first, as the page writes them; texts; facts by the names that `Item` has."""

    candidates: list[str]
    texts: list[ExtractedText] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)
    part: str = ""
    area: int = 0
    is_main: bool = False


@dataclass(frozen=True)
class Page:
    """A page that was read: `address` is where it was found, `canonical` its own, `base` what relative ones refer to.

    `main_text` is what it says in its content, or empty; `cut` says why a part was not read, or is empty; `left_out` counts
    icons, drawings and place holders.
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
