"""Rows of a feed, each on its own: a broken row is told by its number and does not end the reading."""

import csv
import json
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from engine.errors import BadSource
from ingest.noise import has_surrogates

SNIFFED = 64 * 1024  # characters that tell the delimiter
LONGEST = 1024 * 1024  # characters of one row
SUSPICIOUS = 16  # a field with more line breaks than this has swallowed other rows


@dataclass(frozen=True, slots=True)
class Row:
    """Values by column; rows count from 1, without the header."""

    number: int
    values: dict[str, Any]


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that cannot be read."""

    number: int
    reason: str
    message: str


def read_rows(path: Path) -> Iterator[Row | BadRow]:
    """The rows of the file, in order; BadSource where it cannot be read at all."""
    try:
        for row in FORMATS[path.suffix.lower()](path):
            yield _checked(row)
    except OSError as error:
        raise BadSource(f"{path.name} cannot be read: {error.strerror or error}") from error


def _checked(row: Row | BadRow) -> Row | BadRow:
    """Halves of characters are refused by name, for no index takes them."""
    if isinstance(row, Row):
        bad = [name for name, value in row.values.items() if has_surrogates(f"{name}{value}")]
        if bad:
            shown = ", ".join(name.encode("utf-8", "backslashreplace").decode() for name in bad)
            return BadRow(row.number, "bad-characters", f"{shown}: not UTF-8, or half of a character (lone surrogate)")
    return row


def _csv(path: Path) -> Iterator[Row | BadRow]:
    """CSV line by line: a quote that is left open spoils its own row and not the rest of the file."""
    with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
        delimiter = _delimiter(file.read(SNIFFED).partition("\n")[0])
        file.seek(0)
        header = next(_records(file, delimiter), None)
        if not isinstance(header, list):
            raise BadSource(f"{path.name} has no header")
        names = [name.strip() for name in header]
        rows = _records(file, delimiter, len(names))
        yield from (_row(number, names, record) for number, record in enumerate(rows, start=1))


def _delimiter(header: str) -> str:
    return max(",;\t|", key=header.count)


def _records(lines: Iterable[str], delimiter: str, width: int = 0) -> Iterator[list[str] | str]:
    """Fields of each record, or what is wrong with it.

    A record may go on over lines inside quotes. When the quote does not close within `SUSPICIOUS` lines, or closes
    in what is no row of `width` fields, the first line alone is broken and reading goes on with the next one.
    """
    waiting: deque[str] = deque()
    source = iter(lines)
    while line := waiting.popleft() if waiting else next(source, ""):
        taken = [line]
        while _is_open(taken) and len(taken) <= SUSPICIOUS and (more := waiting.popleft() if waiting else next(source, "")):
            taken.append(more)
        record = "a quote is not closed" if _is_open(taken) else _fields(taken, delimiter)
        if len(taken) > 1 and (isinstance(record, str) or len(record) != (width or len(record))):
            waiting.extendleft(reversed(taken[1:]))
            record = "a quote is not closed"
        if record:
            yield record


def _is_open(lines: list[str]) -> bool:
    return sum(line.count('"') for line in lines) % 2 == 1


def _fields(lines: list[str], delimiter: str) -> list[str] | str:
    try:
        return next(csv.reader(lines, delimiter=delimiter, strict=True), [])
    except csv.Error as error:
        return str(error)


def _row(number: int, names: list[str], record: list[str] | str) -> Row | BadRow:
    if isinstance(record, str):
        return BadRow(number, "bad-quoting", record)
    if len(record) != len(names):
        return BadRow(number, "missing-column", f"{len(record)} fields where the header has {len(names)}")
    return Row(number, {name: value for name, value in zip(names, record, strict=True) if name})


def _json_lines(path: Path) -> Iterator[Row | BadRow]:
    with path.open(encoding="utf-8-sig", errors="surrogateescape") as file:
        lines = (line for line in file if line.strip())
        for number, line in enumerate(lines, start=1):
            yield _json_row(number, line)


def _json_row(number: int, line: str) -> Row | BadRow:
    if len(line) > LONGEST:
        return BadRow(number, "bad-row", f"longer than {LONGEST} characters")
    try:
        values = json.loads(line)
    except (ValueError, RecursionError) as error:
        return BadRow(number, "bad-row", f"not JSON: {error}")
    if not isinstance(values, dict):
        return BadRow(number, "bad-row", "not a JSON object")
    return Row(number, values)


def _parquet(path: Path) -> Iterator[Row | BadRow]:
    try:
        with pq.ParquetFile(path) as file:
            number = 0
            for batch in file.iter_batches(batch_size=1024):
                for values in batch.to_pylist():
                    number += 1
                    yield Row(number, values)
    except pa.ArrowException as error:
        raise BadSource(f"{path.name} is not readable Parquet: {error}") from error


FORMATS = {".csv": _csv, ".tsv": _csv, ".jsonl": _json_lines, ".ndjson": _json_lines, ".parquet": _parquet}
