"""Quarantine: items that could not be indexed, with the reason and the data for another try."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from opensearchpy import OpenSearch
from opensearchpy.exceptions import NotFoundError as MissingError

from engine.connections import guard
from engine.errors import BadQuestion, NotFoundError
from engine.settings import Settings
from ingest.item import Item
from mappings.records import KEYWORD, STORED_ONLY, Records

FIELDS: dict[str, Any] = {
    **dict.fromkeys(("source", "reference", "collection", "reason", "job", "original"), KEYWORD),
    "message": {"type": "text"},
    "time": {"type": "date"},
    "item": STORED_ONLY,
    "origin": STORED_ONLY,
}
ID_LENGTH, MIN_PREFIX = 32, 6  # characters of an id, and of a prefix that finds one
MAX_PAGED = 10_000  # entries that paging reaches; the total counts all


@dataclass(frozen=True, slots=True)
class Entry:
    """One item that could not be indexed.

    `item`: its form in the queue, if the source could make one. `origin`: the arguments that open the source again.
    """

    source: str
    reference: str
    collection: str
    reason: str
    message: str = ""
    job: str = ""
    original: str = ""
    item: dict[str, Any] | None = None
    origin: dict[str, Any] | None = None
    time: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="milliseconds"))

    @property
    def id(self) -> str:
        """The id; the same item has the same id, so a new entry replaces the old one."""
        return entry_id(self.source, self.reference, self.collection)

    def as_json(self) -> dict[str, Any]:
        """The form in the index."""
        return {name: getattr(self, name) for name in FIELDS}


def entry_id(source: str, reference: str, collection: str) -> str:
    """The id of the item's entry."""
    return hashlib.sha256("\0".join((source, reference, collection)).encode("utf-8", "replace")).hexdigest()[:ID_LENGTH]


def entry_of(item: Item, reason: str, message: str, *, job: str, origin: dict[str, Any] | None) -> Entry:
    """The entry for an item that could not be indexed."""
    return Entry(item.source, item.reference, item.collection, reason, message, job, item.original, item.as_json(), origin)


class Quarantine:
    """The index `<prefix>-quarantine`."""

    def __init__(self, client: OpenSearch, settings: Settings) -> None:
        """The index is created with the first entry."""
        self._client, self._index = client, f"{settings.index_prefix}-quarantine"
        self._records = Records(client, self._index, FIELDS, settings.index_replicas)

    def add(self, entries: Sequence[Entry]) -> None:
        """Add entries; existing ones are replaced."""
        self._records.put({entry.id: entry.as_json() for entry in entries})

    def get(self, entry: str) -> Entry:
        """The entry of that id; NotFoundError."""
        found = self._records.some([entry]) if entry else {}
        if entry not in found:
            raise NotFoundError(f"quarantine has no entry {entry[:80]!r}")
        return Entry(**found[entry])

    def find(self, beginning: str) -> Entry:
        """The entry whose id has this prefix of at least 6 characters; NotFoundError, BadQuestion for several entries."""
        if not MIN_PREFIX <= len(beginning) < ID_LENGTH:
            return self.get(beginning)
        found = [entry for entry in self._records.ids() if entry.startswith(beginning)]
        if len(found) > 1:
            raise BadQuestion(f"{len(found)} entries of the quarantine begin with {beginning!r}; give more of the id")
        return self.get(found[0] if found else beginning)

    def all(self, *, collection: str = "") -> Iterable[Entry]:
        """Every entry, in any order."""
        query = {"term": {"collection": collection}} if collection else None
        return (Entry(**record) for _, record in self._records.all(query))

    def some(self, entries: Sequence[str]) -> list[Entry]:
        """The existing entries with these ids."""
        return [Entry(**record) for record in self._records.some(entries).values()]

    def drop(self, entries: Sequence[str]) -> int:
        """Delete entries; returns the number of those that existed."""
        found = [entry.id for entry in self.some(entries)]
        self._records.delete(found)
        return len(found)

    def list(self, *, page: int = 1, number: int = 50, collection: str = "", reason: str = "") -> tuple[int, list[Entry]]:
        """The total number of entries, and a page of them, latest first."""
        wanted = [{"term": {k: v}} for k, v in (("collection", collection), ("reason", reason)) if v]
        start = min((page - 1) * number, MAX_PAGED - number)
        body = {
            "query": {"bool": {"filter": wanted}},
            "sort": [{"time": "desc"}, {"reference": "asc"}],
            "from": start,
            "size": number,
            "track_total_hits": True,
        }
        try:
            with guard():
                hits = self._client.search(index=self._index, body=body)["hits"]
        except MissingError:
            return 0, []
        return int(hits["total"]["value"]), [Entry(**hit["_source"]) for hit in hits["hits"]]
