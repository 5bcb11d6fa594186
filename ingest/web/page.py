"""Reading a page: from bytes and address to images with all text and facts that the page gives for them."""

import logging
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

from trafilatura import bare_extraction

from factors.text import Kind
from ingest.web import addresses, products, texts
from ingest.web.extracted import ExtractedText, Page, PageImage
from ingest.web.markup import Element, declared_language, one_line, parse, tag_of, text_of
from ingest.web.outline import outline

logger = logging.getLogger(__name__)
logging.getLogger("trafilatura").setLevel(logging.CRITICAL)  # it logs every page without main text

TAGS = ("img", "amp-img", "video", "input")
TITLE_PARTS = re.compile(r"\s+[|–—·•»«:/]+\s+|\s+-{1,2}\s+|\s*::\s*|\s*\|\s*")
MAX_PICTURES = 2000  # per page
MAX_LANGUAGE_LENGTH = 35  # characters of a language tag
MIN_MAIN_TEXT = 200  # characters; shorter extractions are not reliable
MAX_MAIN_TEXT_ELEMENTS = 50_000  # on larger pages finding the main text takes minutes


def read_page(data: bytes, address: str, *, charset: str = "", with_main_text: bool = False) -> Page:
    """The page with its images; without images where the bytes contain no element. Does not raise, whatever the bytes are.

    `address` is absolute; `charset` comes from the HTTP header. Finding the main text takes longer than everything else.
    """
    markup = parse(data, charset)
    if markup is None:
        return Page(address, address, cut="" if data.strip() else "the page is empty")
    root, base = markup.root, _base(markup.root, address)
    elements, left_out, cut = _pictures(root)
    images = _merged([*_shown(root, elements), *_linked(root)], base)
    _describe(images, products.things(root, base), base)
    title = one_line(next((one.text or "" for one in root.iter("title") if _is_head(one)), ""))
    _share(images, title)
    main = main_text(root) if with_main_text else ""
    return Page(
        address, base, _language(root), title, _canonical(root, base), tuple(images), main, markup.cut or cut, left_out
    )  # fmt: skip


def main_text(root: Element) -> str:
    """The page's main text in one line; empty without one, or where it is too short to be reliable."""
    if sum(1 for _ in zip(root.iter(), range(MAX_MAIN_TEXT_ELEMENTS + 1), strict=False)) > MAX_MAIN_TEXT_ELEMENTS:
        return ""
    try:
        found = bare_extraction(root, favor_recall=True, include_comments=False, include_tables=True, include_images=False)
    except Exception as error:  # such a page is filtered without its main text
        logger.debug("no main text: %s", error)
        return ""
    text = getattr(found, "text", "") or ""
    return one_line(text) if len(text) >= MIN_MAIN_TEXT else ""


def _pictures(root: Element) -> tuple[dict[Element, list[str]], int, str]:
    """Elements that show an image, with their addresses; the number of icons; why the page was cut, or an empty text."""
    found: dict[Element, list[str]] = {}
    left_out = 0
    for element, written in _with_addresses(root):
        usable = [one for one in written if one and not addresses.is_no_picture(one)]
        usable = [one for one in usable if not one.startswith("data:") or addresses.data_of(one)]
        if not usable or addresses.is_icon(element):
            left_out += bool(written)
            continue
        if len(found) == MAX_PICTURES:
            return found, left_out, f"the page shows more than {MAX_PICTURES} pictures: only the first were read"
        found[element] = usable
    return found, left_out, ""


def _with_addresses(root: Element) -> Iterator[tuple[Element, list[str]]]:
    """Elements that may show an image, with the addresses that they give."""
    for element in root.iter():
        tag = tag_of(element)
        if tag == "input" and (element.get("type") or "").lower() != "image":
            continue
        if tag in TAGS:
            yield element, addresses.candidates(element)
        elif tag and element.get("style"):
            yield element, addresses.backgrounds(element)


def _shown(root: Element, elements: dict[Element, list[str]]) -> Iterator[PageImage]:
    """The images that these elements show, each with its texts."""
    boxes = texts.scopes(list(elements))
    figures = (texts.figure_of(element) for element in elements)
    watched = dict.fromkeys([*boxes.values(), *(figure for figure in figures if figure is not None)])
    page = outline(root, elements, watched)
    for element, candidates in elements.items():
        found = list(texts.texts_of(element, boxes[element], page))
        part = page.entries[page.positions[element]].part
        yield PageImage(candidates, found, part=part, area=addresses.area(element))


def _linked(root: Element) -> list[PageImage]:
    """Images that the page names without showing them: its `image_src`, and links to images."""
    found = []
    for element in root.iter("link", "a"):
        href = (element.get("href") or "").strip()
        if tag_of(element) == "link" and "image_src" in (element.get("rel") or "") and href:
            found.append(PageImage([href]))
        elif tag_of(element) == "a" and addresses.is_picture_name(href) and next(element.iter("img", "picture"), None) is None:
            words = text_of(element, texts.MAX_SENTENCE)
            found.append(PageImage([href], [ExtractedText(Kind.ANCHOR, words)] if words else []))
        if len(found) == MAX_PICTURES:
            break
    return [one for one in found if not addresses.is_no_picture(one.candidates[0])]


def _merged(images: list[PageImage], base: str) -> list[PageImage]:
    """One entry per address, each text once."""
    found: dict[str, PageImage] = {}
    for one in images:
        known = found.setdefault(addresses.absolute(base, one.candidates[0]) or one.candidates[0], one)
        if known is not one:
            known.texts += one.texts
            known.candidates = list(dict.fromkeys(known.candidates + one.candidates))
            known.area = max(known.area, one.area)
            known.part = known.part and one.part
    for one in found.values():
        one.texts = list(dict.fromkeys(one.texts))
    return list(found.values())


def _describe(images: list[PageImage], described: list[products.Thing], base: str) -> None:
    """Add structured data to the images that it names; a single product that names no image belongs to the main image."""
    known: dict[str, PageImage] = {}
    for one in reversed(images):
        known |= {_key(base, written): one for written in reversed(one.candidates)}
    main = next((image for thing in described for image in _named(thing, known, base)), None) or _largest(images)
    if main is not None:
        main.is_main = True
    single = sum(thing.is_product for thing in described) == 1
    for thing in described:
        named = _named(thing, known, base)
        if not named and thing.images and not addresses.is_no_picture(thing.images[0]):
            named = [PageImage([thing.images[0]], is_main=not images)]
            images += named
            known[_key(base, thing.images[0])] = named[0]
        elif not named and thing.is_product and single and main is not None:
            named = [main]
        _add_description(thing, named)


def _named(thing: products.Thing, known: dict[str, PageImage], base: str) -> list[PageImage]:
    """The images of the page whose addresses the thing names; `known` has them by key."""
    return [known[key] for address in thing.images if (key := _key(base, address)) in known]


def _add_description(thing: products.Thing, images: list[PageImage]) -> None:
    for image in images:
        image.texts += [extracted for extracted in thing.texts if extracted not in image.texts]
        image.facts = thing.facts | image.facts


def _key(base: str, written: str) -> str:
    return addresses.key_of(addresses.absolute(base, written))


def _largest(images: list[PageImage]) -> PageImage | None:
    """The first of the largest images in the page's content, by the sizes that the page declares; or the only one."""
    inside = [one for one in images if not one.part]
    sized = [one for one in inside if one.area]
    return max(sized or inside, key=lambda one: one.area) if sized or len(inside) == 1 else None


def _share(images: list[PageImage], title: str) -> None:
    """Add the page's title to every image, and set `sharing`, the number of images that have the same text."""
    for part in dict.fromkeys(TITLE_PARTS.split(title)):
        for one in images:
            if part.strip():
                one.texts.append(ExtractedText(Kind.PAGE_TITLE, part.strip(), general=not one.is_main))
    counts = Counter(text for one in images for text in {(extracted.kind, extracted.text.lower()) for extracted in one.texts})
    for one in images:
        one.texts = [replace(t, sharing=max(t.sharing, counts[t.kind, t.text.lower()])) for t in dict.fromkeys(one.texts)]


def _base(root: Element, address: str) -> str:
    """The address that relative ones refer to: the `base` element's, or the page's own."""
    href = next((one.get("href") for one in root.iter("base") if one.get("href")), "")
    joined = addresses.absolute(address, href.strip()) if href else address
    return joined if joined.startswith(("http://", "https://")) else address


def _canonical(root: Element, base: str) -> str:
    """The page's canonical address; empty where it declares none."""
    links = (one.get("href") for one in root.iter("link") if "canonical" in (one.get("rel") or "").lower().split())
    cards = (one.get("content") for one in root.iter("meta") if one.get("property") == "og:url")
    declared = next((one for one in (*links, *cards) if one), "").strip()
    joined = addresses.absolute(base, declared) if declared else ""
    return joined if joined.startswith(("http://", "https://")) else ""


def _language(root: Element) -> str:
    """The language that the page declares, BCP 47; empty where it declares none."""
    declared = declared_language(root)
    metas = (
        one.get("content") or "" for one in root.iter("meta") if (one.get("http-equiv") or "").lower() == "content-language"
    )
    return (declared or next(metas, "")).strip()[:MAX_LANGUAGE_LENGTH]


def _is_head(element: Element) -> bool:
    above = element.getparent()
    return above is not None and tag_of(above) in ("head", "html", "body")
