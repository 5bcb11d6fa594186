"""From bytes to a tree of elements, whatever the bytes are."""

import re
from dataclasses import dataclass
from typing import Any

import lxml.html
from charset_normalizer import from_bytes
from lxml import etree

from ingest.text import clean

LARGEST = 5 * 1024 * 1024  # bytes of one page that are read; a page of more is cut
HEAD = 4096  # bytes within which a page must tell its encoding
GUESSED = 64 * 1024  # bytes that an untold encoding is guessed from
META_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([A-Za-z0-9_.:-]{2,40})", re.IGNORECASE)
XML_ENCODING = re.compile(rb"^\s*<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([A-Za-z0-9_.:-]{2,40})", re.IGNORECASE)
MARKS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
# What browsers read these as: pages that claim a small set mean the larger one (WHATWG Encoding Standard).
READ_AS = dict.fromkeys(("iso-8859-1", "latin1", "latin-1", "us-ascii", "ascii"), "cp1252") | {"gb2312": "gb18030"}
UNSEEN = frozenset({"script", "style", "template", "svg", "math", "object", "iframe", "frame", "canvas", "select", "noframes"})
INLINE = frozenset(
    "a abbr b bdi bdo big cite code del dfn em font i ins kbd label mark nobr q s samp small span strike strong sub sup time tt u var wbr".split()  # noqa: SIM905, E501
)

Element = Any  # lxml.html.HtmlElement; lxml has no types


@dataclass(frozen=True, slots=True)
class Markup:
    """A page's root element; `cut` says why a part of it was not read, or is empty."""

    root: Element
    cut: str = ""


def parse(data: bytes, charset: str = "") -> Markup | None:
    """The tree; none where there is no element at all. `charset` is what the HTTP header says, or empty.

    Never raises for what the bytes are: broken markup becomes the tree that libxml2 makes of it.
    """
    cut = "" if len(data) <= LARGEST else f"the page is larger than {LARGEST} bytes: only the first were read"
    text = decoded(data[:LARGEST], charset)
    # What frames, scripts and drawings hold is not what a reader sees beside a picture.
    parser = lxml.html.HTMLParser(encoding="utf-8", huge_tree=True, remove_comments=True, remove_pis=True)
    try:
        root = lxml.html.document_fromstring(text.encode("utf-8", "replace"), parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError, ValueError):
        return None
    if any(entry.type_name == "ERR_RESOURCE_LIMIT" for entry in parser.error_log):
        cut = cut or "the page is nested too deeply: what lies deepest was not read"
    return Markup(root, cut)


def decoded(data: bytes, charset: str = "") -> str:
    """Text by byte-order mark, HTTP header, the page's own word, or a guess, in this order; what does not fit is replaced."""
    for mark, name in MARKS:
        if data.startswith(mark):
            return data[len(mark) :].decode(name, "replace")
    extracted = (pattern.search(data[:HEAD]) for pattern in (META_CHARSET, XML_ENCODING))
    for name in (charset, *(match.group(1).decode("ascii") for match in extracted if match)):
        codec = READ_AS.get(name.strip().lower(), name.strip().lower())
        text = _tried(data, codec)
        if text is not None:
            return text
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        best = from_bytes(data[:GUESSED]).best()
        return data.decode(best.encoding if best else "cp1252", "replace")


def _tried(data: bytes, codec: str) -> str | None:
    """None where there is no such encoding, or a claimed UTF-8 is plainly something else."""
    if not codec or codec.startswith("utf-16"):  # a page that could be read up to this word is not UTF-16
        return None
    try:
        text = data.decode(codec, "replace")
    except (LookupError, UnicodeError, ValueError):
        return None
    except Exception:
        return None
    return text if text.count("\ufffd") * 50 <= len(text) else None


def attribute(element: Element, name: str) -> str:
    """An attribute's text, cleaned; empty where there is none."""
    return clean(element.get(name) or "")


def declared_language(element: Element) -> str:
    """What the element says that its language is, BCP 47; empty where it says nothing."""
    return attribute(element, "lang") or attribute(element, "{http://www.w3.org/XML/1998/namespace}lang")


def tag_of(element: Element) -> str:
    """The tag in small letters; empty for what is no element."""
    return element.tag.lower() if isinstance(element.tag, str) else ""


def text_of(element: Element, most: int = 2000) -> str:
    """The visible text below an element, in one line of at most `most` characters."""
    found: list[str] = []
    length, stack = 0, [element]
    while stack and length < most:
        one = stack.pop()
        if isinstance(one, str):
            found.append(one)
            length += len(one)
        elif tag_of(one) and tag_of(one) not in UNSEEN:
            stack += reversed(_parts(one))
    return one_line("".join(found))[:most]


def _parts(element: Element) -> list[Any]:
    """Texts and children in their order; what is no part of a line stands apart from what is around it."""
    gap = [] if tag_of(element) in INLINE else [" "]
    inside = [part for child in element for part in (child, child.tail) if part is not None]
    return [*gap, *([element.text] if element.text else []), *inside, *gap]


def one_line(text: str) -> str:
    """Cleaned, with every run of white space as one blank."""
    return " ".join(clean(text).split())
