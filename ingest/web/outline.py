"""A page in reading order: blocks of text and images, each with its part of the page (navigation, footer, content ...)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from lxml import etree

from ingest.web.markup import INLINE, UNSEEN, Element, declared_language, one_line, tag_of

TAGS = {"nav": "navigation", "footer": "footer", "aside": "sidebar", "form": "form", "menu": "navigation", "dialog": "dialog"}
ROLES = {
    "navigation": "navigation", "menubar": "navigation", "menu": "navigation", "banner": "header", "contentinfo": "footer",
    "complementary": "sidebar", "search": "form", "dialog": "dialog", "alertdialog": "dialog",
}  # fmt: skip
# Words in `class` and `id` that templates of shops, blogs and forums use for each part.
NAMES = {
    "cookie notice": r"cookies?|consent|gdpr|ccpa|privacy-?(?:notice|banner|popup)|cc-window",
    "navigation": r"nav(?:bar|igation)?|(?:main|top|sub|site)-?(?:nav|menu)|menu|breadcrumbs?|pagination|pager|tabs?|toc",
    "footer": r"(?:page|site|main)?-?footer|colophon|impressum|copyright|bottom-?bar|legal",
    "header": r"(?:page|site|main|top)-?header|masthead|top-?bar|branding",
    "sidebar": r"side-?bar|widgets?|aside|right-?col(?:umn)?|left-?col(?:umn)?",
    "share buttons": r"shar(?:e|ing)(?:-?(?:bar|buttons?|links?))?|social(?:-?(?:media|links?|icons?))?|follow-?us|addthis",
    "newsletter form": r"newsletter|subscri(?:be|ption)|sign-?up|mailing-?list",
    "advertisement": r"ads?|advert(?:s|isement)?|sponsor(?:ed|s)?|promo(?:tion)?s?|ad-?(?:slot|unit|box)|werbung",
    "links to other pages": r"related(?:-?(?:posts?|products?|articles?|items?))?|recommend(?:ed|ations?)?|you-?may|also-?like|"
    r"upsells?|cross-?sells?|read-?more|more-?(?:news|stories|from)|most-?read|trending|popular",
}
BEGIN, END = r"(?:^|[\s_])(?:[a-z0-9]+[-_]{1,2})?", r"(?:$|[\s_-])"
NAMED = {part: re.compile(f"{BEGIN}(?:{words}){END}", re.IGNORECASE) for part, words in NAMES.items()}
CONTENT = frozenset({"main", "article"})
MAX_NAMES_LENGTH = 300  # characters of class and id that are searched

HEADINGS = {f"h{level}": level for level in range(1, 7)}
CAPTION = re.compile(
    r"(?:^|[\s_-])(?:captions?|legend|legende|bildunterschrift|podpis|pie-?de-?foto|cutline|credit-?caption|gallery-?text|"
    r"(?:img|image|photo|picture|foto|bild)-?(?:desc(?:ription)?|text|title|name))(?:$|[\s_-])",
    re.IGNORECASE,
)
HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
MAX_BLOCK_LENGTH = 4000  # characters; the rest of a block is dropped
MAX_BLOCKS = 100_000  # per page


@dataclass(slots=True)
class Block:
    """Text between two breaks; `linked` is the share of its letters inside its `links`, `level` that of a heading (0: none)."""

    text: str
    part: str = ""
    linked: float = 0.0
    links: int = 0
    level: int = 0
    caption: bool = False
    language: str = ""


@dataclass(slots=True)
class Mark:
    """The position of an image among the blocks."""

    element: Element
    part: str = ""
    language: str = ""


class _State(NamedTuple):
    """Properties that an element passes on to its content."""

    part: str = ""
    linked: bool = False
    level: int = 0
    caption: bool = False
    language: str = ""
    in_content: bool = False
    hidden: bool = False


@dataclass
class Outline:
    """Blocks and marks in order; `spans`: range of entries by watched element; `positions`: index by image."""

    entries: list[Block | Mark] = field(default_factory=list)
    spans: dict[Element, tuple[int, int]] = field(default_factory=dict)
    positions: dict[Element, int] = field(default_factory=dict)


class _Writer:
    """Collects the text of the current block."""

    def __init__(self, outline: Outline) -> None:
        self._outline, self._parts = outline, list[str]()
        self._letters, self._linked, self._links, self._state = 0, 0, 0, _State()

    def add(self, text: str | None, state: _State) -> None:
        """Add visible text; the state of the first letter is that of the block."""
        if not text or state.hidden:
            return
        letters = sum(map(str.isalnum, text[:MAX_BLOCK_LENGTH]))
        if letters and not self._letters:
            self._state = state
        self._letters, self._linked = self._letters + letters, self._linked + (letters if state.linked else 0)
        if self._letters < MAX_BLOCK_LENGTH:
            self._parts.append(text)

    def link(self) -> None:
        """Count a link."""
        self._links += 1

    def end(self) -> None:
        """End the block."""
        text = one_line("".join(self._parts))[:MAX_BLOCK_LENGTH]
        if self._letters and len(self._outline.entries) < MAX_BLOCKS:
            state, linked = self._state, self._linked / self._letters
            block = Block(text, state.part, linked, self._links, state.level, state.caption, state.language)
            self._outline.entries.append(block)
        self._parts, self._letters, self._linked, self._links = [], 0, 0, 0

    def mark(self, element: Element, state: _State) -> None:
        """End the block and record the position of an image."""
        self.end()
        self._outline.positions[element] = len(self._outline.entries)
        self._outline.entries.append(Mark(element, state.part, state.language))


def outline(root: Element, pictures: Mapping[Element, object], watched: Mapping[Element, object]) -> Outline:
    """The page's outline with these images marked, and the spans of the watched elements."""
    reader = _Reader(pictures, watched)
    for event, element in etree.iterwalk(root, events=("start", "end")):
        if not tag_of(element):  # a comment
            continue
        if event == "start":
            reader.start(element)
        else:
            reader.end(element)
    return reader.finish()


class _Reader:
    """Builds an outline from the starts and ends of elements, in order."""

    def __init__(self, pictures: Mapping[Element, object], watched: Mapping[Element, object]) -> None:
        self._pictures, self._watched = pictures, watched
        self._outline, self._states, self._starts = Outline(), [_State()], dict[Element, int]()
        self._writer = _Writer(self._outline)

    def start(self, element: Element) -> None:
        """An element begins: its own text, link, image and span."""
        tag = tag_of(element)
        if tag not in INLINE:
            self._writer.end()
        self._states.append(_inside(element, tag, self._states[-1]))
        if tag == "a":
            self._writer.link()
        if element in self._watched:
            self._starts[element] = len(self._outline.entries)
        if element in self._pictures:
            self._writer.mark(element, self._states[-1])
        self._writer.add(element.text, self._states[-1])

    def end(self, element: Element) -> None:
        """An element ends; the text behind it belongs to the element around it."""
        breaks = tag_of(element) not in INLINE
        if breaks:
            self._writer.end()
        if element in self._watched:
            self._outline.spans[element] = (self._starts[element], len(self._outline.entries) + (0 if breaks else 1))
        self._states.pop()
        self._writer.add(element.tail, self._states[-1])

    def finish(self) -> Outline:
        """The outline, once all elements have ended."""
        self._writer.end()
        return self._outline


def _inside(element: Element, tag: str, around: _State) -> _State:
    in_content = around.in_content or tag in CONTENT
    style = element.get("style") or ""
    # The language that the whole page declares is checked against its text (`ingest.text.page_language`).
    language = "" if tag in ("html", "body") else declared_language(element)
    return _State(
        part=part_of(element, around.part, in_content=around.in_content),
        linked=around.linked or (tag == "a" and element.get("href") is not None),
        level=HEADINGS.get(tag, around.level),
        caption=around.caption or tag == "figcaption" or _is_caption(element, tag),
        language=language or around.language,
        in_content=in_content,
        hidden=around.hidden or tag in UNSEEN or tag in ("title", "head") or bool(style and HIDDEN.search(style[:500])),
    )


def part_of(element: Element, around: str, *, in_content: bool) -> str:
    """The part that begins with this element, or `around`, the part that contains it; empty for content.

    The `header` of a page is not content, that of an article is.
    """
    tag = tag_of(element)
    if tag in ("body", "html"):
        return ""
    role = ROLES.get((element.get("role") or "").strip().lower(), "")
    part = role or TAGS.get(tag, "") or ("header" if tag == "header" and not in_content else "")
    return part or _named(element) or around


def _named(element: Element) -> str:
    names = f"{element.get('class') or ''} {element.get('id') or ''}"[:MAX_NAMES_LENGTH].strip()
    if not names:
        return ""
    return next((part for part, pattern in NAMED.items() if pattern.search(names)), "")


def _is_caption(element: Element, tag: str) -> bool:
    """Whether class names mark a caption: `wp-caption-text`, but not `wp-caption`, the box around image and caption."""
    names = element.get("class") or ""
    return bool(names) and tag not in ("figure", "img", "a") and bool(CAPTION.search(names[:300])) and not _has_picture(element)


def _has_picture(element: Element) -> bool:
    return next(element.iter("img", "picture"), None) is not None
