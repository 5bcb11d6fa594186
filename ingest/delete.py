"""Deleting: a picture, or a whole collection, from the index and the store."""

from collections.abc import Iterator
from typing import Any

from opensearchpy import OpenSearch
from opensearchpy.exceptions import ConflictError
from opensearchpy.exceptions import NotFoundError as MissingError
from opensearchpy.helpers import scan

from engine.client import guard
from engine.errors import EngineUnavailable, NotFoundError
from engine.settings import Settings
from engine.store import Store
from ingest.documents import without
from ingest.quarantine import Entry, Quarantine
from ingest.snippet_encoder import SnippetEncoder
from mappings.versions import alias

TRIES = 5  # when a picture is met in another place while it is taken out of this one


def delete(client: OpenSearch, settings: Settings, picture: str) -> None:
    """Forget the picture: its document first, then its bytes; NotFoundError."""
    try:
        with guard():
            client.delete(index=alias(settings), id=picture, refresh=True)
    except MissingError as error:
        raise NotFoundError(f"there is no picture {picture[:80]!r}") from error
    Store(settings).delete(picture)


def delete_collection(
    client: OpenSearch, settings: Settings, collection: str, snippet_encoder: SnippetEncoder | None = None
) -> tuple[int, int]:
    """Forget a collection: pictures deleted, and pictures kept because other collections have them; NotFoundError.

    What is in quarantine of the collection goes too. `snippet_encoder` reads the text that is left of a picture that is kept.
    """
    deleted = kept = 0
    for picture in list(_pictures(client, settings, collection)):
        if _take_out(client, settings, picture, collection, snippet_encoder):
            kept += 1
        else:
            deleted += 1
            Store(settings).delete(picture)
    refused = _empty_quarantine(client, settings, collection)
    if not deleted + kept + refused:
        raise NotFoundError(f"there is no collection {collection[:80]!r}")
    with guard():
        client.indices.refresh(index=alias(settings), ignore_unavailable=True)
    return deleted, kept


def drop_entries(client: OpenSearch, settings: Settings, entries: list[str]) -> int:
    """Forget these entries of the quarantine, with bytes that no document shows; how many were there."""
    quarantine = Quarantine(client, settings)
    found = quarantine.some(entries)
    dropped = quarantine.drop(entries)
    _forget_bytes(client, settings, found)
    return dropped


def _pictures(client: OpenSearch, settings: Settings, collection: str) -> Iterator[str]:
    query = {"query": {"term": {"collections": collection}}, "_source": False}
    try:
        with guard():
            client.indices.refresh(index=alias(settings))
            yield from (str(hit["_id"]) for hit in scan(client, index=alias(settings), query=query))
    except MissingError:
        return


def _take_out(
    client: OpenSearch, settings: Settings, picture: str, collection: str, snippet_encoder: SnippetEncoder | None
) -> bool:
    """Take the picture out of the collection; whether anything of it is left."""
    for _ in range(TRIES):
        try:
            with guard():
                found: dict[str, Any] = client.get(index=alias(settings), id=picture)
                place = {"if_seq_no": found["_seq_no"], "if_primary_term": found["_primary_term"]}
                left = without(found["_source"], collection, snippet_encoder)
                if left is None:
                    client.delete(index=alias(settings), id=picture, **place)
                else:
                    client.index(index=alias(settings), id=picture, body=left, **place)
            return left is not None
        except ConflictError:
            continue
        except MissingError:
            return False
    raise EngineUnavailable(f"picture {picture} is written to all the time; try again")


def _empty_quarantine(client: OpenSearch, settings: Settings, collection: str) -> int:
    quarantine = Quarantine(client, settings)
    entries = list(quarantine.all(collection=collection))
    quarantine.drop([entry.id for entry in entries])
    _forget_bytes(client, settings, entries)
    return len(entries)


def _forget_bytes(client: OpenSearch, settings: Settings, entries: list[Entry]) -> None:
    """Delete bytes that were kept for these entries alone."""
    kept = {entry.original for entry in entries if entry.original}
    if not kept:
        return
    try:
        with guard():
            found = client.mget(index=alias(settings), body={"ids": sorted(kept)}, params={"_source": "false"})["docs"]
    except MissingError:
        found = []
    store = Store(settings)
    for picture in kept - {document["_id"] for document in found if document.get("found")}:
        store.delete(picture)
