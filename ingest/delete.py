"""Deleting an image, a collection or quarantine entries, from the index and from the store."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from opensearchpy import OpenSearch
from opensearchpy.exceptions import NotFoundError as MissingError

from engine.connections import guard
from engine.errors import NotFoundError
from engine.settings import Settings
from engine.store import Store
from factors.base import Json
from factors.registry import FactorRegistry
from ingest.backfill import Remade, in_place
from ingest.documents import without
from ingest.quarantine import Entry, Quarantine
from ingest.snippet_encoder import SnippetEncoder
from mappings import versions
from mappings.bulk import Action, Status, check, read, write
from mappings.versions import alias

IsGone = Callable[[str, Mapping[str, Any]], bool]  # whether a place (an entry of `sources`) of an image is to go


def delete(client: OpenSearch, settings: Settings, image: str) -> None:
    """Delete an image: its document first, then its bytes; NotFoundError."""
    (result,) = write(client, [Action("delete", alias(settings), image)], refresh=True)
    if result.status in (Status.MISSING, Status.NO_INDEX):
        raise NotFoundError(f"there is no picture {image[:80]!r}")
    check(result)
    Store(settings).delete(image)


def delete_collection(
    client: OpenSearch, settings: Settings, collection: str, snippet_encoder: SnippetEncoder | None = None
) -> tuple[int, int]:
    """Delete a collection and its quarantine entries; NotFoundError if it has neither images nor entries.

    Returns the numbers of images deleted, and of images kept because they are in other collections. `snippet_encoder` embeds
    the remaining text of those.
    """
    query: Json = {"term": {"collections": collection}}
    deleted, kept = remove_places(
        client, settings, query, lambda _, entry: bool(entry["collection"] == collection), snippet_encoder
    )
    refused = _empty_quarantine(client, settings, collection)
    if not deleted + kept + refused:
        raise NotFoundError(f"there is no collection {collection[:80]!r}")
    return deleted, kept


def drop_entries(client: OpenSearch, settings: Settings, entries: list[str]) -> int:
    """Delete quarantine entries, and bytes that no document uses; returns the number of entries that existed."""
    quarantine = Quarantine(client, settings)
    found = quarantine.some(entries)
    dropped = quarantine.drop(entries)
    _delete_unused(client, settings, found)
    return dropped


def remove_places(
    client: OpenSearch, settings: Settings, query: Json, is_gone: IsGone, snippet_encoder: SnippetEncoder | None = None
) -> tuple[int, int]:
    """Remove places from the documents that match a query, and documents that have no other with their bytes.

    Returns the numbers of images deleted and kept.
    """
    try:
        index = versions.current_index(client, settings)
    except NotFoundError:
        return 0, 0
    with guard():
        client.indices.refresh(index=index)
    deleted = kept = 0
    for image, left in in_place(client, settings, index, query, _Removal(settings, is_gone, snippet_encoder)):
        if left and left.document:
            kept += 1
        else:
            deleted += 1
            Store(settings).delete(image)
    with guard():
        client.indices.refresh(index=index)
    return deleted, kept


class _Removal:
    """Remakes documents without the places that are gone."""

    def __init__(self, settings: Settings, is_gone: IsGone, snippet_encoder: SnippetEncoder | None) -> None:
        self._factors = FactorRegistry.of(settings).active
        self._is_gone, self._snippet_encoder = is_gone, snippet_encoder

    def remake(self, documents: Mapping[str, Mapping[str, Any]]) -> dict[str, Remade]:
        """Documents without those places; None where no other is left."""
        return {
            image: Remade(without(document, partial(self._is_gone, image), self._factors, self._snippet_encoder))
            for image, document in documents.items()
        }


def _empty_quarantine(client: OpenSearch, settings: Settings, collection: str) -> int:
    quarantine = Quarantine(client, settings)
    entries = list(quarantine.all(collection=collection))
    quarantine.drop([entry.id for entry in entries])
    _delete_unused(client, settings, entries)
    return len(entries)


def _delete_unused(client: OpenSearch, settings: Settings, entries: list[Entry]) -> None:
    """Delete the stored bytes of these entries that no document uses."""
    kept = {entry.original for entry in entries if entry.original}
    if not kept:
        return
    try:
        used = read(client, alias(settings), kept, source=False)
    except MissingError:
        used = {}
    store = Store(settings)
    for image in kept - used.keys():
        store.delete(image)
