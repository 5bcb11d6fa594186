"""A feed: one row, one image, as CSV, JSON Lines or Parquet. Rows are read first, then `FeedSource` makes items of them."""

import json
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, ClassVar

import pyarrow as pa
import pyarrow.parquet as pq

from engine.errors import BadPicture, BadSource, InputError
from ingest.item import Item, Refusal, facts_of
from ingest.prices import decimal_mark
from ingest.sources.delimited import Record, find_dialect, read_records
from ingest.sources.files import within
from ingest.sources.folder import name_snippet
from ingest.sources.registry import Source
from ingest.sources.sidecar import snippets_of
from ingest.sources.text_file import MAX_LINE, read_lines
from ingest.text import has_surrogates
from ingest.trash import filtered_alone

ROLES: dict[str, tuple[str, ...]] = {  # role -> usual names of its column
    "image": ("image", "picture", "image_url", "image_link", "picture_url", "path", "file", "filename", "photo", "img"),
    "page": ("page", "page_url", "link", "product_url", "url"),
    "title": ("title", "name", "product_name"),
    "description": ("description", "caption", "text", "summary"),
    "alt": ("alt", "alt_text"),
    "keywords": ("keywords", "tags"),
    "price": ("price",),
    "category": ("category", "product_type"),
    "date": ("date", "published"),
    "place": ("place", "location"),
    "latitude": ("latitude", "lat"),
    "longitude": ("longitude", "lon", "lng"),
    "language": ("language", "lang"),
}
PRICE_SAMPLE = 2000  # rows read ahead to find the decimal mark of the feed's prices


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


class FeedSource(Source):
    """Rows with an image's path (relative to the feed, inside its folder) or address; other columns are facets.

    `columns` (role -> column) assigns a role to a column; without it, the column's name decides, see `ROLES`. A reference is
    the row's number, so that two rows with the same image stay separate.
    """

    name: ClassVar[str] = "feed"
    accepts: ClassVar[str] = f"a feed ({', '.join(FORMATS)})"
    about: ClassVar[str] = "One row is one image, by a path inside the feed's folder or by an http(s) address."

    @classmethod
    def opens(cls, address: str, path: Path | None) -> bool:
        """Files whose suffix is a feed's."""
        return path is not None and path.is_file() and path.suffix.lower() in FORMATS

    @classmethod
    def collection_of(cls, address: str, path: Path | None) -> str:
        """The file's name without its suffix."""
        return path.stem if path else cls.name

    def __post_init__(self) -> None:
        """Raise BadSource for an unknown role."""
        super().__post_init__()
        unknown = sorted(set(self.columns) - set(ROLES))
        if unknown:
            raise BadSource(f"{', '.join(unknown)}: not a role of a column; roles are {', '.join(ROLES)}")
        self.decimal = ""  # the decimal mark of the feed's prices, found in its first rows

    def items(self, only: Collection[str] | None = None) -> Iterator[Item | Refusal]:
        """Every row, in order; BadSource as `read_rows`."""
        self.decimal = decimal_mark(self._prices())
        for row in read_rows(Path(self.spec)):
            if only is None or f"row {row.number}" in only:
                yield self._item(row)

    def _prices(self) -> Iterator[Any]:
        """Prices of the first rows, unparsed."""
        rows = (row.values for row in islice(read_rows(Path(self.spec)), PRICE_SAMPLE) if isinstance(row, Row))
        yield from (values.get(self._column("price", values)) for values in rows)

    def _item(self, row: Row | BadRow) -> Item | Refusal:
        reference = f"row {row.number}"
        if isinstance(row, BadRow):
            return Refusal(reference, row.reason, row.message)
        try:
            return self._read(row.values, reference)
        except BadPicture as error:
            return Refusal(reference, error.reason, str(error))
        except InputError as error:
            return Refusal(reference, "bad-value", str(error))

    def _read(self, values: Mapping[str, Any], reference: str) -> Item:
        used = {role: column for role in ROLES if (column := self._column(role, values))}
        record = {role: values[column] for role, column in used.items()}
        facets = {name: value for name, value in values.items() if name not in used.values()}
        facts = facts_of(record | {"facets": facets}, known=ROLES, decimal=self.decimal) | self._image_location(record)
        return Item(
            source=self.spec,
            reference=reference,
            collection=self.collection,
            snippets=filtered_alone((*snippets_of(record), *name_snippet(str(record.get("image") or "")))),
            **facts,
        )

    def _column(self, role: str, values: Mapping[str, Any]) -> str:
        """The column of this role: the one that `columns` names, or the first with a usual name; empty without one."""
        if role in self.columns:
            return self.columns[role] if self.columns[role] in values else ""
        assigned = set(self.columns.values())
        lowered = {name.lower(): name for name in reversed(list(values)) if name not in assigned}
        return next((lowered[name] for name in ROLES[role] if name in lowered), "")

    def _image_location(self, record: Mapping[str, Any]) -> dict[str, str]:
        """`address`, or `original` once the file is in the store; BadPicture."""
        image = str(record.get("image") or "").strip()
        if not image:
            column = self.columns.get("image", "image")
            raise BadPicture("missing-column", f"the row has no picture (column {column!r})")
        if "\0" in image:
            raise BadPicture("bad-characters", "the picture's path holds a NUL character")
        if "://" in image:
            return {"address": image}
        folder = Path(self.spec).parent
        if not within(folder / image, folder):
            raise BadPicture("outside", "the path leads out of the feed's folder")
        return {"original": self.keep(folder / image)[0]}
