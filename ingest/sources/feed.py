"""A feed: one row, one picture, as CSV, JSON Lines or Parquet."""

from collections.abc import Collection, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any, ClassVar

from engine.errors import BadPicture, BadSource, InputError
from ingest.facts import facts_of
from ingest.item import Item, Refusal
from ingest.prices import decimal_mark
from ingest.sources.base import Source
from ingest.sources.beside import snippets_of
from ingest.sources.files import within
from ingest.sources.folder import name_snippet
from ingest.sources.rows import FORMATS, BadRow, Row, read_rows
from ingest.trash import filtered_alone

__all__ = ["FORMATS", "ROLES", "FeedSource"]

PRICES_READ = 2000  # rows that are read ahead to see which decimal mark their prices have
ROLES: dict[str, tuple[str, ...]] = {
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


class FeedSource(Source):
    """Rows with a picture's path (relative to the feed, inside its folder) or address; other columns are facets.

    `columns` (role -> column) gives a column its role, or else its name does; see `ROLES`. References are row numbers
    and the image, so that two rows with one picture stay apart.
    """

    name: ClassVar[str] = "feed"
    accepts: ClassVar[str] = f"a feed ({', '.join(FORMATS)})"
    about: ClassVar[str] = "One row is one image, by a path inside the feed's folder or by an http(s) address."

    @classmethod
    def opens(cls, address: str, path: Path | None) -> bool:
        """Files whose name ends as feeds do."""
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
        """Every row, in order; BadSource where the file as a whole cannot be read."""
        self.decimal = decimal_mark(self._prices())
        for row in read_rows(Path(self.spec)):
            if only is None or f"row {row.number}" in only:
                yield self._item(row)

    def _prices(self) -> Iterator[Any]:
        """Prices of the first rows, as they are written."""
        rows = (row.values for row in islice(read_rows(Path(self.spec)), PRICES_READ) if isinstance(row, Row))
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
        facts = facts_of(record | {"facets": facets}, known=ROLES, decimal=self.decimal) | self._whereabouts(record)
        return Item(
            source=self.spec,
            reference=reference,
            collection=self.collection,
            snippets=filtered_alone((*snippets_of(record), *name_snippet(str(record.get("image") or "")))),
            **facts,
        )

    def _column(self, role: str, values: Mapping[str, Any]) -> str:
        """The column that plays the role: the one that `columns` names, or the first with a usual name."""
        if role in self.columns:
            return self.columns[role] if self.columns[role] in values else ""
        told = set(self.columns.values())
        lowered = {name.lower(): name for name in reversed(list(values)) if name not in told}
        return next((lowered[name] for name in ROLES[role] if name in lowered), "")

    def _whereabouts(self, record: Mapping[str, Any]) -> dict[str, str]:
        picture = str(record.get("image") or "").strip()
        if not picture:
            column = self.columns.get("image", "image")
            raise BadPicture("missing-column", f"the row has no picture (column {column!r})")
        if "\0" in picture:
            raise BadPicture("bad-characters", "the picture's path holds a NUL character")
        if "://" in picture:
            return {"address": picture}
        folder = Path(self.spec).parent
        if not within(folder / picture, folder):
            raise BadPicture("outside", "the path leads out of the feed's folder")
        return {"original": self.keep(folder / picture)[0]}
