"""Which addresses a picture on a page has: lazy loading, srcset, bigger copies behind links; and what is no picture."""

import base64
import binascii
import re
from collections.abc import Iterator
from itertools import islice
from urllib.parse import unquote_to_bytes, urldefrag, urljoin, urlsplit

from ingest.text import clean
from ingest.web.markup import Element, tag_of

LAZY = (
    "data-src", "data-original", "data-lazy-src", "data-lazy", "data-actualsrc", "data-url", "data-image", "data-echo",
    "data-defer-src", "data-ll-src", "data-cfsrc",
)  # fmt: skip
LARGER = ("data-full", "data-full-src", "data-large", "data-large-image", "data-zoom-image", "data-hires", "data-highres")
SETS = ("srcset", "data-srcset", "data-lazy-srcset")
WIDEST = 2560  # px: of a srcset the largest picture up to this; more is more to fetch and shows no more
DENSEST = 3.0
ICON = 32  # px of both sides up to which a picture is an icon
SMALLEST_DATA = 400  # bytes of a `data:` picture; less is a placeholder
MOST_SOURCES = 16  # of one picture element
LONGEST = 4096  # characters of an address
SUFFIXES = "jpg|jpeg|jpe|jfif|png|gif|webp|bmp|tif|tiff|heic|heif|avif|jp2"
PICTURE = re.compile(rf"\.(?:{SUFFIXES})$", re.IGNORECASE)
DRAWING = re.compile(r"\.svgz?$|^data:image/svg", re.IGNORECASE)
NO_PICTURE = re.compile(
    r"(?:^|[/_.-])(?:spacer|blank|transparent|pixel|1x1|1px|sprites?|spinner|loader|loading|favicon|beacon|tracker|tracking|"
    r"placeholder|dummy|grey|gray|clear|shim)(?:[_.@-][a-z0-9]*)*\.(?:gif|png|jpe?g|webp|svg)$",
    re.IGNORECASE,
)
URL = re.compile(r"url\(\s*(?:'([^']*)'|\"([^\"]*)\"|([^'\")]*))\s*\)", re.IGNORECASE)
BACKGROUND = re.compile(r"background(?:-image)?\s*:\s*[^;]*?url\(", re.IGNORECASE)
SIZE = re.compile(
    r"[-_@](?:\d{2,4}x\d{2,4}|\d(?:\.\d)?x|\d{2,4}w|small|medium|large|thumb(?:nail)?|scaled)(?=\.\w+$)", re.IGNORECASE
)
PIXELS = re.compile(r"^\s*(\d+)(?:\.\d+)?\s*(?:px)?\s*$")


def candidates(element: Element) -> list[str]:
    """Addresses of an img (or amp-img, input, video, or an element with a background), the best first, as they are written."""
    found = [larger for name in LARGER if (larger := element.get(name))]
    found += _linked(element)
    found += [best for text in _sets(element) if (best := largest(text))]
    found += [lazy for name in LAZY if (lazy := element.get(name))]
    found += [plain for name in ("src", "poster") if (plain := element.get(name))]
    if tag_of(element) not in ("img", "amp-img"):
        found += backgrounds(element)
    return list(dict.fromkeys(one for raw in found if (one := _written(raw))))


def backgrounds(element: Element) -> list[str]:
    """Pictures that the element's own style puts behind it."""
    style = element.get("style") or ""
    if not BACKGROUND.search(style[:LONGEST]):
        return []
    return [_written("".join(parts)) for parts in URL.findall(style[:LONGEST])]


def largest(srcset: str) -> str:
    """The largest sensible picture of a srcset by width (`w`) or density (`x`); empty for what is no srcset."""
    entries = [(address, _size(descriptor)) for address, descriptor in _entries(srcset[: 16 * LONGEST])]
    usable = [(address, size) for address, size in entries if size is not None]
    sensible = [entry for entry in usable if entry[1] <= 1]
    if sensible:
        return max(sensible, key=lambda entry: entry[1])[0]
    return min(usable, key=lambda entry: entry[1])[0] if usable else ""


def _entries(srcset: str) -> Iterator[tuple[str, str]]:
    """Address and descriptor of each entry; addresses may hold commas, so that only one before a blank ends an entry."""
    address = ""
    for token in srcset.split():
        written = token
        if address:
            descriptor, comma, written = token.partition(",")
            if descriptor or comma:
                yield address, descriptor
                address = ""
        written = written.lstrip(",")
        if written.endswith(","):
            yield written.rstrip(","), ""
        elif written:
            address = written
    if address:
        yield address, ""


def is_icon(element: Element) -> bool:
    """Whether the page itself says that the picture is no larger than an icon, or does not show it."""
    sizes = [side for name in ("width", "height") if (side := _pixels(element, name)) is not None]
    return bool(sizes) and max(sizes) <= ICON


def area(element: Element) -> int:
    """Pixels that the page gives the picture, 0 where it does not say."""
    return (_pixels(element, "width") or 0) * (_pixels(element, "height") or 0)


def is_no_picture(address: str) -> bool:
    """Whether the name says spacer, sprite, tracking pixel or drawing (SVG)."""
    if address.startswith("data:"):
        return bool(DRAWING.search(address[:64]))
    try:
        path = urlsplit(address).path
    except ValueError:
        return True
    return bool(NO_PICTURE.search(path) or DRAWING.search(path))


def is_picture_name(address: str) -> bool:
    """Whether the path ends as names of pictures do."""
    try:
        return bool(PICTURE.search(urlsplit(address).path))
    except ValueError:
        return False


def data_of(address: str) -> bytes:
    """The bytes of a `data:` address; empty where it is broken, no picture, or so small that it only holds a place."""
    head, comma, body = address.partition(",")
    if not comma or not head[5:].lower().startswith("image/"):
        return b""
    try:
        data = base64.b64decode(unquote_to_bytes(body)) if head.lower().endswith(";base64") else unquote_to_bytes(body)
    except (binascii.Error, ValueError):
        return b""
    return data if len(data) >= SMALLEST_DATA else b""


def absolute(base: str, written: str) -> str:
    """The address without its fragment; empty where it is none."""
    try:
        joined = urljoin(base, written)
        return str(urldefrag(joined).url)
    except ValueError:
        return ""


def key_of(address: str) -> str:
    """The same for copies of a picture in other sizes (`mug-300x200.jpg`), and by http as by https."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return address
    return address if parts.scheme == "data" else f"{parts.netloc}{SIZE.sub('', parts.path)}?{parts.query}"


def _linked(element: Element) -> Iterator[str]:
    """The bigger picture that the link around this one leads to."""
    for above in element.iterancestors():
        if tag_of(above) == "a":
            href = above.get("href") or ""
            return iter([href] if is_picture_name(href) else [])
    return iter(())


def _sets(element: Element) -> Iterator[str]:
    """The srcsets of the picture, and of the sources beside it."""
    yield from (text for name in SETS if (text := element.get(name)))
    above = next((above for above in islice(element.iterancestors(), MOST_SOURCES) if tag_of(above) == "picture"), None)
    if above is not None:  # the parser puts an img into the source before it, for it does not know that sources end at once
        for source in islice(above.iter("source"), MOST_SOURCES):
            if "svg" not in (source.get("type") or ""):
                yield from (text for name in SETS if (text := source.get(name)))


def _size(descriptor: str) -> float | None:
    """Where 1 is as large as is sensible; none for what is no descriptor."""
    if not descriptor:
        return 1 / DENSEST
    try:
        number = float(descriptor[:-1])
    except ValueError:
        return None
    limit = {"w": float(WIDEST), "x": DENSEST}.get(descriptor[-1])
    return number / limit if limit and number > 0 else None


def _pixels(element: Element, name: str) -> int | None:
    """A side that the page declares, by attribute or style."""
    extracted = PIXELS.match(element.get(name) or "")
    if not extracted:
        styled = re.search(rf"(?:^|[;\s]){name}\s*:\s*(\d+)(?:\.\d+)?px", (element.get("style") or "")[:LONGEST])
        return int(styled.group(1)[:6]) if styled else None
    return int(extracted.group(1)[:6])


def _written(raw: str) -> str:
    """As an address is written, or empty: what is too long is a `data:` address or none."""
    text = raw.strip()
    if text[:5].lower() == "data:":
        return text
    text = "".join(clean(text).split("\n"))
    return text if 0 < len(text) <= LONGEST and not text.startswith("#") else ""
