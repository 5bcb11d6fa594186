"""Copying documents from one version of the index to the next, as often as they are written."""

import random
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from opensearchpy import OpenSearch
from opensearchpy.helpers import scan

from engine.client import OVERLOADED, guard
from engine.errors import EngineUnavailable, OmmaError
from factors.base import Json
from ingest.renewing import Renewed, Renewer

BATCH = 128  # documents read and written together
KEPT_OPEN = "30m"  # a scroll, while models look at a batch
PATIENCE = 8  # rounds of waiting for an overloaded server
CONFLICT = 409
AWAY = ("cluster_block_exception", "index_not_found_exception")
SHOWN = 20  # failures that are told


@dataclass(slots=True)
class Counts:
    """How far it is: documents copied as they were, looked at again, and those whose picture could not be looked at."""

    total: int = 0
    copied: int = 0
    looked: int = 0
    failed: int = 0
    kept: int = 0  # were there already, from a reindex that was cut off
    deleted: int = 0
    failures: list[str] = field(default_factory=list)

    @property
    def done(self) -> int:
        """Documents that are where they should be; one that is written meanwhile counts again."""
        return self.copied + self.looked + self.failed + self.kept

    def add(self, picture: str, renewed: Renewed) -> None:
        """Count one document."""
        if renewed.failure:
            self.failed += 1
            self.failures = [*self.failures, f"{picture}: {renewed.failure}"][:SHOWN]
        elif renewed.looked:
            self.looked += 1
        else:
            self.copied += 1


Report = Callable[[Counts], Any]


class Copier:
    """Copies from the old index to the new one."""

    def __init__(self, client: OpenSearch, old: str, new: str, renewer: Renewer, *, counts: Counts, report: Report) -> None:
        """Nothing is read yet."""
        self._client, self._old, self._new = client, old, new
        self._renewer, self._counts, self._report = renewer, counts, report

    def catch_up(self, since: int) -> tuple[int, int]:
        """Copy what was written from sequence number `since` on: where to go on from, and how many documents were copied."""
        following = self._checkpoint() + 1
        self._refresh(self._old)
        written = 0
        for hits in _batches(self._hits(self._old, {"range": {"_seq_no": {"gte": since}}}), BATCH):
            waiting = self._outdated(hits)
            if since == 0:
                self._counts.kept += len(hits) - len(waiting)
            self._copy(waiting)
            written += len(waiting)
            self._report(self._counts)
        return following, written

    def forget_deleted(self) -> None:
        """Delete from the new index what is no longer in the old one."""
        self._refresh(self._new)
        for hits in _batches(self._hits(self._new, {"match_all": {}}, source=False), BATCH):
            ids = [hit["_id"] for hit in hits]
            gone = [document["_id"] for document in self._mget(self._old, ids) if not document.get("found")]
            self._counts.deleted += len(gone)
            self._send([{"delete": {"_index": self._new, "_id": picture}} for picture in gone])

    def differs(self) -> bool:
        """Whether the indices differ in size; the new one has everything that the old one has."""
        return self._size(self._old) != self._size(self._new)

    def renew_in_place(self, query: Json) -> None:
        """Renew documents of the new index; what is written at the same time is left to its writer."""
        for hits in _batches(self._hits(self._new, query), BATCH):
            renewed = self._renewer.renew({hit["_id"]: hit["_source"] for hit in hits})
            lines: list[Json] = []
            for hit in hits:
                place = {"if_seq_no": hit["_seq_no"], "if_primary_term": hit["_primary_term"]}
                lines += [{"index": {"_index": self._new, "_id": hit["_id"], **place}}, renewed[hit["_id"]].document]
            self._send(lines)
            for picture, made in renewed.items():
                self._counts.add(picture, made)

    def _copy(self, hits: list[Json]) -> None:
        renewed = self._renewer.renew({hit["_id"]: hit["_source"] for hit in hits})
        lines: list[Json] = []
        for hit in hits:
            place = {"version": version_of(hit), "version_type": "external"}
            lines += [{"index": {"_index": self._new, "_id": hit["_id"], **place}}, renewed[hit["_id"]].document]
        self._send(lines)
        for picture, made in renewed.items():
            self._counts.add(picture, made)

    def _outdated(self, hits: list[Json]) -> list[Json]:
        """Those whose copy is missing, or of an earlier state."""
        there = {d["_id"]: d["_version"] for d in self._mget(self._new, [hit["_id"] for hit in hits]) if d.get("found")}
        return [hit for hit in hits if there.get(hit["_id"]) != version_of(hit)]

    def _send(self, lines: list[Json]) -> None:
        """Write all; what another writer was faster with stays as that one has it."""
        send(self._client, lines)

    def _checkpoint(self) -> int:
        """The sequence number up to which every write of every shard is done."""
        with guard():
            shards = self._client.indices.stats(index=self._old, level="shards")["indices"][self._old]["shards"]
        return min(int(copy["seq_no"]["local_checkpoint"]) for copies in shards.values() for copy in copies)

    def _hits(self, index: str, query: Json, *, source: bool = True) -> Iterator[Json]:
        body = {"query": query, "_source": source, "seq_no_primary_term": True}
        with guard():
            yield from scan(self._client, index=index, query=body, size=BATCH, scroll=KEPT_OPEN)

    def _mget(self, index: str, ids: list[str]) -> list[Json]:
        with guard():
            found: list[Json] = self._client.mget(index=index, body={"ids": ids}, params={"_source": "false"})["docs"]
        return found

    def _size(self, index: str) -> int:
        self._refresh(index)
        with guard():
            return int(self._client.count(index=index)["count"])

    def _refresh(self, index: str) -> None:
        with guard():
            self._client.indices.refresh(index=index)


def send(client: OpenSearch, lines: list[Json]) -> set[str]:
    """Write all, waiting for an overloaded server; the documents that another writer was faster with.

    OmmaError where the mapping does not take a document, EngineUnavailable where the server stays overloaded or the index
    takes no writes now.
    """
    conflicts: set[str] = set()
    for attempt in range(PATIENCE):
        if not lines:
            return conflicts
        with guard():
            answers = [next(iter(item.values())) for item in client.bulk(body=lines)["items"]]
        _refuse([answer for answer in answers if "error" in answer and answer["status"] not in (CONFLICT, *OVERLOADED)])
        conflicts |= {answer["_id"] for answer in answers if answer["status"] == CONFLICT}
        lines = list(_of(lines, {answer["_id"] for answer in answers if answer["status"] in OVERLOADED}))
        time.sleep(min(2**attempt, 20) * random.uniform(0.1, 0.5) if lines else 0)  # noqa: S311  (no secret)
    raise EngineUnavailable("OpenSearch stays overloaded; this goes on where it was when it is run again")


def _refuse(refused: list[Json]) -> None:
    for answer in refused:
        if answer["error"].get("type") in AWAY:
            raise EngineUnavailable(f"{answer['_index']} takes no writes now: it is being replaced; run this again afterwards")
        raise OmmaError(f"{answer['_index']} does not take {answer['_id']}: {answer['error'].get('reason')}")


def version_of(hit: Json) -> int:
    """The external version of a copy; versions begin at one, sequence numbers at zero."""
    return int(hit["_seq_no"]) + 1


def _of(lines: list[Json], ids: set[str]) -> Iterator[Json]:
    """The lines of a bulk request that are of these documents; a deletion has one line, everything else two."""
    left = iter(lines)
    for action in left:
        (kind, target), *_ = action.items()
        body = [] if kind == "delete" else [next(left)]
        if target["_id"] in ids:
            yield from (action, *body)


def _batches(hits: Iterable[Json], size: int) -> Iterator[list[Json]]:
    left = iter(hits)
    while batch := list(islice(left, size)):
        yield batch
