"""Backfill: documents of an index are made anew, and written in place or as copies into a new index.

Both ways are safe while others write. In place, a document is written only in the state in which it was read; where another
writer was faster, it is read and made anew again. A copy has the sequence number of the original as its external version: it is
written again exactly when the original was written since, in whatever order, so a backfill that was cut off resumes.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from opensearchpy import OpenSearch
from opensearchpy.exceptions import NotFoundError as MissingError

from engine.connections import guard
from engine.errors import EngineUnavailable
from engine.settings import Settings
from factors.base import Json
from mappings import versions
from mappings.bulk import Action, Result, Status, Stored, read, read_all, write_all

COPY_BATCH = 128  # documents read and written together
MAX_ROUNDS = 8  # in which other writers may be faster with the same documents
MAX_FAILURES_SHOWN = 20
REPLACED = "the index was replaced meanwhile; run this again"


@dataclass(frozen=True, slots=True)
class Remade:
    """A document as it is to be from now on; None: it is to be deleted.

    `extracted`: models ran on its image. `failure`: why an extractor or a factor failed, or the image could not be read.
    """

    document: Json | None
    extracted: bool = False
    failure: str = ""


class CanRemake(Protocol):
    """Makes documents anew: ingest.remake.Remaker, or the removal of a collection."""

    def remake(self, documents: Mapping[str, Mapping[str, Any]]) -> dict[str, Remade]:
        """One result for each document, by image."""


@dataclass(slots=True)
class Counts:
    """Progress of a backfill, in documents."""

    total: int = 0
    copied: int = 0  # made anew without running a model
    extracted: int = 0
    failed: int = 0  # an extractor or a factor failed
    kept: int = 0  # copied by an earlier run that was cut off
    gone: int = 0  # deleted meanwhile
    deleted: int = 0  # copies that were deleted, because their originals were
    failures: list[str] = field(default_factory=list)

    @property
    def done(self) -> int:
        """Finished documents; one that is written meanwhile counts again."""
        return self.copied + self.extracted + self.failed + self.kept + self.gone

    def add(self, image: str, remade: Remade | None) -> None:
        """Count one document; None for one that was deleted meanwhile."""
        if remade is None:
            self.gone += 1
        elif remade.failure:
            self.failed += 1
            self.failures = [*self.failures, f"{image}: {remade.failure}"][:MAX_FAILURES_SHOWN]
        elif remade.extracted:
            self.extracted += 1
        else:
            self.copied += 1


Report = Callable[[Counts], Any]


def in_place(
    client: OpenSearch, settings: Settings, index: str, query: Json, remaker: CanRemake
) -> Iterator[tuple[str, Remade | None]]:
    """Make the documents of the current index that match a query anew where they are; each is yielded once it is written.

    None stands for a document that was deleted meanwhile. EngineUnavailable where the index is replaced meanwhile, or others
    never stop writing the same documents.
    """
    try:
        for batch in read_all(client, index, query, settings.batch_size):
            yield from _replace(client, settings, index, batch, remaker)
    except MissingError as error:
        raise EngineUnavailable(REPLACED) from error


def _replace(
    client: OpenSearch, settings: Settings, index: str, batch: list[Stored], remaker: CanRemake
) -> Iterator[tuple[str, Remade | None]]:
    waiting = {stored.id: stored for stored in batch}
    for _ in range(MAX_ROUNDS):
        remade = remaker.remake({image: stored.source for image, stored in waiting.items()})
        if versions.current_index(client, settings) != index:
            raise EngineUnavailable(REPLACED)  # a write would create the old index again
        results = write_all(client, [_replacement(index, waiting[image], made) for image, made in remade.items()])
        overtaken = _conflicts(results)
        yield from ((image, made) for image, made in remade.items() if image not in overtaken)
        waiting = read(client, index, overtaken)
        yield from ((image, None) for image in overtaken if image not in waiting)
        if not waiting:
            return
    raise EngineUnavailable("others write the same documents again and again; run this again when they are done")


class Copier:
    """Copies documents, made anew, from the old index to the new one."""

    def __init__(self, client: OpenSearch, old: str, new: str, remaker: CanRemake, *, counts: Counts, report: Report) -> None:
        """`report` is called with the counts after every batch."""
        self._client, self._old, self._new = client, old, new
        self._remaker, self._counts, self._report = remaker, counts, report

    def catch_up(self, since: int) -> tuple[int, int]:
        """Copy what was written from sequence number `since` on.

        Returns the sequence number from which the next call goes on, and how many documents were copied.
        """
        following, written = self._checkpoint() + 1, 0
        self._refresh(self._old)
        for batch in read_all(self._client, self._old, {"range": {"_seq_no": {"gte": since}}}, COPY_BATCH):
            waiting = self._outdated(batch)
            if since == 0:
                self._counts.kept += len(batch) - len(waiting)
            self._copy(waiting)
            written += len(waiting)
            self._report(self._counts)
        return following, written

    def forget_deleted(self) -> None:
        """Delete from the new index the documents that the old one no longer has."""
        self._refresh(self._new)
        for batch in read_all(self._client, self._new, {"match_all": {}}, COPY_BATCH, source=False):
            ids = [stored.id for stored in batch]
            gone = set(ids) - read(self._client, self._old, ids, source=False).keys()
            self._counts.deleted += len(gone)
            write_all(self._client, [Action("delete", self._new, image) for image in gone])

    def differs(self) -> bool:
        """Whether the indices differ in size; the new one has everything that the old one has."""
        return self._size(self._old) != self._size(self._new)

    def _copy(self, originals: list[Stored]) -> None:
        """A conflict means that the new index has this state or a later one."""
        remade = self._remaker.remake({stored.id: stored.source for stored in originals})
        write_all(
            self._client,
            [
                Action("index", self._new, stored.id, remade[stored.id].document, version=_copy_version(stored))
                for stored in originals
            ],
        )
        for image, made in remade.items():
            self._counts.add(image, made)

    def _outdated(self, originals: list[Stored]) -> list[Stored]:
        """The documents whose copy is missing, or is of an earlier state."""
        copies = read(self._client, self._new, [stored.id for stored in originals], source=False)
        there = {image: copy.version for image, copy in copies.items()}
        return [stored for stored in originals if there.get(stored.id) != _copy_version(stored)]

    def _checkpoint(self) -> int:
        """The sequence number up to which every write of every shard is done."""
        with guard():
            shards = self._client.indices.stats(index=self._old, level="shards")["indices"][self._old]["shards"]
        return min(int(copy["seq_no"]["local_checkpoint"]) for copies in shards.values() for copy in copies)

    def _size(self, index: str) -> int:
        self._refresh(index)
        with guard():
            return int(self._client.count(index=index)["count"])

    def _refresh(self, index: str) -> None:
        with guard():
            self._client.indices.refresh(index=index)


def _replacement(index: str, stored: Stored, remade: Remade) -> Action:
    if remade.document is None:
        return Action("delete", index, stored.id, position=stored.position)
    return Action("index", index, stored.id, remade.document, position=stored.position)


def _copy_version(stored: Stored) -> int:
    """The external version of a copy; versions begin at one, sequence numbers at zero."""
    return stored.position[0] + 1


def _conflicts(results: list[Result]) -> list[str]:
    return [result.action.id for result in results if result.status is Status.CONFLICT]
