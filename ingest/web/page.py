"""Reading a page: bytes and address in; pictures with everything that is said of them out."""

import logging
import re
from collections import Counter
from dataclasses import replace

from trafilatura import bare_extraction

from factors.text import Kind
from ingest.web import addresses, products, texts
from ingest.web.extracted import ExtractedText, Page, PageImage
from ingest.web.markup import Element, declared_language, one_line, parse, tag_of, text_of
from ingest.web.outline import Mark, outline

logger = logging.getLogger(__name__)
logging.getLogger("trafilatura").setLevel(logging.CRITICAL)  # it tells of every page that has no main text

ENOUGH = 200  # characters from which it is believed to be the main text
MOST_ELEMENTS = 50_000  # of a page on which it is looked for; on larger ones it takes minutes


def main_text(root: Element) -> str:
    """In one line; empty where there is none, or too little to go by."""
    if sum(1 for _ in zip(root.iter(), range(MOST_ELEMENTS + 1), strict=False)) > MOST_ELEMENTS:
        return ""
    try:
        found = bare_extraction(root, favor_recall=True, include_comments=False, include_tables=True, include_images=False)
    except Exception as error:  # a page that it cannot read is filtered without it
        logger.debug("no main text: %s", error)
        return ""
    text = getattr(found, "text", "") or ""
    return one_line(text) if len(text) >= ENOUGH else ""


MOST_PICTURES = 2000  # of one page
TAGS = ("img", "amp-img", "video", "input")
TITLE_PARTS = re.compile(r"\s+[|–—·•»«:/]+\s+|\s+-{1,2}\s+|\s*::\s*|\s*\|\s*")


def read_page(data: bytes, address: str, *, charset: str = "", with_main_text: bool = False) -> Page:
    """The page's pictures; none where the bytes hold no element; never raises for what the bytes are.

    `address` is absolute; `charset` is what the HTTP header says. Finding the main text takes longer than all the rest.
    """
    markup = parse(data, charset)
    if markup is None:
        return Page(address, address, cut="" if data.strip() else "the page is empty")
    root, base = markup.root, _base(markup.root, address)
    elements, left_out, cut = _pictures(root)
    boxes = texts.scopes(list(elements))
    watched = dict.fromkeys(boxes.values()) | {f: None for e in elements if (f := texts.figure_of(e)) is not None}
    page = outline(root, elements, watched)
    page_image = []
    for element, found in elements.items():
        mark = page.entries[page.positions[element]]
        extracted = list(texts.texts_of(element, boxes[element], page)) if element in page.positions else []
        page_image.append(
            PageImage(found, extracted, part=mark.part if isinstance(mark, Mark) else "", area=addresses.area(element))
        )
    page_image += _beside(root)
    page_image = _merged(page_image, base)
    _describe(page_image, products.things(root, base), base)
    title = one_line(next((one.text or "" for one in root.iter("title") if _is_head(one)), ""))
    _share(page_image, title)
    main = main_text(root) if with_main_text else ""
    return Page(
        address, base, _language(root), title, _canonical(root, base), tuple(page_image), main, markup.cut or cut, left_out
    )  # fmt: skip


def _pictures(root: Element) -> tuple[dict[Element, list[str]], int, str]:
    """Elements that show a picture, with their addresses; how many were icons; and why the page was cut, if it was."""
    found: dict[Element, list[str]] = {}
    left_out = 0
    for element in root.iter():
        tag = tag_of(element)
        if tag in ("input",) and (element.get("type") or "").lower() != "image":
            continue
        if tag in TAGS or (tag and element.get("style")):
            written = addresses.candidates(element) if tag in TAGS else addresses.backgrounds(element)
            usable = [one for one in written if one and not addresses.is_no_picture(one)]
            usable = [one for one in usable if not one.startswith("data:") or addresses.data_of(one)]
            if not usable or addresses.is_icon(element):
                left_out += bool(written)
                continue
            if len(found) == MOST_PICTURES:
                return found, left_out, f"the page shows more than {MOST_PICTURES} pictures: only the first were read"
            found[element] = usable
    return found, left_out, ""


def _beside(root: Element) -> list[PageImage]:
    """Pictures that the page names and does not show: its own card, and links that lead to pictures."""
    found = []
    for element in root.iter("link", "a"):
        href = (element.get("href") or "").strip()
        if tag_of(element) == "link" and "image_src" in (element.get("rel") or "") and href:
            found.append(PageImage([href]))
        elif tag_of(element) == "a" and addresses.is_picture_name(href) and next(element.iter("img", "picture"), None) is None:
            said = text_of(element, texts.LONGEST)
            found.append(PageImage([href], [ExtractedText(Kind.ANCHOR, said)] if said else []))
        if len(found) == MOST_PICTURES:
            break
    return [one for one in found if not addresses.is_no_picture(one.candidates[0])]


def _merged(page_image: list[PageImage], base: str) -> list[PageImage]:
    """One entry for each address; what is said twice is said once."""
    found: dict[str, PageImage] = {}
    for one in page_image:
        known = found.setdefault(addresses.absolute(base, one.candidates[0]) or one.candidates[0], one)
        if known is not one:
            known.texts += one.texts
            known.candidates = list(dict.fromkeys(known.candidates + one.candidates))
            known.area = max(known.area, one.area)
            known.part = known.part and one.part
    for one in found.values():
        one.texts = list(dict.fromkeys(one.texts))
    return list(found.values())


def _describe(page_image: list[PageImage], described: list[products.Thing], base: str) -> None:
    """Tie what is described to the picture that it names; to the main one where the only product names none."""
    known: dict[str, PageImage] = {}
    for one in reversed(page_image):
        known |= {_key(base, written): one for written in reversed(one.candidates)}
    cards = [known[key] for thing in described for image in thing.images if (key := _key(base, image)) in known]
    main = cards[0] if cards else _largest(page_image)
    if main is not None:
        main.is_main = True
    alone = sum(thing.is_product for thing in described) == 1
    for thing in described:
        named = [known[key] for image in thing.images if (key := _key(base, image)) in known]
        if not named and thing.images and not addresses.is_no_picture(thing.images[0]):
            named = [PageImage([thing.images[0]], is_main=not page_image)]
            page_image += named
            known[_key(base, thing.images[0])] = named[0]
        elif not named and thing.is_product and alone and main is not None:
            named = [main]
        for picture in named:
            picture.texts += [extracted for extracted in thing.texts if extracted not in picture.texts]
            picture.facts = thing.facts | picture.facts


def _key(base: str, written: str) -> str:
    return addresses.key_of(addresses.absolute(base, written))


def _largest(page_image: list[PageImage]) -> PageImage | None:
    """The first of the largest pictures in the page's content, where the page says how large they are; or the only one."""
    inside = [one for one in page_image if not one.part]
    sized = [one for one in inside if one.area]
    return max(sized or inside, key=lambda one: one.area) if sized or len(inside) == 1 else None


def _share(page_image: list[PageImage], title: str) -> None:
    """The page's title goes to every picture; each text learns of how many pictures it is said."""
    for part in dict.fromkeys(TITLE_PARTS.split(title)):
        for one in page_image:
            if part.strip():
                one.texts.append(ExtractedText(Kind.PAGE_TITLE, part.strip(), general=not one.is_main))
    said = Counter(text for one in page_image for text in {(extracted.kind, extracted.text.lower()) for extracted in one.texts})
    for one in page_image:
        one.texts = [replace(t, sharing=max(t.sharing, said[t.kind, t.text.lower()])) for t in dict.fromkeys(one.texts)]


def _base(root: Element, address: str) -> str:
    extracted = next((one.get("href") for one in root.iter("base") if one.get("href")), "")
    joined = addresses.absolute(address, extracted.strip()) if extracted else address
    return joined if joined.startswith(("http://", "https://")) else address


def _canonical(root: Element, base: str) -> str:
    """The address that the page gives for itself; empty where it gives none."""
    links = (one.get("href") for one in root.iter("link") if "canonical" in (one.get("rel") or "").lower().split())
    cards = (one.get("content") for one in root.iter("meta") if one.get("property") == "og:url")
    extracted = next((one for one in (*links, *cards) if one), "").strip()
    joined = addresses.absolute(base, extracted) if extracted else ""
    return joined if joined.startswith(("http://", "https://")) else ""


def _language(root: Element) -> str:
    declared = declared_language(root)
    metas = (
        one.get("content") or "" for one in root.iter("meta") if (one.get("http-equiv") or "").lower() == "content-language"
    )
    return (declared or next(metas, "")).strip()[:35]


def _is_head(element: Element) -> bool:
    above = element.getparent()
    return above is not None and tag_of(above) in ("head", "html", "body")
