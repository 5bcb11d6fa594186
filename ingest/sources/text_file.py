"""Text files in unknown encodings, read line by line in bounded memory."""

import codecs
import re
from collections.abc import Iterator
from pathlib import Path

from charset_normalizer import from_bytes

from ingest.sources.code_pages import latin_code_page, one_language_code_page, own_script_code_page

MAX_LINE = 1024 * 1024  # characters; a longer line is cut
CHUNK = 1024 * 1024  # bytes read at a time
SAMPLE = 64 * 1024  # bytes from which an encoding is guessed
MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
MARK_UNDECODABLE = "omma-mark-undecodable"
MARKED, NOT_ASCII = re.compile("[\udc00-\udcff]"), re.compile("[^\x00-\x7f]")
HIGH_BYTES = re.compile(rb"[\x80-\xff]+")
LONG_RUN = 3  # bytes beyond ASCII in a row; words of Latin scripts rarely have as many
OTHER_SCRIPTS = ["cp1251", "koi8_r", "cp866", "cp1253", "cp932", "gb18030", "big5", "cp949"]


def read_lines(path: Path) -> Iterator[str]:
    """Lines with their ends (LF, CRLF or CR), of at most `MAX_LINE` + 1 characters; OSError.

    Bytes that do not fit the encoding become lone surrogates, so that `ingest.text.has_surrogates` finds them.
    """
    with path.open(encoding=encoding_of(path), errors=MARK_UNDECODABLE, newline="") as file:
        while line := file.readline(MAX_LINE + 1):
            yield line
            while len(line) > MAX_LINE and line[-1] not in "\r\n":
                line = file.readline(MAX_LINE + 1) or "\n"


def encoding_of(path: Path) -> str:
    """Name of the codec, from the byte-order mark or, without one, from all bytes of the file.

    Files with more invalid than valid characters beyond ASCII are not UTF-8. They are read in the code page in which their
    letters are those of a language, or in an encoding of another script where most bytes beyond ASCII are in long runs.
    """
    with path.open("rb") as file:
        head = file.read(4096)
    marked = next((codec for mark, codec in MARKS if head.startswith(mark)), "") or _unmarked_utf16(head)
    return marked or _from_content(path)


def _unmarked_utf16(head: bytes) -> str:
    """UTF-16 without a byte-order mark, where every second byte of ASCII text is NUL; else empty."""
    even, odd = head[::2].count(0), head[1::2].count(0)
    if max(even, odd) * 4 < len(head) or min(even, odd) * 10 > max(even, odd):
        return ""
    return "utf-16-be" if even > odd else "utf-16-le"


def _from_content(path: Path) -> str:
    decoder = codecs.getincrementaldecoder("utf-8")(MARK_UNDECODABLE)
    damaged = sound = 0
    sample = b""
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            text = decoder.decode(chunk)
            if not text.isascii():
                bad = len(MARKED.findall(text))
                damaged, sound = damaged + bad, sound + len(NOT_ASCII.findall(text)) - bad
                sample = sample or _around_high_bytes(chunk)
        damaged += len(MARKED.findall(decoder.decode(b"", final=True)))
    return "utf-8" if damaged <= sound else _legacy(sample)


def _around_high_bytes(chunk: bytes) -> bytes:
    """The lines with bytes beyond ASCII, bounded."""
    return b"\n".join(line for line in chunk[: 16 * SAMPLE].splitlines() if not line.isascii())[:SAMPLE]


def _legacy(sample: bytes) -> str:
    runs = [len(run) for run in HIGH_BYTES.findall(sample)]
    if 2 * sum(run for run in runs if run >= LONG_RUN) <= sum(runs):
        return latin_code_page(sample)
    if codec := own_script_code_page(sample) or one_language_code_page(sample):
        return codec
    best = from_bytes(sample, cp_isolation=OTHER_SCRIPTS).best()
    return best.encoding if best else latin_code_page(sample)


def _mark(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return "".join(chr(0xDC00 | byte) for byte in error.object[error.start : error.end]), error.end


codecs.register_error(MARK_UNDECODABLE, _mark)
