"""Records of CSV and TSV files: finding the dialect (delimiter, quoting) of a file, and reading its records in bounded memory.

A file can be read in two ways. In the *quoted* reading (RFC 4180) a field may be in quotes and then contain delimiters, line
breaks and doubled quotes. In the *plain* reading every line is a record. In both, a quote inside an unquoted field is data.
The whole file is tried in both, and the reading with fewer bad records is used. A record that is ambiguous in it is bad.
Other quoting (`ingest.sources.quoting`) is rewritten to that of RFC 4180 first.
"""

import re
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from engine.errors import BadSource
from ingest.sources.quoting import Quoting, find_quoting, standard_lines
from ingest.sources.text_file import MAX_LINE, read_lines

DELIMITERS = ",;\t|"
BLANK = " \r\n\ufeff\x1a"  # the last one ends files of DOS
SEPARATOR_LINE = re.compile(r'^"?sep=(.)"?\s*$', re.IGNORECASE)  # Excel's
OPENING = re.compile(' *"')
CLOSING = re.compile(r'[^"]*+(?:""[^"]*+)*+"')
QUOTED_ROUGHLY = re.compile(' *".*" *')
QUOTED = re.compile(r' *"([^"]*+(?:""[^"]*+)*+)" *')
MAX_LINES = 200  # of a record with quotes that are not doubled
UNCLOSED = "a quote is not closed"
TRAILING = "text follows a closing quote; a quote inside a quoted field is written twice"
AMBIGUOUS = "a quote opens here, and the lines up to its closing quote are rows by themselves"


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a file is written. `preamble` is the number of lines before the header."""

    delimiter: str
    is_quoted: bool
    preamble: int = 0
    quoting: Quoting | None = None  # unless that of RFC 4180


@dataclass(frozen=True, slots=True)
class Record:
    """Fields, and their lines (from 1); `reason` and `message` explain why the record is bad, or are empty."""

    first: int
    last: int
    fields: list[str] = field(default_factory=list)
    reason: str = ""
    message: str = ""

    @property
    def lines(self) -> str:
        """The lines as text for messages."""
        return f"line {self.first}" if self.first == self.last else f"lines {self.first} to {self.last}"


def find_dialect(path: Path) -> Dialect:
    """The dialect with the fewest bad records; BadSource without a header.

    Candidates are the delimiter that a `sep=` line names, or those in the header, each with both readings.
    """
    lines = (line for line in read_lines(path) if line.strip(BLANK))
    first = next(lines, "")
    declared = SEPARATOR_LINE.match(first.lstrip("\ufeff"))
    header = next(lines, "") if declared else first
    if not header:
        raise BadSource(f"{path.name} has no header")
    if declared:
        delimiters = [declared.group(1)]
    else:
        present = [one for one in DELIMITERS if one in header] or [","]
        delimiters = sorted(present, key=lambda one: -len(_split(header, one)))
        if path.suffix.lower() == ".tsv" and "\t" in present:
            delimiters = ["\t"]
    costs = [cost for one in delimiters for cost in _costs(path, one, int(bool(declared)), header)]
    return min(costs, key=lambda cost: cost[0])[1]


def _costs(path: Path, delimiter: str, preamble: int, header: str) -> list[tuple[int, Dialect]]:
    """Both readings with their numbers of bad records.

    A quoted record of several lines counts as at least one bad record of the plain reading, even if its lines happen to have
    the header's width.
    """
    quoting = find_quoting(header, read_lines(path), delimiter)
    quoted, plain = Dialect(delimiter, True, preamble, quoting), Dialect(delimiter, False, preamble, quoting)
    bad = long = 0
    for record in read_records(read_lines(path), quoted):
        bad, long = bad + bool(record.reason), long + (not record.reason and record.last > record.first)
    if not bad:
        return [(0, quoted)]
    return [(bad, quoted), (max(long, sum(bool(one.reason) for one in read_records(read_lines(path), plain))), plain)]


def read_records(lines: Iterable[str], dialect: Dialect) -> Iterator[Record]:
    """The header, then every record, without blank lines.

    Records of another width than the header are bad, except for empty fields at the end, under no name or a missing one.
    """
    if dialect.quoting:
        lines = standard_lines(lines, dialect.quoting, dialect.delimiter)
    return (_QuotedReader if dialect.is_quoted else _PlainReader)(lines, dialect).records()


class _PlainReader:
    """Every line is a record; a field that is in quotes as a whole loses them."""

    def __init__(self, lines: Iterable[str], dialect: Dialect) -> None:
        self._source, self._waiting = enumerate(lines, start=1), deque[tuple[int, str]]()
        self._delimiter, self._preamble = dialect.delimiter, dialect.preamble
        self._width = 0  # of the header; -1 where it cannot be read
        self._named = 0  # the same without empty names at its end
        self._is_spaced = False
        mark = re.escape(dialect.delimiter)
        self._bounded = re.compile(
            rf'(?:^|(?<={mark})) *(?:"(.*?)" *(?={mark}|$)|([^{mark}"][^{mark}]*|)(?={mark}|$))', re.DOTALL
        )

    def records(self) -> Iterator[Record]:
        written = filter(lambda taken: bool(taken[1].strip(BLANK)), iter(self._take, None))
        for number, line in islice(written, self._preamble, None):
            record = self._too_long(number) if len(line) > MAX_LINE else self._record(number, line)
            if not self._width:
                self._width = len(record.fields) or -1
                self._named = len(_without_empty_end(record.fields))
                self._is_spaced = line.count(self._delimiter) == line.count(f"{self._delimiter} ")
            yield self._checked(record)

    def _record(self, number: int, line: str) -> Record:
        return Record(number, number, [_unquoted(one) for one in _split(line, self._delimiter)])

    def _checked(self, record: Record) -> Record:
        """The record, as wide as the header; bad if it is not."""
        if record.reason or len(record.fields) == self._width:
            return record
        named = _without_empty_end(record.fields)
        if len(named) <= self._width and len(record.fields) >= self._named > 0:
            fields = named + [""] * (self._width - len(named))
            return Record(record.first, record.last, fields)
        message = f"{record.lines}: {len(record.fields)} fields where the header has {self._width}"
        return Record(record.first, record.last, record.fields, "missing-column", message)

    def _too_long(self, number: int) -> Record:
        return Record(number, number, [], "bad-row", f"line {number}: longer than {MAX_LINE} characters")

    def _take(self) -> tuple[int, str] | None:
        return self._waiting.popleft() if self._waiting else next(self._source, None)


class _QuotedReader(_PlainReader):
    """A record may span lines inside quotes, up to `MAX_LINE` characters.

    Where the quote does not close, or the result is not a record, only the first line is bad and reading continues with the
    next one. No quote that opens within an ambiguous record may close after it: it may be the record's closing quote.
    """

    _ambiguous_until = 0  # the last line of the last ambiguous record

    def _record(self, number: int, line: str) -> Record:
        if '"' not in line:
            return Record(number, number, _split(line, self._delimiter))
        scan, taken, size = _Scan(self._delimiter), [(number, line)], len(line)
        scan.feed(line)
        while scan.is_open and size <= MAX_LINE and (more := self._take()):
            taken.append(more)
            size += len(more[1])
            scan.feed(more[1])
        fault = self._fault(scan, [text for _, text in taken])
        if fault == AMBIGUOUS:
            self._ambiguous_until = max(self._ambiguous_until, taken[-1][0])
        elif number <= self._ambiguous_until < taken[-1][0]:
            fault = fault or AMBIGUOUS
        if not fault:
            return Record(number, taken[-1][0], scan.fields)
        self._waiting.extendleft(reversed(taken[1:]))
        literal = self._literal(line) if fault == TRAILING and len(taken) == 1 else []
        if literal:
            return Record(number, number, literal)
        if fault in (TRAILING, UNCLOSED) and (record := self._over_lines(number, line)):
            return record
        where = f" (up to line {taken[-1][0]})" if fault == AMBIGUOUS else ""
        return Record(number, number, [], "bad-quoting", f"line {number}: {fault}{where}")

    def _fault(self, scan: "_Scan", lines: list[str]) -> str:
        """The fault of the scanned record, or empty."""
        if scan.is_open or (scan.is_broken and len(lines) > 1):
            return UNCLOSED
        if scan.is_broken:
            return TRAILING
        if len(lines) == 1 or not self._width:
            return ""
        if len(scan.fields) != self._width:  # one ragged record, or an open quote that swallowed others
            return UNCLOSED if any(self._is_row(line) for line in lines[1:]) else ""
        return AMBIGUOUS if self._could_be_rows(scan, lines) else ""

    def _could_be_rows(self, scan: "_Scan", lines: list[str]) -> bool:
        """Whether the lines of the record may be records whose quotes are data.

        They may if the first line and half of the others have the header's width. Delimiters in running text do not count: a
        space follows each of them.
        """
        rows = [len(_split(line, self._delimiter)) == self._width for line in lines if line.strip()]
        if not rows[0] or 2 * sum(rows[1:]) < len(rows) - 1:
            return False
        inside = "".join(one for one in scan.fields if "\n" in one or "\r" in one)
        return (
            self._is_spaced or self._delimiter == "\t" or inside.count(self._delimiter) != inside.count(f"{self._delimiter} ")
        )

    def _is_row(self, line: str) -> bool:
        scan = _Scan(self._delimiter)
        scan.feed(line)
        whole = not scan.is_open and not scan.is_broken and len(scan.fields) == self._width
        return whole or len(_split(line, self._delimiter)) == self._width

    def _literal(self, line: str) -> list[str]:
        """Fields of a line such as `a.jpg,"Best" mug,10`, with their quotes; empty if this reading is not possible."""
        fields = _split(line, self._delimiter)
        whole = all(one.count('"') % 2 == 0 or not OPENING.match(one) for one in fields)
        quoted = self._boundaries(line)
        if quoted and (not whole or all(QUOTED_ROUGHLY.fullmatch(one) for one in fields)):
            return quoted
        return [_unquoted(one) for one in fields] if whole and len(fields) == (self._width or len(fields)) else []

    def _over_lines(self, number: int, line: str) -> Record | None:
        """A record over several lines with quotes that are not doubled; only if none of its further lines may be a row."""
        taken, fields = [line], list[str]()
        while number > self._ambiguous_until and not fields and len(taken) <= MAX_LINES and (more := self._take()):
            taken.append(more[1])
            if self._is_row(more[1]):
                break
            fields = self._boundaries("".join(taken)) if '"' in more[1] else []
        if fields:
            return Record(number, number + len(taken) - 1, fields)
        self._waiting.extendleft(reversed(list(enumerate(taken[1:], start=number + 1))))
        return None

    def _boundaries(self, line: str) -> list[str]:
        """Fields of a line such as `"a.jpg","27" monitor"`, where quotes beside delimiters count; empty if they do not fit."""
        fields = [
            match.group(1).replace('""', '"') if match.group(1) is not None else match.group(2)
            for match in self._bounded.finditer(line.rstrip("\r\n"))
        ]
        return fields if len(fields) == self._width else []


class _Scan:
    """Fields of one record, fed line by line; each character is read once."""

    def __init__(self, delimiter: str) -> None:
        self.fields: list[str] = []
        self.is_open = self.is_broken = False
        self._delimiter, self._parts = delimiter, list[str]()

    def feed(self, line: str) -> None:
        """Scan the next line. Afterwards `is_open`: a quote is open; `is_broken`: text follows a closing quote."""
        text = line.rstrip("\r\n")
        at = self._closed(line, 0) if self.is_open else 0
        while not self.is_open and not self.is_broken and at <= len(text):
            opening = OPENING.match(text, at)
            at = self._closed(line, opening.end()) if opening else self._plain(text, at)

    def _plain(self, text: str, at: int) -> int:
        """Read an unquoted field; returns where the next one begins."""
        stop = text.find(self._delimiter, at)
        stop = len(text) if stop < 0 else stop
        self.fields.append(text[at:stop])
        return stop + 1

    def _closed(self, line: str, at: int) -> int:
        """Read a quoted field from after its opening quote; returns where the next one begins."""
        match = CLOSING.match(line, at)
        self.is_open = match is None
        if match is None:
            self._parts.append(line[at:])
            return len(line)
        self._parts.append(line[at : match.end() - 1])
        self.fields.append("".join(self._parts).replace('""', '"'))
        self._parts = []
        stop = line.find(self._delimiter, match.end())
        stop = len(line) if stop < 0 else stop
        self.is_broken = bool(line[match.end() : stop].strip(" \r\n"))
        return stop + 1


def _split(line: str, delimiter: str) -> list[str]:
    return line.rstrip("\r\n").split(delimiter)


def _without_empty_end(fields: list[str]) -> list[str]:
    """The fields up to the last one that is not blank."""
    return fields[: max((number for number, one in enumerate(fields, start=1) if one.strip()), default=0)]


def _unquoted(text: str) -> str:
    match = QUOTED.fullmatch(text) if '"' in text else None
    return match.group(1).replace('""', '"') if match else text
