"""Reading documents with their position in the order of writes, so that a later write can depend on it."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from opensearchpy import OpenSearch
from opensearchpy.helpers import scan

from engine.client import guard

Json = dict[str, Any]
SCROLL_KEPT = "30m"  # long enough for models to extract features of a batch


@dataclass(frozen=True, slots=True)
class Stored:
    """A document as it was read. `position`: sequence number and primary term of its last write; `version`: the engine's."""

    id: str
    source: Json
    position: tuple[int, int]
    version: int = 0


def read(client: OpenSearch, index: str, ids: Iterable[str], *, source: bool = True) -> dict[str, Stored]:
    """The documents with these ids, as far as they exist; without their fields where `source` is false."""
    wanted = list(ids)
    if not wanted:
        return {}
    with guard():
        found = client.mget(index=index, body={"ids": wanted}, params={} if source else {"_source": "false"})["docs"]
    return {document["_id"]: _stored(document) for document in found if document.get("found")}


def read_all(
    client: OpenSearch, index: str, query: Mapping[str, Any], size: int, *, source: bool = True
) -> Iterator[list[Stored]]:
    """All documents that match a query when the iteration begins, in batches of `size`."""
    body = {"query": dict(query), "_source": source, "seq_no_primary_term": True}
    with guard():
        hits = scan(client, index=index, query=body, size=size, scroll=SCROLL_KEPT)
        while batch := [_stored(hit) for hit in islice(hits, size)]:
            yield batch


def _stored(hit: Mapping[str, Any]) -> Stored:
    position = int(hit["_seq_no"]), int(hit["_primary_term"])
    return Stored(hit["_id"], hit.get("_source", {}), position, int(hit.get("_version", 0)))
