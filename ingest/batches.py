"""From a batch of items to documents: an ordered list of steps, and the batch's progress beside it.

Every item ends with exactly one outcome. Counted items are not processed again, so a batch may be delivered any number of
times; one that was interrupted between writing and counting finds its documents written.
"""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from engine.errors import BadPicture, EngineUnavailable, FetchError, NotFoundError
from engine.settings import Settings
from engine.store import Store
from ingest.batch_progress import BatchProgress, Numbered
from ingest.embedded import with_metadata
from ingest.fetch import fetch
from ingest.fields import ExtractedImage
from ingest.item import Item
from ingest.jobs import Jobs, Outcome
from ingest.metadata import Metadata, read_metadata
from ingest.quarantine import Quarantine
from ingest.writing import Built, Writer, Written
from mappings.bulk import Stored, pause
from vision.image_features import ImageFeatures
from vision.picture import Picture, decode, thumbnail

logger = logging.getLogger(__name__)
MAX_ROUNDS = 8  # of building and writing documents that other writers changed meanwhile


class CanExtract(Protocol):
    """The part of vision.feature_extractor.FeatureExtractor that is needed here."""

    def extract(self, pictures: Sequence[Picture]) -> list[ImageFeatures]:
        """Outputs of all extractors, one record per image."""

    def fingerprints(self) -> dict[str, str]:
        """Extractor -> model and weights."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Numbered items of one run of a job, as they travel through the queue."""

    job: str
    run: int
    items: tuple[Numbered, ...]
    origin: dict[str, Any] | None = None

    def as_json(self) -> dict[str, Any]:
        """The form in the queue."""
        items = [[number, item.as_json()] for number, item in self.items]
        return {"job": self.job, "run": self.run, "items": items, "origin": self.origin}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Batch":
        """Inverse of `as_json`."""
        items = tuple((int(number), Item.from_json(item)) for number, item in data["items"])
        return cls(data["job"], int(data["run"]), items, data.get("origin"))

    def of(self, items: Iterable[Numbered]) -> "Batch":
        """The same batch with only these items."""
        return Batch(self.job, self.run, tuple(items), self.origin)


@dataclass(frozen=True, slots=True)
class Tools:
    """The connections and models that the steps use."""

    settings: Settings
    store: Store
    writer: Writer
    feature_extractor: CanExtract


@dataclass(frozen=True, slots=True)
class State:
    """A batch between two steps; each step fills or narrows one field. Keys are images, by their sha256.

    `waiting`: items whose image is not known yet. `stored`: existing documents, whole. `pictures`: decoded images without a
    document, with their size in bytes. `extracted`: their features. `notes`: what is wrong with files that are used. `built`:
    documents to write. `written`: the results.
    """

    waiting: tuple[Numbered, ...] = ()
    items: Mapping[str, tuple[Numbered, ...]] = field(default_factory=dict)
    stored: Mapping[str, Stored] = field(default_factory=dict)
    pictures: Mapping[str, tuple[Picture, int]] = field(default_factory=dict)
    extracted: Mapping[str, ExtractedImage] = field(default_factory=dict)
    notes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    built: Mapping[str, Built] = field(default_factory=dict)
    written: Written = field(default_factory=Written)


Step = Callable[[State, Tools, BatchProgress], State]


def fetch_images(state: State, tools: Tools, progress: BatchProgress) -> State:
    """Fetch addresses into the store; afterwards the image of every item is known."""
    items: dict[str, tuple[Numbered, ...]] = {}
    for number, item in state.waiting:
        try:
            fetched = item if item.original else _fetched(item, tools)
        except FetchError as error:
            progress.fetch_failed(number, item, error)
        else:
            items[fetched.original] = (*items.get(fetched.original, ()), (number, fetched))
    return replace(state, waiting=(), items=items)


def add_metadata(state: State, tools: Tools, _progress: BatchProgress) -> State:
    """Read the metadata of images whose source did not: of addresses, feeds and uploads."""
    items: dict[str, tuple[Numbered, ...]] = {}
    for image, numbered in state.items.items():
        metadata = Metadata() if all(item.has_metadata for _, item in numbered) else _stored_metadata(image, tools)
        items[image] = tuple((number, with_metadata(item, metadata)) for number, item in numbered)
    return replace(state, items=items)


def find_documents(state: State, tools: Tools, _progress: BatchProgress) -> State:
    """Read the existing documents; their images are not extracted again."""
    return replace(state, stored=tools.writer.read(state.items))


def decode_images(state: State, tools: Tools, progress: BatchProgress) -> State:
    """Decode the images without a document; all items of an unusable image go to quarantine."""
    pictures: dict[str, tuple[Picture, int]] = {}
    items = dict(state.items)
    for image in [image for image in state.items if image not in state.stored]:
        try:
            data = tools.store.original(image)
            pictures[image] = decode(data, tools.settings), len(data)
        except BadPicture as error:
            progress.refuse(items.pop(image), error.reason, str(error))
        except NotFoundError:
            progress.refuse(items.pop(image), "not-in-store", "the bytes are no longer in the store")
    return replace(state, items=items, pictures=pictures)


def extract_features(state: State, tools: Tools, progress: BatchProgress) -> State:
    """Run all extractors on the decoded images together."""
    if not state.pictures:
        return state
    features = tools.feature_extractor.extract([picture for picture, _ in state.pictures.values()])
    progress.count_extracted(len(features))
    fingerprints = tools.feature_extractor.fingerprints()
    extracted: dict[str, ExtractedImage] = {}
    for (image, (picture, size)), found in zip(state.pictures.items(), features, strict=True):
        extracted[image] = ExtractedImage(found, picture.format, size, fingerprints, picture.notes)
        tools.store.put_thumbnail(image, thumbnail(picture))
    notes = {image: one.notes for image, one in extracted.items() if one.notes}
    return replace(state, pictures={}, extracted=extracted, notes=notes)


def build_documents(state: State, tools: Tools, progress: BatchProgress) -> State:
    """Make or update the document of every image."""
    built: dict[str, Built] = {}
    for image, numbered in state.items.items():
        items = [item for _, item in numbered]
        made = tools.writer.build(items, state.stored.get(image), state.extracted.get(image), progress.job)
        if made is None:
            raise EngineUnavailable(f"the document of {image} was deleted while it was updated; this is tried again")
        built[image] = made
    return replace(state, built=built)


def write_documents(state: State, tools: Tools, progress: BatchProgress) -> State:
    """Write the documents; if another writer was faster, read and build the document again."""
    outcomes: dict[str, Sequence[Outcome]] = {}
    refused: dict[str, str] = {}
    waiting = state
    for attempt in range(MAX_ROUNDS):
        written = tools.writer.write(waiting.built)
        outcomes |= written.outcomes
        refused |= written.refused
        if not written.overtaken:
            return replace(state, built={}, written=Written(outcomes, refused))
        pause(attempt)
        left = replace(state, items={image: state.items[image] for image in written.overtaken})
        waiting = build_documents(find_documents(left, tools, progress), tools, progress)
    raise EngineUnavailable(f"{len(waiting.items)} documents could not be written: the index is blocked, or many write at once")


def count_outcomes(state: State, _tools: Tools, progress: BatchProgress) -> State:
    """Count the outcome of every item, now that its document is written."""
    for image, reason in state.written.refused.items():
        progress.refuse(state.items[image], "not-indexed", reason)
    written = state.written.outcomes.items()
    counted = [one for image, outcomes in written for one in zip(state.items[image], outcomes, strict=True)]
    progress.count(counted, state.notes)
    return State()


STEPS: tuple[Step, ...] = (
    fetch_images,
    add_metadata,
    find_documents,
    decode_images,
    extract_features,
    build_documents,
    write_documents,
    count_outcomes,
)


class BatchProcessor:
    """Runs `STEPS` on batches."""

    def __init__(
        self, settings: Settings, jobs: Jobs, quarantine: Quarantine, writer: Writer, feature_extractor: CanExtract
    ) -> None:
        """`feature_extractor` loads its models when the first image needs one."""
        self._tools = Tools(settings, Store(settings), writer, feature_extractor)
        self._jobs, self._quarantine = jobs, quarantine

    def process(self, batch: Batch, *, last: bool = False) -> Batch | None:
        """Process every item to its outcome.

        Items with a temporary failure are returned as a batch, except at the `last` attempt: then they go to quarantine.
        """
        progress = self._progress(batch, last=last)
        state = State(waiting=progress.without_outcome(batch.items))
        for step in STEPS:
            state = self._run(step, state, progress)
        return batch.of(progress.postponed) if progress.postponed else None

    def refuse(self, batch: Batch, reason: str, message: str) -> None:
        """Quarantine all items of the batch that have no outcome."""
        progress = self._progress(batch, last=True)
        progress.refuse(progress.without_outcome(batch.items), reason, message)

    def _run(self, step: Step, state: State, progress: BatchProgress) -> State:
        """Run one step; an error gets a note with the step, the job and the number of items left."""
        progress.step = step.__name__
        logger.debug("job %s: %s, %d items left", progress.job, progress.step, progress.left)
        try:
            return step(state, self._tools, progress)
        except Exception as error:
            error.add_note(f"in step {progress.step} of a batch of job {progress.job}, {progress.left} items left")
            raise

    def _progress(self, batch: Batch, *, last: bool) -> BatchProgress:
        return BatchProgress(self._jobs, self._quarantine, batch.job, batch.run, origin=batch.origin, last=last)


def _fetched(item: Item, tools: Tools) -> Item:
    data = fetch(item.address, tools.settings).data
    return replace(item, original=tools.store.put_original(data))


def _stored_metadata(image: str, tools: Tools) -> Metadata:
    """The metadata of the original; none where it is no longer in the store."""
    try:
        return read_metadata(tools.store.original(image))
    except NotFoundError:
        return Metadata()
