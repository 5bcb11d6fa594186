"""The texts of an image on a page: its own attributes, caption, link, heading, and the sentences around it."""

import re
from collections.abc import Iterator

from factors.text import Kind
from ingest.web.extracted import ExtractedText
from ingest.web.markup import Element, attribute, tag_of, text_of
from ingest.web.outline import Block, Mark, Outline

SENTENCE_END = re.compile(r"(?<=[.!?…])[\"'”»)]*\s+(?=[\W\d]{0,8}[^\W\d_])|(?<=[。！？])")
MAX_SENTENCE = 400  # characters; longer text without a full stop is cut at a word
MAX_ANCESTORS = 12  # searched for the box of an image
MAX_DISTANCE = 12  # blocks before and after an image that are searched for sentences
SMALL_BOX = 6  # blocks; all text of a box up to this size is about its image
MAX_BLOCKS_AFTER = 3  # read after an image in its own box
PAGE_TAGS = frozenset({"html", "body", "main"})


def scopes(pictures: list[Element]) -> dict[Element, Element]:
    """The box of each image: the largest element around it that contains no other image, such as a card in a list."""
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
    """All texts of the image, nearest first, without the page's title."""
    place = page.positions[picture]
    mark = page.entries[place]
    span = page.spans.get(scope, (place, place + 1))
    yield from _own(picture, mark)
    yield from _captions(picture, place, span, page)
    yield from _anchor(picture, mark)
    yield from _heading(place, span, page, mark.part)
    yield from _around(place, span, page)


def sentences(text: str) -> list[str]:
    """The sentences of a text, each of at most `MAX_SENTENCE` characters."""
    return [_short(one.strip()) for one in SENTENCE_END.split(text) if one and one.strip()]


def figure_of(picture: Element) -> Element | None:
    """The figure around the picture; it may hold several with one caption."""
    return next((above for above in _above(picture) if tag_of(above) == "figure"), None)


def _above(picture: Element) -> Iterator[Element]:
    for step, above in enumerate(picture.iterancestors()):
        if step >= MAX_ANCESTORS or tag_of(above) in PAGE_TAGS:
            return
        yield above


def _own(picture: Element, mark: Block | Mark) -> Iterator[ExtractedText]:
    """Texts in the element's attributes."""
    names = ((Kind.ALT, ("alt", "aria-label")), (Kind.TITLE, ("title", "data-title")), (Kind.CAPTION, ("data-caption",)))
    for kind, attributes in names:
        text = next((text for name in attributes if (text := attribute(picture, name))), "")
        if text:
            yield ExtractedText(kind, " ".join(text.split()), mark.language, mark.part)


def _captions(picture: Element, place: int, span: tuple[int, int], page: Outline) -> Iterator[ExtractedText]:
    """Captions in the image's figure or box, or directly after it."""
    figure = figure_of(picture)
    start, end = page.spans.get(figure, span) if figure is not None else span
    blocks = [one for one in page.entries[start:end] if isinstance(one, Block) and one.caption]
    sharing = sum(isinstance(one, Mark) for one in page.entries[start:end])
    if not blocks:
        following = page.entries[place + 1 : place + 2]
        blocks, sharing = [one for one in following if isinstance(one, Block) and one.caption], 1
    for block in blocks[:MAX_BLOCKS_AFTER]:
        yield ExtractedText(
            Kind.CAPTION, block.text, block.language, block.part, block.linked, block.links, sharing=max(1, sharing)
        )


def _anchor(picture: Element, mark: Block | Mark) -> Iterator[ExtractedText]:
    """The words and the title of the link around the image."""
    link = next((above for above in _above(picture) if tag_of(above) == "a"), None)
    if link is None:
        return
    for text in dict.fromkeys((text_of(link, MAX_SENTENCE), attribute(link, "title"), attribute(link, "aria-label"))):
        if text:
            yield ExtractedText(Kind.ANCHOR, text, mark.language, mark.part, own=True)


def _heading(place: int, span: tuple[int, int], page: Outline, part: str) -> Iterator[ExtractedText]:
    """The heading of the image's box; without one, the last heading before it in the same part of the page."""
    start, end = span
    before = _last_heading(page, start, place, part)
    inside = before or next((one for one in page.entries[place:end] if isinstance(one, Block) and one.level), None)
    found = inside or _last_heading(page, 0, start, part)
    if found is not None:
        own = inside is not None and end - start <= SMALL_BOX + 1
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
    """The sentence before the image and the one after it; in a box of its own, one from each of several blocks after it."""
    start, end = span
    own = any(isinstance(one, Block) for one in page.entries[start:end])
    low, high = (start, end) if own else (0, len(page.entries))
    before = _next_blocks(page.entries[max(low, place - MAX_DISTANCE) : place][::-1], 1)
    after = _next_blocks(page.entries[place + 1 : min(high, place + 1 + MAX_DISTANCE)], MAX_BLOCKS_AFTER if own else 1)
    for block, which in (*((one, -1) for one in before), *((one, 0) for one in after)):
        found = sentences(block.text)
        if found:
            small = own and end - start <= SMALL_BOX + 1
            yield ExtractedText(Kind.NEARBY, found[which], block.language, block.part, block.linked, block.links, own=small)


def _next_blocks(entries: list[Block | Mark], most: int) -> list[Block]:
    """The first `most` blocks without headings and captions, up to the next image or a heading that follows text."""
    found: list[Block] = []
    for one in entries:
        if isinstance(one, Mark) or (one.level and found) or len(found) == most:
            break
        if not one.level and not one.caption:
            found.append(one)
    return found


def _short(text: str) -> str:
    if len(text) <= MAX_SENTENCE:
        return text
    return text[:MAX_SENTENCE].rpartition(" ")[0] or text[:MAX_SENTENCE]
