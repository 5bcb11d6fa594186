"""How many bytes the fields of each factor take, measured by the engine.

The documents of a collection are written once more, with one factor's fields alone, into an index that is merged to one segment
and removed again; what the same documents take without any field is taken off.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from opensearchpy import OpenSearch
from opensearchpy.helpers import scan

from engine.client import guard
from engine.settings import Settings
from factors.base import Json
from mappings import template
from mappings.bulk import Action, write_all
from mappings.versions import alias

BATCH = 128
MERGING = 600  # seconds that merging to one segment may take


@dataclass(frozen=True, slots=True)
class Stored:
    """Bytes per document: on disk with all that is made of the fields for searching, and as JSON in `_source`."""

    index: float
    source: float


def per_document(client: OpenSearch, settings: Settings, parts: Mapping[str, Json]) -> dict[str, Stored]:
    """What each of these parts (factor -> its mapping's properties) takes; one without fields takes nothing."""
    with guard():
        documents = int(client.count(index=alias(settings))["count"])
    empty = _measured(client, settings, {}).index if documents else 0.0
    found: dict[str, Stored] = {}
    for name, fields in parts.items():
        taken = _measured(client, settings, fields) if fields and documents else Stored(empty, 0.0)
        found[name] = Stored(max(0.0, taken.index - empty) / max(documents, 1), taken.source / max(documents, 1))
    return found


def _measured(client: OpenSearch, settings: Settings, fields: Json) -> Stored:
    """Bytes of all documents together."""
    index = f"{settings.index_prefix}-storage"
    sized = settings.model_copy(update={"index_shards": 1, "index_replicas": 0})
    with guard():
        client.indices.delete(index=index, ignore_unavailable=True)
        client.indices.create(index=index, body=template.index_body({"measured": fields}, {}, sized))
        try:
            source = sum(_copy(client, index, batch) for batch in _documents(client, settings, list(fields)))
            client.indices.forcemerge(index=index, params={"max_num_segments": 1, "request_timeout": MERGING})
            client.indices.flush(index=index, params={"force": "true", "request_timeout": MERGING})
            client.indices.refresh(index=index)
            stats = client.indices.stats(index=index, metric="store")["indices"][index]["primaries"]["store"]
            return Stored(float(stats["size_in_bytes"]), float(source))
        finally:
            client.indices.delete(index=index)


def _copy(client: OpenSearch, index: str, documents: Mapping[str, Json]) -> int:
    """Write them; bytes of their JSON."""
    write_all(client, (Action("index", index, image, document) for image, document in documents.items()))
    return sum(len(json.dumps(document, ensure_ascii=False).encode()) for document in documents.values() if document)


def _documents(client: OpenSearch, settings: Settings, fields: list[str]) -> Iterator[dict[str, Json]]:
    """All documents with these fields alone, in batches."""
    # Whole documents are read: asked for by name, a nested vector comes back empty.
    body: Json = {"query": {"match_all": {}}, "_source": bool(fields)}
    hits = scan(client, index=alias(settings), query=body, size=BATCH)
    while batch := {hit["_id"]: _only(fields, hit.get("_source", {})) for hit in islice(hits, BATCH)}:
        yield batch


def _only(fields: Sequence[str], document: Json) -> Json:
    return {name: document[name] for name in fields if name in document}
