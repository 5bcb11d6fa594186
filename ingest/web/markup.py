"""HTML parsing: from bytes in any encoding to a tree of elements, and the text of elements."""

import re
from dataclasses import dataclass
from typing import Any

import lxml.html
from charset_normalizer import from_bytes
from lxml import etree

from ingest.text import clean

MAX_PAGE_BYTES = 5 * 1024 * 1024  # a longer page is cut
HEAD_BYTES = 4096  # searched for a declared encoding
SAMPLE_BYTES = 64 * 1024  # from which an undeclared encoding is guessed
META_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([A-Za-z0-9_.:-]{2,40})", re.IGNORECASE)
XML_ENCODING = re.compile(rb"^\s*<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([A-Za-z0-9_.:-]{2,40})", re.IGNORECASE)
BYTE_ORDER_MARKS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
# As browsers decode them: pages that declare a small set mean the larger one (WHATWG Encoding Standard).
READ_AS = dict.fromkeys(("iso-8859-1", "latin1", "latin-1", "us-ascii", "ascii"), "cp1252") | {"gb2312": "gb18030"}
UNSEEN = frozenset({"script", "style", "template", "svg", "math", "object", "iframe", "frame", "canvas", "select", "noframes"})
INLINE = frozenset(
    "a abbr b bdi bdo big cite code del dfn em font i ins kbd label mark nobr q s samp small span strike strong sub sup time tt u var wbr".split()  # noqa: SIM905, E501
)

Element = Any  # lxml.html.HtmlElement; lxml has no types


@dataclass(frozen=True, slots=True)
class Markup:
    """A page's root element; `cut` is the reason why a part was not read, or empty."""

    root: Element
    cut: str = ""


def parse(data: bytes, charset: str = "") -> Markup | None:
    """The tree; None where there is no element. `charset` comes from the HTTP header, or is empty.

    Does not raise, whatever the bytes are: libxml2 repairs broken markup.
    """
    cut = "" if len(data) <= MAX_PAGE_BYTES else f"the page is larger than {MAX_PAGE_BYTES} bytes: only the first were read"
    text = decoded(data[:MAX_PAGE_BYTES], charset)
    parser = lxml.html.HTMLParser(encoding="utf-8", huge_tree=True, remove_comments=True, remove_pis=True)
    try:
        root = lxml.html.document_fromstring(text.encode("utf-8", "replace"), parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError, ValueError):
        return None
    if any(entry.type_name == "ERR_RESOURCE_LIMIT" for entry in parser.error_log):
        cut = cut or "the page is nested too deeply: its innermost elements were not read"
    return Markup(root, cut)


def decoded(data: bytes, charset: str = "") -> str:
    """Decode by byte-order mark, HTTP header, declaration in the page, or a guess, in this order; bad bytes are replaced."""
    for mark, name in BYTE_ORDER_MARKS:
        if data.startswith(mark):
            return data[len(mark) :].decode(name, "replace")
    declared = (pattern.search(data[:HEAD_BYTES]) for pattern in (META_CHARSET, XML_ENCODING))
    for name in (charset, *(match.group(1).decode("ascii") for match in declared if match)):
        codec = READ_AS.get(name.strip().lower(), name.strip().lower())
        text = _tried(data, codec)
        if text is not None:
            return text
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        best = from_bytes(data[:SAMPLE_BYTES]).best()
        return data.decode(best.encoding if best else "cp1252", "replace")


def _tried(data: bytes, codec: str) -> str | None:
    """The decoded text; None for an unknown encoding, or where more than 2% of the characters do not fit it."""
    if not codec or codec.startswith("utf-16"):  # a declaration that is readable as ASCII rules out UTF-16
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
    """The language that the element declares, BCP 47; empty where it declares none."""
    return attribute(element, "lang") or attribute(element, "{http://www.w3.org/XML/1998/namespace}lang")


def tag_of(element: Element) -> str:
    """The tag in lower case; empty for comments and the like."""
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
    """Texts and children in order; a block element is separated from its surroundings by blanks."""
    gap = [] if tag_of(element) in INLINE else [" "]
    inside = [part for child in element for part in (child, child.tail) if part is not None]
    return [*gap, *([element.text] if element.text else []), *inside, *gap]


def one_line(text: str) -> str:
    """Cleaned, with every run of white space as one blank."""
    return " ".join(clean(text).split())
