"""Backfill: remake the documents of an index, and write them in place or as copies into a new index.

Both are safe while others write. In place, a document is replaced only in the state in which it was read; if another writer was
faster, it is read and remade again. A copy has the sequence number of the original as its external version: it is written again
exactly when the original has changed since, in any order, so an interrupted backfill resumes.
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

COPY_BATCH = 128  # documents per read and write
MAX_ROUNDS = 8  # of reading and remaking documents that other writers changed meanwhile
MAX_FAILURES_SHOWN = 20
REPLACED = "the index was replaced meanwhile; run this again"


@dataclass(frozen=True, slots=True)
class Remade:
    """The new state of a document; None: it is to be deleted.

    `extracted`: models ran on its image. `failure`: the error of an extractor, a factor, or reading the image; or empty.
    """

    document: Json | None
    extracted: bool = False
    failure: str = ""


class CanRemake(Protocol):
    """Remakes documents: ingest.remake.Remaker, or the removal of a collection."""

    def remake(self, documents: Mapping[str, Mapping[str, Any]]) -> dict[str, Remade]:
        """One result per document, by image."""


@dataclass(slots=True)
class Counts:
    """Progress of a backfill, in documents."""

    total: int = 0
    copied: int = 0  # remade without running a model
    extracted: int = 0
    failed: int = 0  # an extractor or a factor failed
    kept: int = 0  # copied by an earlier run that was interrupted
    gone: int = 0  # deleted meanwhile
    deleted: int = 0  # copies whose originals were deleted
    failures: list[str] = field(default_factory=list)

    @property
    def done(self) -> int:
        """Finished documents; one that others write meanwhile counts again."""
        return self.copied + self.extracted + self.failed + self.kept + self.gone

    def add(self, image: str, remade: Remade | None) -> None:
        """Count one document; None stands for one that was deleted meanwhile."""
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
    """Remake the documents of the current index that match a query; yields each once it is written.

    None stands for a document that was deleted meanwhile. EngineUnavailable if the index is replaced meanwhile, or others keep
    writing the same documents.
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
    raise EngineUnavailable("others keep writing the same documents; run this again when they are done")


class Copier:
    """Copies remade documents from the old index to the new one."""

    def __init__(self, client: OpenSearch, old: str, new: str, remaker: CanRemake, *, counts: Counts, report: Report) -> None:
        """`report` is called with the counts after every batch."""
        self._client, self._old, self._new = client, old, new
        self._remaker, self._counts, self._report = remaker, counts, report

    def catch_up(self, since: int) -> tuple[int, int]:
        """Copy the documents written since sequence number `since`.

        Returns the sequence number for the next call, and the number of documents copied.
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

    def delete_orphans(self) -> None:
        """Delete from the new index the documents that the old one no longer has."""
        self._refresh(self._new)
        for batch in read_all(self._client, self._new, {"match_all": {}}, COPY_BATCH, source=False):
            ids = [stored.id for stored in batch]
            gone = set(ids) - read(self._client, self._old, ids, source=False).keys()
            self._counts.deleted += len(gone)
            write_all(self._client, [Action("delete", self._new, image) for image in gone])

    def differs(self) -> bool:
        """Whether the indices differ in size; after `catch_up`, the new one has every document of the old one."""
        return self._size(self._old) != self._size(self._new)

    def _copy(self, originals: list[Stored]) -> None:
        """Write copies; a conflict means that the new index has this state or a later one."""
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
        """The documents whose copy is missing, or is a copy of an earlier state."""
        copies = read(self._client, self._new, [stored.id for stored in originals], source=False)
        there = {image: copy.version for image, copy in copies.items()}
        return [stored for stored in originals if there.get(stored.id) != _copy_version(stored)]

    def _checkpoint(self) -> int:
        """The sequence number up to which all writes of all shards are finished."""
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
    """The external version of a copy: versions start at 1, sequence numbers at 0."""
    return stored.position[0] + 1


def _conflicts(results: list[Result]) -> list[str]:
    return [result.action.id for result in results if result.status is Status.CONFLICT]
