"""Saved pages in one file (MHTML, RFC 2557): the page, its frames and its pictures as parts of a message."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message
from urllib.parse import quote

from ingest.text import clean
from ingest.web import addresses

SUFFIXES = frozenset({".mhtml", ".mht"})
PAGE_TYPES = ("text/html", "application/xhtml+xml")


@dataclass(frozen=True, slots=True)
class ArchivedPage:
    """A page of an archive: the address of its base, its bytes and encoding."""

    address: str
    data: bytes
    charset: str


@dataclass(frozen=True, slots=True)
class Archive:
    """Pages, the main one first, and all other parts by their addresses (`http:`, `cid:`)."""

    pages: tuple[ArchivedPage, ...] = ()
    parts: dict[str, bytes] = field(default_factory=dict)

    def part(self, base: str, written: str) -> bytes | None:
        """The part that an address on a page refers to."""
        return self.parts.get(addresses.absolute(base, written)) or self.parts.get(written)


def read_archive(data: bytes, address: str) -> Archive:
    """The archive; without pages where the bytes are none. `address` stands for pages whose own is not on the web."""
    message = message_from_bytes(data)
    main = _location(message, "Snapshot-Content-Location", address)
    pages: list[ArchivedPage] = []
    parts: dict[str, bytes] = {}
    for part in _leaves(message):
        body = _body(part)
        identifier = str(part.get("Content-ID", "")).strip().strip("<>")
        declared = _location(part, "Content-Location", f"cid:{identifier}" if identifier else main)
        location = addresses.absolute(main, declared) or declared
        if part.get_content_type() in PAGE_TYPES:
            is_remote = location.startswith(("http://", "https://"))
            pages.append(ArchivedPage(location if is_remote else f"{address}#{quote(location)}", body, _charset(part)))
        parts[location] = parts[f"cid:{identifier}"] = body
    return Archive(tuple(_unique(pages)), parts)


def _leaves(message: Message) -> Iterator[Message]:
    return (part for part in message.walk() if not part.is_multipart())


def _body(part: Message) -> bytes:
    body = part.get_payload(decode=True)
    return body if isinstance(body, bytes) else b""


def _charset(part: Message) -> str:
    return str(part.get_content_charset() or "")


def _location(part: Message, header: str, otherwise: str) -> str:
    """The address that a part declares, or the other one."""
    return clean("".join(str(part.get(header, "")).split())) or otherwise


def _unique(pages: list[ArchivedPage]) -> Iterator[ArchivedPage]:
    """Each address once; an archive may hold the same frame twice."""
    seen: set[str] = set()
    for page in pages:
        if page.address not in seen:
            seen.add(page.address)
            yield page
