"""Rows of a feed: CSV, TSV, JSON Lines or Parquet, each row with its values by column, or with the reason why it is bad."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from engine.errors import BadSource, InputError
from ingest.sources.delimited import Record, find_dialect, read_records
from ingest.sources.text_file import MAX_LINE, read_lines
from ingest.text import has_surrogates


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
    """The rows of the file, in order; BadSource where the whole file cannot be read, or two columns have the same name."""
    try:
        for row in FORMATS[path.suffix.lower()](path):
            yield _checked(row)
    except OSError as error:
        raise BadSource(f"{path.name} cannot be read: {error.strerror or error}") from error


def _checked(row: Row | BadRow) -> Row | BadRow:
    """Refuse lone surrogates by column name: no index accepts them."""
    if isinstance(row, Row):
        bad = [name for name, value in row.values.items() if has_surrogates(f"{name}{value}")]
        if bad:
            shown = ", ".join(name.encode("utf-8", "backslashreplace").decode() for name in bad)
            return BadRow(row.number, "bad-characters", f"{shown}: not UTF-8, or a lone surrogate")
    return row


def _check_columns(path: Path, names: Iterable[str]) -> None:
    """BadSource where two columns have the same name: choosing one could index the wrong price or image in every row."""
    repeated = [name for name, times in Counter(filter(None, names)).items() if times > 1]
    if repeated:
        shown = ", ".join(repr(name) for name in repeated)
        raise BadSource(f"{path.name} has several columns of one name: {shown}; rename or remove all but one of each")


def _delimited(path: Path) -> Iterator[Row | BadRow]:
    """CSV and TSV; see `ingest.sources.delimited`. Columns without a name are ignored."""
    records = read_records(read_lines(path), find_dialect(path))
    header = next(records, None)
    if header is None or header.reason:
        raise BadSource(f"{path.name}: the header cannot be read: {header.message if header else 'the file is empty'}")
    names = [name.strip() for name in header.fields]
    _check_columns(path, names)
    yield from (_delimited_row(number, names, record) for number, record in enumerate(records, start=1))


def _delimited_row(number: int, names: list[str], record: Record) -> Row | BadRow:
    if record.reason:
        return BadRow(number, record.reason, record.message)
    return Row(number, {name: value for name, value in zip(names, record.fields, strict=True) if name})


def _json_lines(path: Path) -> Iterator[Row | BadRow]:
    lines = (line for line in read_lines(path) if line.strip())
    yield from (_json_row(number, line) for number, line in enumerate(lines, start=1))


def _json_row(number: int, line: str) -> Row | BadRow:
    if len(line) > MAX_LINE:
        return BadRow(number, "bad-row", f"longer than {MAX_LINE} characters")
    try:
        values = json.loads(line.strip(), object_pairs_hook=_unique_keys)
    except InputError as error:
        return BadRow(number, "bad-row", str(error))
    except (ValueError, RecursionError) as error:
        return BadRow(number, "bad-row", f"not JSON: {error}")
    if not isinstance(values, dict):
        return BadRow(number, "bad-row", "not a JSON object")
    return Row(number, values)


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) < len(pairs):
        repeated = next(key for key, times in Counter(key for key, _ in pairs).items() if times > 1)
        raise InputError(f"the key {repeated!r} occurs more than once in an object")
    return values


def _parquet(path: Path) -> Iterator[Row | BadRow]:
    try:
        with pq.ParquetFile(path) as file:
            _check_columns(path, file.schema_arrow.names)
            rows = (values for batch in file.iter_batches(batch_size=1024) for values in batch.to_pylist())
            yield from (Row(number, values) for number, values in enumerate(rows, start=1))
    except pa.ArrowException as error:
        raise BadSource(f"{path.name} is not readable Parquet: {error}") from error


FORMATS = {".csv": _delimited, ".tsv": _delimited, ".jsonl": _json_lines, ".ndjson": _json_lines, ".parquet": _parquet}
