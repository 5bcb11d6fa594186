"""Reading, building and writing the documents of a batch, without overwriting the changes of other writers."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from opensearchpy import OpenSearch

from engine.settings import Settings
from factors.base import Json
from factors.registry import FactorRegistry
from ingest.documents import made_by, merged, new_document
from ingest.fields import ExtractedImage
from ingest.item import Item
from ingest.jobs import Outcome
from ingest.snippet_encoder import SnippetEncoder
from mappings.bulk import Action, Result, Status, Stored, read, write
from mappings.versions import alias


@dataclass(frozen=True, slots=True)
class Built:
    """The document to write for an image; None if the stored one is complete.

    `stored`: the document that it replaces, if any. `outcomes`: those of the items once it is written.
    """

    document: Json | None
    stored: Stored | None
    outcomes: Sequence[Outcome]


@dataclass
class Written:
    """Results by image: outcomes of its items, or why the server refused the document, or that it is to be built again."""

    outcomes: dict[str, Sequence[Outcome]] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    overtaken: set[str] = field(default_factory=set)  # another writer was faster, or the index is blocked for writes


class Writer:
    """Reads, builds and writes documents behind the alias of the settings, which must exist (`mappings.versions.ensure`)."""

    def __init__(self, client: OpenSearch, settings: Settings, snippet_encoder: SnippetEncoder | None = None) -> None:
        """`snippet_encoder` embeds linked text, where there is a model."""
        self._client, self._alias, self._snippet_encoder = client, alias(settings), snippet_encoder
        self._factors = FactorRegistry.of(settings).active

    def read(self, images: Iterable[str]) -> dict[str, Stored]:
        """The existing documents of these images."""
        return read(self._client, self._alias, images)

    def build(self, items: Sequence[Item], stored: Stored | None, extracted: ExtractedImage | None, job: str) -> Built | None:
        """The document of one image; None if the image is neither stored nor extracted."""
        if stored is not None:
            document = merged(stored.source, items, job, self._factors, self._snippet_encoder)
            return Built(document, stored, _outcomes(stored, items, job) if document is None else _all_indexed(items))
        if extracted is not None:
            return Built(new_document(extracted, items, job, self._factors, self._snippet_encoder), None, _all_indexed(items))
        return None

    def write(self, built: Mapping[str, Built]) -> Written:
        """Write the documents that changed; afterwards they can be searched.

        EngineUnavailable if the server stays overloaded; writing the same batch again is safe.
        """
        written = Written({image: made.outcomes for image, made in built.items() if made.document is None})
        actions = [self._action(image, made) for image, made in built.items() if made.document is not None]
        for result in write(self._client, actions, refresh=True):
            _note(result, built[result.action.id], written)
        return written

    def _action(self, image: str, made: Built) -> Action:
        """Create a new document only if there is none; replace an existing one only in the state that was read."""
        if made.stored is None:
            return Action("create", self._alias, image, made.document)
        return Action("index", self._alias, image, made.document, position=made.stored.position)


def _note(result: Result, made: Built, written: Written) -> None:
    image = result.action.id
    if result.status is Status.WRITTEN:
        written.outcomes[image] = made.outcomes
    elif result.status is Status.REFUSED:
        written.refused[image] = result.reason
    else:
        written.overtaken.add(image)


def _outcomes(stored: Stored, items: Sequence[Item], job: str) -> list[Outcome]:
    """Outcomes of items that the document already has; an interrupted delivery of this job may have written them."""
    return [Outcome.INDEXED if made_by(stored.source, item, job) else Outcome.UNCHANGED for item in items]


def _all_indexed(items: Sequence[Item]) -> list[Outcome]:
    return [Outcome.INDEXED for _ in items]
