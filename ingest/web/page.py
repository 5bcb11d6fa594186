"""Reading a page: bytes and address in; pictures with everything that is said of them out."""

import re
from collections import Counter
from dataclasses import replace

from factors.linked import Kind
from ingest.web import addresses, products, texts
from ingest.web.main_text import main_text
from ingest.web.markup import Element, declared_language, one_line, parse, tag_of, text_of
from ingest.web.outline import Mark, outline
from ingest.web.told import Page, Shown, Told

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
    shown = []
    for element, found in elements.items():
        mark = page.entries[page.positions[element]]
        told = list(texts.texts_of(element, boxes[element], page)) if element in page.positions else []
        shown.append(Shown(found, told, part=mark.part if isinstance(mark, Mark) else "", area=addresses.area(element)))
    shown += _beside(root)
    shown = _merged(shown, base)
    _describe(shown, products.things(root, base), base)
    title = one_line(next((one.text or "" for one in root.iter("title") if _is_head(one)), ""))
    _share(shown, title)
    main = main_text(root) if with_main_text else ""
    return Page(
        address, base, _language(root), title, _canonical(root, base), tuple(shown), main, markup.cut or cut, left_out
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


def _beside(root: Element) -> list[Shown]:
    """Pictures that the page names and does not show: its own card, and links that lead to pictures."""
    found = []
    for element in root.iter("link", "a"):
        href = (element.get("href") or "").strip()
        if tag_of(element) == "link" and "image_src" in (element.get("rel") or "") and href:
            found.append(Shown([href]))
        elif tag_of(element) == "a" and addresses.is_picture_name(href) and next(element.iter("img", "picture"), None) is None:
            said = text_of(element, texts.LONGEST)
            found.append(Shown([href], [Told(Kind.ANCHOR, said)] if said else []))
        if len(found) == MOST_PICTURES:
            break
    return [one for one in found if not addresses.is_no_picture(one.candidates[0])]


def _merged(shown: list[Shown], base: str) -> list[Shown]:
    """One entry for each address; what is said twice is said once."""
    found: dict[str, Shown] = {}
    for one in shown:
        known = found.setdefault(addresses.absolute(base, one.candidates[0]) or one.candidates[0], one)
        if known is not one:
            known.texts += one.texts
            known.candidates = list(dict.fromkeys(known.candidates + one.candidates))
            known.area = max(known.area, one.area)
            known.part = known.part and one.part
    for one in found.values():
        one.texts = list(dict.fromkeys(one.texts))
    return list(found.values())


def _describe(shown: list[Shown], described: list[products.Thing], base: str) -> None:
    """Tie what is described to the picture that it names; to the main one where the only product names none."""
    known: dict[str, Shown] = {}
    for one in reversed(shown):
        known |= {_key(base, written): one for written in reversed(one.candidates)}
    cards = [known[key] for thing in described for image in thing.images if (key := _key(base, image)) in known]
    main = cards[0] if cards else _largest(shown)
    if main is not None:
        main.is_main = True
    alone = sum(thing.is_product for thing in described) == 1
    for thing in described:
        named = [known[key] for image in thing.images if (key := _key(base, image)) in known]
        if not named and thing.images and not addresses.is_no_picture(thing.images[0]):
            named = [Shown([thing.images[0]], is_main=not shown)]
            shown += named
            known[_key(base, thing.images[0])] = named[0]
        elif not named and thing.is_product and alone and main is not None:
            named = [main]
        for picture in named:
            picture.texts += [told for told in thing.texts if told not in picture.texts]
            picture.facts = thing.facts | picture.facts


def _key(base: str, written: str) -> str:
    return addresses.key_of(addresses.absolute(base, written))


def _largest(shown: list[Shown]) -> Shown | None:
    """The first of the largest pictures in the page's content, where the page says how large they are; or the only one."""
    inside = [one for one in shown if not one.part]
    sized = [one for one in inside if one.area]
    return max(sized or inside, key=lambda one: one.area) if sized or len(inside) == 1 else None


def _share(shown: list[Shown], title: str) -> None:
    """The page's title goes to every picture; each text learns of how many pictures it is said."""
    for part in dict.fromkeys(TITLE_PARTS.split(title)):
        for one in shown:
            if part.strip():
                one.texts.append(Told(Kind.PAGE_TITLE, part.strip(), general=not one.is_main))
    said = Counter(text for one in shown for text in {(told.kind, told.text.lower()) for told in one.texts})
    for one in shown:
        one.texts = [replace(t, sharing=max(t.sharing, said[t.kind, t.text.lower()])) for t in dict.fromkeys(one.texts)]


def _base(root: Element, address: str) -> str:
    told = next((one.get("href") for one in root.iter("base") if one.get("href")), "")
    joined = addresses.absolute(address, told.strip()) if told else address
    return joined if joined.startswith(("http://", "https://")) else address


def _canonical(root: Element, base: str) -> str:
    """The address that the page gives for itself; empty where it gives none."""
    links = (one.get("href") for one in root.iter("link") if "canonical" in (one.get("rel") or "").lower().split())
    cards = (one.get("content") for one in root.iter("meta") if one.get("property") == "og:url")
    told = next((one for one in (*links, *cards) if one), "").strip()
    joined = addresses.absolute(base, told) if told else ""
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
