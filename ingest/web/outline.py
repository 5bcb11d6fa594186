"""A page as a reader meets it: blocks of text and pictures, one after the other, each with its part of the page."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from lxml import etree

from ingest.web.markup import INLINE, UNSEEN, Element, declared_language, one_line, tag_of

TAGS = {"nav": "navigation", "footer": "footer", "aside": "sidebar", "form": "form", "menu": "navigation", "dialog": "dialog"}
ROLES = {
    "navigation": "navigation", "menubar": "navigation", "menu": "navigation", "banner": "header", "contentinfo": "footer",
    "complementary": "sidebar", "search": "form", "dialog": "dialog", "alertdialog": "dialog",
}  # fmt: skip
# Words of class and id by the part that they name, as templates of shops, blogs and forums use them.
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
MAX_NAMES_LENGTH = 300  # characters of class and id that are looked at


def part_of(element: Element, around: str, *, in_content: bool) -> str:
    """The part that begins with this element, or `around`, the part that it stands in; empty: content.

    A page's `header` is around its content, an article's own header is content.
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


HEADINGS = {f"h{level}": level for level in range(1, 7)}
CAPTION = re.compile(
    r"(?:^|[\s_-])(?:captions?|legend|legende|bildunterschrift|podpis|pie-?de-?foto|cutline|credit-?caption|gallery-?text|"
    r"(?:img|image|photo|picture|foto|bild)-?(?:desc(?:ription)?|text|title|name))(?:$|[\s_-])",
    re.IGNORECASE,
)
HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
LONGEST = 4000  # characters of one block that are kept
MOST_BLOCKS = 100_000  # of one page


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
    """The place of a picture among the blocks."""

    element: Element
    part: str = ""
    language: str = ""


class _State(NamedTuple):
    """What holds inside an element."""

    part: str = ""
    linked: bool = False
    level: int = 0
    caption: bool = False
    language: str = ""
    in_content: bool = False
    hidden: bool = False


@dataclass
class Outline:
    """Blocks and marks in order; `spans` says from which to which entry each watched element reaches."""

    entries: list[Block | Mark] = field(default_factory=list)
    spans: dict[Element, tuple[int, int]] = field(default_factory=dict)
    positions: dict[Element, int] = field(default_factory=dict)


class _Writer:
    """Collects the text of the current block."""

    def __init__(self, outline: Outline) -> None:
        self._outline, self._parts = outline, list[str]()
        self._letters, self._linked, self._links, self._state = 0, 0, 0, _State()

    def add(self, text: str | None, state: _State) -> None:
        """Text that is seen; the block is of the kind that its first letter is of."""
        if not text or state.hidden:
            return
        letters = sum(map(str.isalnum, text[:LONGEST]))
        if letters and not self._letters:
            self._state = state
        self._letters, self._linked = self._letters + letters, self._linked + (letters if state.linked else 0)
        if self._letters < LONGEST:
            self._parts.append(text)

    def link(self) -> None:
        """A link begins."""
        self._links += 1

    def end(self) -> None:
        """The block is over."""
        text = one_line("".join(self._parts))[:LONGEST]
        if self._letters and len(self._outline.entries) < MOST_BLOCKS:
            state, linked = self._state, self._linked / self._letters
            block = Block(text, state.part, linked, self._links, state.level, state.caption, state.language)
            self._outline.entries.append(block)
        self._parts, self._letters, self._linked, self._links = [], 0, 0, 0

    def mark(self, element: Element, state: _State) -> None:
        """A picture ends the block, too."""
        self.end()
        self._outline.positions[element] = len(self._outline.entries)
        self._outline.entries.append(Mark(element, state.part, state.language))


def outline(root: Element, pictures: Mapping[Element, object], watched: Mapping[Element, object]) -> Outline:
    """The page's outline with these pictures marked, and the spans of the watched elements."""
    made, states = Outline(), [_State()]
    writer, starts = _Writer(made), dict[Element, int]()
    for event, element in _walk(root):
        tag = tag_of(element)
        breaks = tag not in INLINE
        if event == "start":
            if breaks:
                writer.end()
            states.append(_inside(element, tag, states[-1]))
            if tag == "a":
                writer.link()
            if element in watched:
                starts[element] = len(made.entries)
            if element in pictures:
                writer.mark(element, states[-1])
            writer.add(element.text, states[-1])
            continue
        if breaks:
            writer.end()
        if element in watched:
            made.spans[element] = (starts[element], len(made.entries) + (0 if breaks else 1))
        states.pop()
        writer.add(element.tail, states[-1])
    writer.end()
    return made


def _walk(root: Element) -> Iterator[tuple[str, Element]]:
    """Starts and ends of elements in order, without comments."""
    return ((event, element) for event, element in etree.iterwalk(root, events=("start", "end")) if tag_of(element))


def _inside(element: Element, tag: str, around: _State) -> _State:
    in_content = around.in_content or tag in CONTENT
    style = element.get("style") or ""
    # What the whole page claims is filtered with all of its text (`ingest.text.page_language`).
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


def _is_caption(element: Element, tag: str) -> bool:
    """`wp-caption-text` is a caption; `wp-caption`, the box around picture and caption, is not one as a whole."""
    names = element.get("class") or ""
    return bool(names) and tag not in ("figure", "img", "a") and bool(CAPTION.search(names[:300])) and not _has_picture(element)


def _has_picture(element: Element) -> bool:
    return next(element.iter("img", "picture"), None) is not None
