"""Quarantine: what could not be used, why, and what it takes to try again."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from opensearchpy import OpenSearch
from opensearchpy.exceptions import NotFoundError as MissingError
from opensearchpy.exceptions import RequestError
from opensearchpy.helpers import bulk, scan

from engine.client import guard
from engine.errors import NotFoundError
from engine.settings import Settings
from ingest.item import Item

KEYWORD = {"type": "keyword", "ignore_above": 4096}
KEPT = {"type": "object", "enabled": False}
FIELDS: dict[str, Any] = {
    **dict.fromkeys(("source", "reference", "collection", "reason", "job", "original"), KEYWORD),
    "message": {"type": "text"},
    "time": {"type": "date"},
    "item": KEPT,
    "origin": KEPT,
}
DEEPEST = 10_000  # entries that can be paged through; the rest is told by the total


@dataclass(frozen=True, slots=True)
class Entry:
    """One item that could not be used.

    `item` is what the queue carried, where the source could make one; `origin` is what opens the source again.
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
        """The same item refused again is the same entry."""
        return entry_id(self.source, self.reference, self.collection)

    def as_json(self) -> dict[str, Any]:
        """As it rests in the index."""
        return {name: getattr(self, name) for name in FIELDS}


def entry_id(source: str, reference: str, collection: str) -> str:
    """The id of the entry of that item."""
    return hashlib.sha256("\0".join((source, reference, collection)).encode("utf-8", "replace")).hexdigest()[:32]


def entry_of(item: Item, reason: str, message: str, *, job: str, origin: dict[str, Any] | None) -> Entry:
    """The entry for an item that could not be used."""
    return Entry(item.source, item.reference, item.collection, reason, message, job, item.original, item.as_json(), origin)


class Quarantine:
    """The index `<prefix>-quarantine`."""

    def __init__(self, client: OpenSearch, settings: Settings) -> None:
        """The index is made when something is first put into it."""
        self._client, self._index = client, f"{settings.index_prefix}-quarantine"
        self._replicas, self._ready = settings.index_replicas, False

    def add(self, entries: Sequence[Entry]) -> None:
        """Put them in; an entry that is there is replaced."""
        if not entries:
            return
        self._ensure()
        actions = [{"_op_type": "index", "_index": self._index, "_id": e.id, "_source": e.as_json()} for e in entries]
        self._bulk(actions)

    def get(self, entry: str) -> Entry:
        """The entry of that id; NotFoundError."""
        if not entry:
            raise NotFoundError("an entry of quarantine has an id, and this one is empty")
        try:
            with guard():
                return Entry(**self._client.get(index=self._index, id=entry)["_source"])
        except MissingError as error:
            raise NotFoundError(f"quarantine has no entry {entry[:80]!r}") from error

    def all(self, *, collection: str = "") -> Iterable[Entry]:
        """Every entry, in no order."""
        query: dict[str, Any] = {"term": {"collection": collection}} if collection else {"match_all": {}}
        try:
            with guard():
                for hit in scan(self._client, index=self._index, query={"query": query}):
                    yield Entry(**hit["_source"])
        except MissingError:
            return

    def some(self, entries: Sequence[str]) -> list[Entry]:
        """Those of these ids that are there."""
        if not entries:
            return []
        try:
            with guard():
                found = self._client.mget(index=self._index, body={"ids": list(entries)})["docs"]
        except MissingError:
            return []
        return [Entry(**document["_source"]) for document in found if document.get("found")]

    def drop(self, entries: Sequence[str]) -> int:
        """Take these out; how many were there."""
        found = [entry.id for entry in self.some(entries)]
        self._bulk([{"_op_type": "delete", "_index": self._index, "_id": entry} for entry in found])
        return len(found)

    def _bulk(self, actions: Sequence[dict[str, Any]]) -> None:
        if actions:
            with guard():
                bulk(self._client, actions, refresh=True, max_retries=5, initial_backoff=1, ignore_status=(404,))

    def _ensure(self) -> None:
        """Make the index; several workers may come at once."""
        if self._ready:
            return
        body = {
            "settings": {"number_of_shards": 1, "number_of_replicas": self._replicas},
            "mappings": {"dynamic": "strict", "properties": FIELDS},
        }
        with guard():
            if not self._client.indices.exists(index=self._index):
                try:
                    self._client.indices.create(index=self._index, body=body)
                except RequestError as error:
                    if error.error != "resource_already_exists_exception":
                        raise
        self._ready = True

    def list(self, *, page: int = 1, number: int = 50, collection: str = "", reason: str = "") -> tuple[int, list[Entry]]:
        """How many there are in all, and a page of them, latest first."""
        wanted = [{"term": {k: v}} for k, v in (("collection", collection), ("reason", reason)) if v]
        start = min((page - 1) * number, DEEPEST - number)
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
