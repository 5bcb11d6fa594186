"""The texts that stand with a picture: its own attributes, caption, link, heading, sentences around it."""

import re
from collections.abc import Iterator

from factors.text import Kind
from ingest.web.extracted import ExtractedText
from ingest.web.markup import Element, attribute, tag_of, text_of
from ingest.web.outline import Block, Mark, Outline

SENTENCE_END = re.compile(r"(?<=[.!?…])[\"'”»)]*\s+(?=[\W\d]{0,8}[^\W\d_])|(?<=[。！？])")
LONGEST = 400  # characters of one sentence; what has no full stop is cut at a word
HIGHEST = 12  # steps that are climbed from a picture to the box that is its own
FARTHEST = 12  # blocks before and behind a picture among which its sentences are looked for
SMALL = 6  # blocks of a box up to which all of it is said of its picture
MOST_BEHIND = 3  # blocks of a picture's own box that are read behind it
WHOLE = frozenset({"html", "body", "main"})


def scopes(pictures: list[Element]) -> dict[Element, Element]:
    """The box of each picture: the largest element around it that holds no other picture, as cards of lists have one."""
    held: dict[Element, int] = {}
    for picture in pictures:
        for above in _above(picture):
            held[above] = held.get(above, 0) + 1
    found = {}
    for picture in pictures:
        found[picture] = picture
        for above in _above(picture):
            if held[above] > 1:
                break
            found[picture] = above
    return found


def texts_of(picture: Element, scope: Element, page: Outline) -> Iterator[ExtractedText]:
    """Everything that the page says of the picture, nearest first; titles of the page are not among it."""
    place = page.positions[picture]
    mark = page.entries[place]
    span = page.spans.get(scope, (place, place + 1))
    yield from _own(picture, mark)
    yield from _captions(picture, place, span, page)
    yield from _anchor(picture, mark)
    yield from _heading(place, span, page, mark.part)
    yield from _around(place, span, page)


def sentences(text: str) -> list[str]:
    """The sentences of a text, each of at most `LONGEST` characters."""
    return [_short(one.strip()) for one in SENTENCE_END.split(text) if one and one.strip()]


def figure_of(picture: Element) -> Element | None:
    """The figure around the picture; it may hold several with one caption."""
    return next((above for above in _above(picture) if tag_of(above) == "figure"), None)


def _above(picture: Element) -> Iterator[Element]:
    for step, above in enumerate(picture.iterancestors()):
        if step >= HIGHEST or tag_of(above) in WHOLE:
            return
        yield above


def _own(picture: Element, mark: Block | Mark) -> Iterator[ExtractedText]:
    """What the element's attributes say."""
    names = ((Kind.ALT, ("alt", "aria-label")), (Kind.TITLE, ("title", "data-title")), (Kind.CAPTION, ("data-caption",)))
    for kind, attributes in names:
        text = next((text for name in attributes if (text := attribute(picture, name))), "")
        if text:
            yield ExtractedText(kind, " ".join(text.split()), mark.language, mark.part)


def _captions(picture: Element, place: int, span: tuple[int, int], page: Outline) -> Iterator[ExtractedText]:
    """Captions in the picture's box, in its figure, or right behind it."""
    figure = figure_of(picture)
    start, end = page.spans.get(figure, span) if figure is not None else span
    blocks = [one for one in page.entries[start:end] if isinstance(one, Block) and one.caption]
    sharing = sum(isinstance(one, Mark) for one in page.entries[start:end])
    if not blocks:
        following = page.entries[place + 1 : place + 2]
        blocks, sharing = [one for one in following if isinstance(one, Block) and one.caption], 1
    for block in blocks[:MOST_BEHIND]:
        yield ExtractedText(
            Kind.CAPTION, block.text, block.language, block.part, block.linked, block.links, sharing=max(1, sharing)
        )


def _anchor(picture: Element, mark: Block | Mark) -> Iterator[ExtractedText]:
    """The words of the link around the picture, and the link's title."""
    link = next((above for above in _above(picture) if tag_of(above) == "a"), None)
    if link is None:
        return
    for text in dict.fromkeys((text_of(link, LONGEST), attribute(link, "title"), attribute(link, "aria-label"))):
        if text:
            yield ExtractedText(Kind.ANCHOR, text, mark.language, mark.part, own=True)


def _heading(place: int, span: tuple[int, int], page: Outline, part: str) -> Iterator[ExtractedText]:
    """The heading of the picture's box; else the last one before it in the same part of the page."""
    start, end = span
    before = _last_heading(page, start, place, part)
    inside = before or next((one for one in page.entries[place:end] if isinstance(one, Block) and one.level), None)
    found = inside or _last_heading(page, 0, start, part)
    if found is not None:
        own = inside is not None and end - start <= SMALL + 1
        text = _short(found.text)
        yield ExtractedText(
            Kind.HEADING, text, found.language, found.part, found.linked, found.links, own=own, general=inside is None
        )


def _last_heading(page: Outline, start: int, end: int, part: str) -> Block | None:
    for one in reversed(page.entries[start:end]):
        if isinstance(one, Block) and one.level and (not one.part or one.part == part):
            return one
    return None


def _around(place: int, span: tuple[int, int], page: Outline) -> Iterator[ExtractedText]:
    """The sentence before and the one behind; of a small box of its own, each block of it."""
    start, end = span
    own = any(isinstance(one, Block) for one in page.entries[start:end])
    low, high = (start, end) if own else (0, len(page.entries))
    before = _next_blocks(page.entries[max(low, place - FARTHEST) : place][::-1], 1)
    behind = _next_blocks(page.entries[place + 1 : min(high, place + 1 + FARTHEST)], MOST_BEHIND if own else 1)
    for block, which in (*((one, -1) for one in before), *((one, 0) for one in behind)):
        said = sentences(block.text)
        if said:
            small = own and end - start <= SMALL + 1
            yield ExtractedText(Kind.NEARBY, said[which], block.language, block.part, block.linked, block.links, own=small)


def _next_blocks(entries: list[Block | Mark], most: int) -> list[Block]:
    """The first blocks that are neither heading nor caption, up to the next picture; a heading behind text ends it."""
    found: list[Block] = []
    for one in entries:
        if isinstance(one, Mark) or (one.level and found) or len(found) == most:
            break
        if not one.level and not one.caption:
            found.append(one)
    return found


def _short(text: str) -> str:
    if len(text) <= LONGEST:
        return text
    return text[:LONGEST].rpartition(" ")[0] or text[:LONGEST]
