"""A feed: one row, one image or several, as CSV, JSON Lines or Parquet. Rows are read first, then made into items."""

import hashlib
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

from engine.errors import BadPicture, BadSource, InputError
from ingest.item import Conventions, Item, Refusal, facts_of
from ingest.sources.feed_columns import MORE_IMAGES, ROLES, Columns, conventions_of, key_of, normal
from ingest.sources.feed_pictures import pictures_of
from ingest.sources.files import within
from ingest.sources.folder import name_snippet
from ingest.sources.registry import Source
from ingest.sources.rows import FORMATS, BadRow, Row, read_rows
from ingest.sources.sidecar import snippets_of
from ingest.trash import filtered_alone

MAX_REFERENCE = 300  # characters; the rest is a hash


class FeedSource(Source):
    """Rows with an image's path (relative to the feed, inside its folder) or address; other columns are facets.

    `columns` (role -> column) assigns a role to a column; without it, the column's name decides, see
    `ingest.sources.feed_columns`. A reference is the picture with the row's identifier, or with its page, so that it stays the
    same where rows are added or removed; further rows with the same reference are numbered.
    """

    name: ClassVar[str] = "feed"
    accepts: ClassVar[str] = f"a feed ({', '.join(FORMATS)})"
    about: ClassVar[str] = (
        "One row is one image, or several, by paths inside the feed's folder or by http(s) addresses; a later reading replaces "
        "what the rows said before."
    )

    is_state: ClassVar[bool] = True

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
        self._columns = Columns(self.columns)
        self._conventions = Conventions()  # found in all rows
        self._references: Counter[str] = Counter()

    def items(self, only: Collection[str] | None = None) -> Iterator[Item | Refusal]:
        """Every picture of every row, in order; rows without any value are counted as skipped. BadSource as `read_rows`."""
        self._columns = Columns(self.columns).completed(self._values())
        self._conventions = conventions_of(self._values(), self._columns)
        for row, reference, picture in self._pictures():
            if only is None or reference in only or f"row {row.number}" in only:
                yield self._item(row, reference, picture)

    def references(self) -> Collection[str]:
        """The references of all rows that can be read; others are counted as unreadable."""
        self._columns = Columns(self.columns).completed(self._values())
        found = [(row, reference) for row, reference, _ in self._pictures()]
        self.unreadable = sum(isinstance(row, BadRow) for row, _ in found)
        return {reference for row, reference in found if isinstance(row, Row)}

    def _values(self) -> Iterator[Mapping[str, Any]]:
        """Values of the rows that can be read."""
        return (row.values for row in read_rows(Path(self.spec)) if isinstance(row, Row))

    def _pictures(self) -> Iterator[tuple[Row | BadRow, str, str]]:
        """Rows with a reference and a picture, empty without one; a row with several pictures is repeated."""
        self._references, self.skipped = Counter(), 0
        for row in read_rows(Path(self.spec)):
            if isinstance(row, BadRow):
                yield row, f"row {row.number}", ""
            elif any(str(value).strip() for value in row.values.values() if value is not None):
                used = self._columns.of(row.values)
                pictures = pictures_of(self._cells(row, used), Path(self.spec).parent)
                yield from ((row, self._reference(row, used, picture), picture) for picture in pictures or [""])
            else:
                self.skipped += 1

    @staticmethod
    def _cells(row: Row, used: Mapping[str, str]) -> list[Any]:
        """The cells that name pictures."""
        more = [name for name in row.values if name not in used.values() and MORE_IMAGES.fullmatch(normal(name))]
        return [row.values[name] for name in ([used["image"]] if "image" in used else []) + more]

    def _reference(self, row: Row, used: Mapping[str, str], picture: str) -> str:
        key = key_of(row.values) or str(row.values.get(used.get("page", "")) or "").strip()
        text = " ".join(filter(None, (picture, key))).replace("\0", " ") or f"row {row.number}"
        if len(text) > MAX_REFERENCE:
            text = f"{text[:MAX_REFERENCE]} {hashlib.sha256(text.encode()).hexdigest()[:16]}"
        self._references[text] += 1
        return text if self._references[text] == 1 else f"{text} #{self._references[text]}"

    def _item(self, row: Row | BadRow, reference: str, picture: str) -> Item | Refusal:
        if isinstance(row, BadRow):
            return Refusal(reference, row.reason, row.message)
        try:
            return self._read(row.values, reference, picture)
        except BadPicture as error:
            return Refusal(reference, error.reason, f"row {row.number}: {error}")
        except InputError as error:
            return Refusal(reference, "bad-value", f"row {row.number}: {error}")

    def _read(self, values: Mapping[str, Any], reference: str, picture: str) -> Item:
        used = self._columns.of(values)
        record = {role: values[column] for role, column in used.items()}
        shown = {*used.values(), *(name for name in values if MORE_IMAGES.fullmatch(normal(name)))}
        facets = {name: value for name, value in values.items() if name not in shown}
        facts = facts_of(record | {"facets": facets}, known=ROLES, conventions=self._conventions)
        facts |= self._image_location(picture)
        return Item(
            source=self.spec,
            reference=reference,
            collection=self.collection,
            snippets=filtered_alone((*snippets_of(record), *name_snippet(picture))),
            **facts,
        )

    def _image_location(self, image: str) -> dict[str, str]:
        """`address`, or `original` once the file is in the store; BadPicture."""
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
