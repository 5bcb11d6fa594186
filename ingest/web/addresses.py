"""Addresses of an image on a page: lazy loading, srcset, larger copies behind links; and addresses that are no images."""

import base64
import binascii
import re
from collections.abc import Iterator
from itertools import islice
from urllib.parse import unquote_to_bytes, urldefrag, urljoin, urlsplit

from ingest.text import clean
from ingest.web.markup import Element, tag_of
from vision.formats import DRAWINGS, ENDINGS

LAZY = (
    "data-src", "data-original", "data-lazy-src", "data-lazy", "data-actualsrc", "data-url", "data-image", "data-echo",
    "data-defer-src", "data-ll-src", "data-cfsrc",
)  # fmt: skip
LARGER = ("data-full", "data-full-src", "data-large", "data-large-image", "data-zoom-image", "data-hires", "data-highres")
SETS = ("srcset", "data-srcset", "data-lazy-srcset")
MAX_WIDTH = 2560  # px; of a srcset the largest image up to this: more pixels cost bandwidth and add nothing
MAX_DENSITY = 3.0
ICON_SIZE = 32  # px; an image of at most this width and height is an icon
MIN_DATA_BYTES = 400  # of a `data:` image; smaller ones are placeholders
MAX_SOURCES = 16  # read of one picture element
MAX_ADDRESS_LENGTH = 4096
PICTURE = re.compile(rf"\.(?:{'|'.join(sorted(ENDINGS - DRAWINGS))})$", re.IGNORECASE)
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
    """Addresses, best first, as written in an img (or amp-img, input, video, or element with a background)."""
    found = [larger for name in LARGER if (larger := element.get(name))]
    found += _linked(element)
    found += [best for text in _sets(element) if (best := largest(text))]
    found += [lazy for name in LAZY if (lazy := element.get(name))]
    found += [plain for name in ("src", "poster") if (plain := element.get(name))]
    if tag_of(element) not in ("img", "amp-img"):
        found += backgrounds(element)
    return list(dict.fromkeys(one for raw in found if (one := _written(raw))))


def backgrounds(element: Element) -> list[str]:
    """Background images in the element's own style."""
    style = element.get("style") or ""
    if not BACKGROUND.search(style[:MAX_ADDRESS_LENGTH]):
        return []
    return [_written("".join(parts)) for parts in URL.findall(style[:MAX_ADDRESS_LENGTH])]


def largest(srcset: str) -> str:
    """The largest image of a srcset up to `MAX_WIDTH` or `MAX_DENSITY`, else the smallest; empty without a valid entry."""
    entries = [(address, _size(descriptor)) for address, descriptor in _entries(srcset[: 16 * MAX_ADDRESS_LENGTH])]
    usable = [(address, size) for address, size in entries if size is not None]
    sensible = [entry for entry in usable if entry[1] <= 1]
    if sensible:
        return max(sensible, key=lambda entry: entry[1])[0]
    return min(usable, key=lambda entry: entry[1])[0] if usable else ""


def _entries(srcset: str) -> Iterator[tuple[str, str]]:
    """Address and descriptor of each entry. Addresses may contain commas: only a comma before a blank ends an entry."""
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
    """Whether the page declares a size no larger than an icon's."""
    sizes = [side for name in ("width", "height") if (side := _pixels(element, name)) is not None]
    return bool(sizes) and max(sizes) <= ICON_SIZE


def area(element: Element) -> int:
    """Width times height in pixels as the page declares them; 0 without both."""
    return (_pixels(element, "width") or 0) * (_pixels(element, "height") or 0)


def is_no_picture(address: str) -> bool:
    """Whether the name is that of a spacer, sprite, tracking pixel or drawing (SVG)."""
    if address.startswith("data:"):
        return bool(DRAWING.search(address[:64]))
    try:
        path = urlsplit(address).path
    except ValueError:
        return True
    return bool(NO_PICTURE.search(path) or DRAWING.search(path))


def is_picture_name(address: str) -> bool:
    """Whether the path has the suffix of an image format."""
    try:
        return bool(PICTURE.search(urlsplit(address).path))
    except ValueError:
        return False


def data_of(address: str) -> bytes:
    """The bytes of a `data:` address; empty if it is broken, no image, or a placeholder (below `MIN_DATA_BYTES`)."""
    head, comma, body = address.partition(",")
    if not comma or not head[5:].lower().startswith("image/"):
        return b""
    try:
        data = base64.b64decode(unquote_to_bytes(body)) if head.lower().endswith(";base64") else unquote_to_bytes(body)
    except (binascii.Error, ValueError):
        return b""
    return data if len(data) >= MIN_DATA_BYTES else b""


def absolute(base: str, written: str) -> str:
    """The absolute address without its fragment; empty if it is not valid."""
    try:
        joined = urljoin(base, written)
        return str(urldefrag(joined).url)
    except ValueError:
        return ""


def key_of(address: str) -> str:
    """A key that is the same for copies in other sizes (`mug-300x200.jpg`), and for http and https."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return address
    return address if parts.scheme == "data" else f"{parts.netloc}{SIZE.sub('', parts.path)}?{parts.query}"


def _linked(element: Element) -> Iterator[str]:
    """The larger image that the link around this one leads to."""
    for above in element.iterancestors():
        if tag_of(above) == "a":
            href = above.get("href") or ""
            return iter([href] if is_picture_name(href) else [])
    return iter(())


def _sets(element: Element) -> Iterator[str]:
    """The srcsets of the image, and of the `source` elements of its `picture`."""
    yield from (text for name in SETS if (text := element.get(name)))
    above = next((above for above in islice(element.iterancestors(), MAX_SOURCES) if tag_of(above) == "picture"), None)
    if above is not None:  # libxml2 nests an img in the source before it: it does not know that source is a void element
        for source in islice(above.iter("source"), MAX_SOURCES):
            if "svg" not in (source.get("type") or ""):
                yield from (text for name in SETS if (text := source.get(name)))


def _size(descriptor: str) -> float | None:
    """The size relative to `MAX_WIDTH` or `MAX_DENSITY`; None for an invalid descriptor."""
    if not descriptor:
        return 1 / MAX_DENSITY
    try:
        number = float(descriptor[:-1])
    except ValueError:
        return None
    limit = {"w": float(MAX_WIDTH), "x": MAX_DENSITY}.get(descriptor[-1])
    return number / limit if limit and number > 0 else None


def _pixels(element: Element, name: str) -> int | None:
    """A width or height that the page declares, by attribute or style."""
    declared = PIXELS.match(element.get(name) or "")
    if not declared:
        styled = re.search(rf"(?:^|[;\s]){name}\s*:\s*(\d+)(?:\.\d+)?px", (element.get("style") or "")[:MAX_ADDRESS_LENGTH])
        return int(styled.group(1)[:6]) if styled else None
    return int(declared.group(1)[:6])


def _written(raw: str) -> str:
    """The cleaned address; empty for a bare fragment and for a long text that is not a `data:` address."""
    text = raw.strip()
    if text[:5].lower() == "data:":
        return text
    text = "".join(clean(text).split("\n"))
    return text if 0 < len(text) <= MAX_ADDRESS_LENGTH and not text.startswith("#") else ""
