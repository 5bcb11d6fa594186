"""Looking at a batch: from items to documents, every item with exactly one outcome.

Bytes are fetched or read; pictures without a document are decoded and looked at together; documents are written; then
outcomes are counted. What is counted is never done again, so a batch may be delivered any number of times.
"""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from engine.errors import BadPicture, FetchError, NotFoundError
from engine.settings import Settings
from engine.store import Store
from ingest.documents import ExtractedImage
from ingest.fetch import fetch
from ingest.item import Item
from ingest.jobs import Jobs, Outcome, failure_of
from ingest.quarantine import Entry, Quarantine, entry_id, entry_of
from ingest.writing import Writer
from vision.image_features import ImageFeatures
from vision.picture import Picture, decode, thumbnail

logger = logging.getLogger(__name__)


class CanExtract(Protocol):
    """vision.feature_extractor.FeatureExtractor, as far as it is needed here."""

    def extract(self, pictures: Sequence[Picture]) -> list[ImageFeatures]:
        """What is seen of each."""

    def fingerprints(self) -> dict[str, str]:
        """Extractor -> model and weights."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Numbered items of one run of a job, as they travel through the queue."""

    job: str
    run: int
    items: tuple[tuple[int, Item], ...]
    origin: dict[str, Any] | None = None

    def as_json(self) -> dict[str, Any]:
        """As the queue carries it."""
        items = [[number, item.as_json()] for number, item in self.items]
        return {"job": self.job, "run": self.run, "items": items, "origin": self.origin}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Batch":
        """The way back."""
        items = tuple((int(number), Item.from_json(item)) for number, item in data["items"])
        return cls(data["job"], int(data["run"]), items, data.get("origin"))

    def of(self, items: Iterable[tuple[int, Item]]) -> "Batch":
        """The same batch with only these items."""
        return Batch(self.job, self.run, tuple(items), self.origin)


@dataclass
class _Pictures:
    """What became of the bytes: items by picture, documents to be, and items to try again later."""

    items: dict[str, list[tuple[int, Item]]] = field(default_factory=dict)
    known: set[str] = field(default_factory=set)
    seen: dict[str, ExtractedImage] = field(default_factory=dict)
    later: list[tuple[int, Item]] = field(default_factory=list)


class BatchProcessor:
    """Looks at batches, with everything that takes."""

    def __init__(
        self, settings: Settings, jobs: Jobs, quarantine: Quarantine, writer: Writer, feature_extractor: CanExtract
    ) -> None:
        """The feature_extractor loads its models when first needed."""
        self._settings, self._store = settings, Store(settings)
        self._jobs, self._quarantine, self._writer, self._feature_extractor = jobs, quarantine, writer, feature_extractor

    def process(self, batch: Batch, *, last: bool = False) -> Batch | None:
        """Give every item its outcome; those that a passing failure stopped come back, unless it is the `last` try."""
        counted = self._jobs.counted(batch.job, batch.run, [number for number, _ in batch.items])
        batch = batch.of(entry for entry, done in zip(batch.items, counted, strict=True) if not done)
        pictures = _Pictures()
        for number, item in batch.items:
            self._receive(batch, number, item, pictures, last)
        self._extract(batch, pictures)
        self._write(batch, pictures)
        return batch.of(pictures.later) if pictures.later else None

    def refuse(self, batch: Batch, reason: str, message: str) -> None:
        """Put all items of the batch that have no outcome into quarantine."""
        counted = self._jobs.counted(batch.job, batch.run, [number for number, _ in batch.items])
        for (number, item), done in zip(batch.items, counted, strict=True):
            if not done:
                self._refuse(batch, number, item, reason, message)

    def _receive(self, batch: Batch, number: int, item: Item, pictures: _Pictures, last: bool) -> None:
        """Fetch what has an address; now every item knows its picture."""
        try:
            if not item.original:
                data = fetch(item.address, self._settings).data
                item = _with_original(item, self._store.put_original(data))
            pictures.items.setdefault(item.original, []).append((number, item))
        except FetchError as error:
            if error.passing and not last:
                pictures.later.append((number, item))
            else:
                self._refuse(batch, number, item, error.reason, str(error))

    def _extract(self, batch: Batch, pictures: _Pictures) -> None:
        """Look at all pictures that have no document yet, together."""
        pictures.known = self._writer.known(pictures.items)
        fresh = {p: found for p in pictures.items if p not in pictures.known and (found := self._decode(batch, p, pictures))}
        if not fresh:
            return
        extracted_features = self._feature_extractor.extract([picture for picture, _ in fresh.values()])
        self._jobs.count_extracted(batch.job, batch.run, len(fresh))
        fingerprints = self._feature_extractor.fingerprints()
        for (name, (picture, size)), image_features in zip(fresh.items(), extracted_features, strict=True):
            pictures.seen[name] = ExtractedImage(image_features, picture.format, size, fingerprints)
            self._store.put_thumbnail(name, thumbnail(picture))

    def _decode(self, batch: Batch, name: str, pictures: _Pictures) -> tuple[Picture, int] | None:
        """The picture and the size of its bytes; none when it goes to quarantine, with all items that show it."""
        try:
            data = self._store.original(name)
            return decode(data, self._settings), len(data)
        except BadPicture as error:
            reason, message = error.reason, str(error)
        except NotFoundError:
            reason, message = "not-in-store", "the bytes are no longer in the store"
        for number, item in pictures.items[name]:
            self._refuse(batch, number, item, reason, message)
        return None

    def _write(self, batch: Batch, pictures: _Pictures) -> None:
        """Write the documents, then count: a batch that is cut off in between is written again without a change."""
        usable = pictures.known | pictures.seen.keys()
        items = {p: [item for _, item in found] for p, found in pictures.items.items() if p in usable}
        written = self._writer.write(items, pictures.seen, batch.job)
        for picture, message in written.refused.items():
            for number, item in pictures.items[picture]:
                self._refuse(batch, number, item, "not-indexed", message)
        self._release([item for picture in written.outcomes for _, item in pictures.items[picture]])
        for picture, outcomes in written.outcomes.items():
            for (number, _), outcome in zip(pictures.items[picture], outcomes, strict=True):
                self._jobs.count(batch.job, batch.run, number, outcome)

    def _release(self, items: Sequence[Item]) -> None:
        """What is indexed now has no place in quarantine any more."""
        self._quarantine.drop([entry_id(item.source, item.reference, item.collection) for item in items])

    def _refuse(self, batch: Batch, number: int, item: Item, reason: str, message: str) -> None:
        """Quarantine first, count then: cut off in between, it is the same entry again."""
        self._quarantine.add([entry_of(item, reason, message, job=batch.job, origin=batch.origin)])
        self._jobs.count(batch.job, batch.run, number, Outcome.QUARANTINED, failure_of(item, reason, message))
        logger.info("quarantined %s: %s", item.reference, reason)


def refuse_entry(jobs: Jobs, quarantine: Quarantine, entry: Entry, run: int, number: int) -> None:
    """Quarantine something that its source could not make an item of."""
    quarantine.add([entry])
    item = Item(entry.source, entry.reference, entry.collection)
    jobs.count(entry.job, run, number, Outcome.QUARANTINED, failure_of(item, entry.reason, entry.message))


def _with_original(item: Item, original: str) -> Item:
    return Item.from_json(item.as_json() | {"original": original})
