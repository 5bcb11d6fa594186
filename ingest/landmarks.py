"""Landmarks: named places with reference images, which are documents like any others."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from opensearchpy import OpenSearch
from opensearchpy.exceptions import NotFoundError as MissingError

from engine.connections import guard
from engine.errors import InputError
from engine.settings import Settings
from engine.store import Store
from factors.text import Kind, TextSnippet
from ingest.item import MAX_FACET_LENGTH, Item
from ingest.text import clean
from mappings.versions import alias

Json = dict[str, Any]
LANDMARK = "landmark"  # the facet with the name
MAX_LISTED = 10_000


@dataclass(frozen=True, slots=True)
class Entry:
    """A landmark: its name, its place (latitude, longitude) if known, and its number of reference images."""

    name: str
    place: tuple[float, float] | None
    pictures: int


def items_of(name: str, place: tuple[float, float] | None, paths: Sequence[Path], settings: Settings) -> list[Item]:
    """Items of a landmark's reference images, their bytes in the store; InputError for a bad name or an unreadable file."""
    store, title = Store(settings), checked(name)
    try:
        originals = [store.put_original(path.read_bytes()) for path in paths]
    except OSError as error:
        raise InputError(f"{error.filename} cannot be read: {error.strerror}") from error
    snippets, facets = (TextSnippet(Kind.TITLE, title),), {LANDMARK: title}
    # Where a photographer stood is not where the landmark is: only what the operator says counts.
    facts: dict[str, Any] = {"place": place, "facets": facets, "has_metadata": True}
    return [
        Item(LANDMARK, path.name, collection_of(name), original=original, snippets=snippets, **facts)
        for path, original in zip(paths, originals, strict=True)
    ]


def checked(name: str) -> str:
    """The cleaned name; InputError if it is empty or too long."""
    plain = clean(name)
    if not 0 < len(plain) <= MAX_FACET_LENGTH:
        raise InputError(f"the name of a landmark has 1 to {MAX_FACET_LENGTH} characters")
    return plain


def collection_of(name: str) -> str:
    """The collection of a landmark's reference images; deleting it deletes the landmark."""
    return f"{LANDMARK}: {checked(name)}"


def all_landmarks(client: OpenSearch, settings: Settings) -> list[Entry]:
    """All landmarks, sorted by name; empty without an index."""
    terms: Json = {"field": "facets", "include": f"{LANDMARK}=.*", "size": MAX_LISTED, "order": {"_key": "asc"}}
    one: Json = {"top_hits": {"size": 1, "_source": ["place"]}}
    body: Json = {"size": 0, "aggs": {"names": {"terms": terms, "aggs": {"one": one}}}}
    try:
        with guard():
            client.indices.refresh(index=alias(settings))
            found = client.search(index=alias(settings), body=body)
    except MissingError:
        return []
    return [_entry(bucket) for bucket in found["aggregations"]["names"]["buckets"]]


def _entry(bucket: Json) -> Entry:
    place = bucket["one"]["hits"]["hits"][0]["_source"].get("place")
    name = str(bucket["key"]).partition("=")[2]
    return Entry(name, (place["lat"], place["lon"]) if place else None, int(bucket["doc_count"]))
