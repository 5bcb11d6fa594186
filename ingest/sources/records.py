"""Records of WARC files, in order: a damaged record is reported, and reading continues with the next."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

from warcio.archiveiterator import WARCIterator

from vision.formats import begins_as_picture

READ_AHEAD = 1 << 20  # bytes searched at a time for the next record
GZIP = b"\x1f\x8b\x08"
FIRST_LINE = re.compile(rb"(?:WARC/\d\.\d+\r?\n)")
RECORD_TYPES = ("response", "resource", "revisit")
CONTENT_TYPES = ("text/html", "application/xhtml+xml", "application/octet-stream", "binary/octet-stream", "")
ENCODINGS = ("", "identity", "gzip", "deflate")
CUT_OFF, DAMAGED = "warc-truncated", "warc-damaged"


@dataclass(frozen=True, slots=True)
class Record:
    """The response stored for an address. `data` is empty for a record that only refers to another (`refers_to`)."""

    offset: int
    address: str
    content_type: str = ""
    charset: str = ""
    data: bytes = b""
    refers_to: str = ""
    too_large: bool = False


@dataclass(frozen=True, slots=True)
class BadRecord:
    """A record that cannot be read."""

    offset: int
    reason: str
    message: str


def read_records(path: Path, largest: int) -> Iterator[Record | BadRecord]:
    """Responses, resources and revisits of one file, in order; at most `largest` bytes of each are read."""
    with path.open("rb") as file:
        start: int | None = 0
        while start is not None:
            again = None
            for record in _from(file, start, largest):
                yield record
                if isinstance(record, BadRecord):
                    again = record.offset + 1
                    break
            start = _next_start(file, again) if again is not None else None


def read_record(path: Path, offset: int, largest: int) -> Record | None:
    """The record that begins at that byte; None without a readable one."""
    with path.open("rb") as file:
        first = next(_from(file, offset, largest), None)
    return first if isinstance(first, Record) else None


def _from(file: BinaryIO, start: int, largest: int) -> Iterator[Record | BadRecord]:
    """Records from byte `start` to the end, or to the first unreadable one."""
    file.seek(start)
    reader = WARCIterator(file)
    offset, record = start, None
    try:
        for record in reader:
            offset = reader.offset
            read = _read(record, offset, largest)
            if read is not None:
                yield read
            if _is_short(record):
                yield BadRecord(offset, CUT_OFF, "the record ends before it is complete")
                return
        if record is None and start == 0:
            yield BadRecord(0, DAMAGED, "the file holds no record")
    except Exception as error:  # warcio raises its own errors, those of zlib, and others on unexpected data
        yield BadRecord(offset, DAMAGED, f"not a readable record: {_message(error)}")


def _read(record: Any, offset: int, largest: int) -> Record | BadRecord | None:
    """The record; None for requests, metadata, failed responses, and for what is neither a page nor a picture.

    Its bytes make a picture of it, or else its type.
    """
    address = record.rec_headers.get_header("WARC-Target-URI") or ""
    if record.rec_type not in RECORD_TYPES or not address.startswith(("http://", "https://")):
        return None
    http = record.http_headers
    status = (http.get_statuscode() if http is not None else "") or "200"
    if record.rec_type == "revisit" or status.startswith("3"):
        elsewhere = http.get_header("Location") if status.startswith("3") and http is not None else None
        refers_to = elsewhere or record.rec_headers.get_header("WARC-Refers-To-Target-URI") or ""
        return Record(offset, address, refers_to=refers_to) if refers_to not in ("", address) else None
    declared = (http.get_header("Content-Type") if http is not None else record.content_type) or ""
    kind = declared.partition(";")[0].strip().lower()
    if status != "200":
        return None
    found = _content(record, Record(offset, address, kind, _charset(declared)), largest)
    is_picture = isinstance(found, Record) and begins_as_picture(found.data)
    return found if is_picture or kind.startswith("image") or kind in CONTENT_TYPES else None


def _content(record: Any, head: Record, largest: int) -> Record | BadRecord:
    """The record with its decoded bytes."""
    http = record.http_headers
    encoding = ((http.get_header("Content-Encoding") if http is not None else "") or "").strip().lower()
    if encoding not in ENCODINGS:
        return BadRecord(head.offset, "warc-encoding", f"{head.address}: unsupported content encoding {encoding[:40]!r}")
    data = record.content_stream().read(largest + 1)
    return replace(head, data=data[:largest], too_large=len(data) > largest)


def _charset(content_type: str) -> str:
    match = re.search(r"charset\s*=\s*\"?([\w.:-]+)", content_type)
    return match.group(1) if match else ""


def _is_short(record: Any) -> bool:
    """Read the rest of the record; whether the file ended before it."""
    stream = record.raw_stream
    while stream.read(1 << 16):
        pass
    return int(getattr(stream, "limit", 0)) > 0


def _next_start(file: BinaryIO, start: int) -> int | None:
    """The next byte at which a record can be read: a gzip member that contains one, or the first line of one."""
    position = start
    while True:
        file.seek(position)
        chunk = file.read(READ_AHEAD)
        if len(chunk) < len(GZIP):
            return None
        found = min((place for place in _beginnings(chunk)), default=None)
        if found is None:
            position += max(1, len(chunk) - 16)
            if len(chunk) < READ_AHEAD:
                return None
        elif _opens(file, position + found):
            return position + found
        else:
            position += found + 1


def _beginnings(chunk: bytes) -> Iterator[int]:
    place = chunk.find(GZIP)
    if place >= 0:
        yield place
    match = FIRST_LINE.search(chunk)
    if match:
        yield match.start()


def _opens(file: BinaryIO, offset: int) -> bool:
    """Whether a record can be read at that byte."""
    file.seek(offset)
    try:
        return next(iter(WARCIterator(file)), None) is not None
    except Exception:  # any error means that there is no record
        return False


def _message(error: Exception) -> str:
    if "non-chunked" in str(error):
        return "all records are compressed together; `warcio recompress` makes a file with one gzip member per record"
    return " ".join(str(error).split())[:200] or type(error).__name__
