"""Worth and cost of every factor: its own task, milliseconds per image, bytes per document.

Milliseconds are those of the extractors that a factor reads and of the extractors that these need, each counted once. Bytes are
measured by the engine, on an index that has only the fields of one factor.
"""

import json
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from itertools import islice

from opensearchpy import OpenSearch
from opensearchpy.helpers import scan

from engine.connections import guard
from engine.settings import Settings
from evaluation.compare import ALONE, Comparison, Row
from factors.base import Factor, Json
from factors.registry import FactorRegistry
from mappings import template
from mappings.bulk import Action, write_all
from mappings.versions import alias
from ranking.learning.measures import NAMES
from vision.feature_extractor import FeatureExtractor
from vision.picture import Picture

BATCH = 128  # documents per bulk request
MERGE_TIMEOUT = 600  # seconds for merging to one segment
DEFAULT_MEASURE = NAMES[0]
Timings = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Worth:
    """A factor on its own task: its value alone, and the value of the best other factor alone.

    `chosen`: the factor declares no task; `set` is the one that it answers best.
    """

    set: str
    measure: str
    value: float
    other: str
    other_value: float
    chosen: bool


@dataclass(frozen=True, slots=True)
class Cost:
    """One factor. `own_ms` is the part of `ms` that no other factor needs; `index` and `source` are bytes per document."""

    factor: str
    worth: Worth | None
    ms: float
    own_ms: float
    index: float
    source: float


def measured(
    client: OpenSearch, settings: Settings, feature_extractor: FeatureExtractor, comparison: Comparison, ms: Timings
) -> list[Cost]:
    """A row per active factor; `ms`: milliseconds by extractor, as `per_image` returns them."""
    registry, dimensions = FactorRegistry.of(settings), feature_extractor.dimensions()
    fields = {factor.name: factor.fields(dimensions) for factor in registry.active}
    stored = per_document(client, settings, fields)
    needed = {factor.name: feature_extractor.with_needs(factor.reads) for factor in registry.active}
    return [
        Cost(
            factor=name,
            worth=worth(comparison, registry.by_name(name)),
            ms=sum(ms[extractor] for extractor in extractors),
            own_ms=sum(ms[extractor] for extractor in extractors - _needed_by_others(needed, name)),
            index=stored[name].index,
            source=stored[name].source,
        )
        for name, extractors in needed.items()
    ]


def _needed_by_others(needed: Mapping[str, Set[str]], name: str) -> set[str]:
    """The extractors that other factors need."""
    return {extractor for other, extractors in needed.items() if other != name for extractor in extractors}


def worth(comparison: Comparison, factor: Factor) -> Worth | None:
    """The first task of the factor that was asked, else the set that it answers best alone; None if it answers no set."""
    alone = [row for row in comparison.rows if row.configuration == factor.name + ALONE]
    rows = {row.set: row for row in alone if row.means and row.set != "all"}
    own = [(name, measure) for name, measure in tasks_of(factor).items() if name in rows]
    if own:
        return _worth(comparison, rows[own[0][0]], own[0][1], chosen=False)
    best = max(rows.values(), key=lambda row: row.means[DEFAULT_MEASURE], default=None)
    return _worth(comparison, best, DEFAULT_MEASURE, chosen=True) if best else None


def tasks_of(factor: Factor) -> dict[str, str]:
    """Evaluation set -> measure, of the tasks that the factor's features declare."""
    return {feature.task.questions: feature.task.measure for feature in factor.features if feature.task}


def _worth(comparison: Comparison, row: Row, measure: str, *, chosen: bool) -> Worth:
    others = [
        (other.means[measure], other.configuration.removesuffix(ALONE))
        for other in comparison.rows
        if other.set == row.set and other.configuration.endswith(ALONE) and other is not row and other.means
    ]
    other_value, other = max(others, default=(0.0, ""))
    return Worth(row.set, measure, row.means[measure], other, other_value, chosen)


def per_image(feature_extractor: FeatureExtractor, pictures: Sequence[Picture], batch: int) -> dict[str, float]:
    """Extractor -> milliseconds per picture, in batches, without the time to load models."""
    feature_extractor.warm_up()
    before = dict(feature_extractor.timings)
    for start in range(0, len(pictures), batch):
        feature_extractor.extract(pictures[start : start + batch])
    return {
        extractor: 1000 * (taken - before[extractor]) / max(1, len(pictures))
        for extractor, taken in feature_extractor.timings.items()
    }


@dataclass(frozen=True, slots=True)
class Stored:
    """Bytes per document: of the index on disk, with all its structures, and of the fields as JSON in `_source`."""

    index: float
    source: float


def per_document(client: OpenSearch, settings: Settings, parts: Mapping[str, Json]) -> dict[str, Stored]:
    """Size of each part (factor -> the properties of its mapping), without the size of an index that has no fields."""
    with guard():
        documents = int(client.count(index=alias(settings))["count"])
    empty = _total_bytes(client, settings, {}).index if documents else 0.0
    found: dict[str, Stored] = {}
    for name, fields in parts.items():
        taken = _total_bytes(client, settings, fields) if fields and documents else Stored(empty, 0.0)
        found[name] = Stored(max(0.0, taken.index - empty) / max(documents, 1), taken.source / max(documents, 1))
    return found


def _total_bytes(client: OpenSearch, settings: Settings, fields: Json) -> Stored:
    """Bytes of all documents together, in an index of its own with these fields alone."""
    index = f"{settings.index_prefix}-storage"
    sized = settings.model_copy(update={"index_shards": 1, "index_replicas": 0})
    with guard():
        client.indices.delete(index=index, ignore_unavailable=True)
        client.indices.create(index=index, body=template.index_body({"measured": fields}, {}, sized))
        try:
            source = sum(_copy(client, index, batch) for batch in _documents(client, settings, list(fields)))
            client.indices.forcemerge(index=index, params={"max_num_segments": 1, "request_timeout": MERGE_TIMEOUT})
            client.indices.flush(index=index, params={"force": "true", "request_timeout": MERGE_TIMEOUT})
            client.indices.refresh(index=index)
            stats = client.indices.stats(index=index, metric="store")["indices"][index]["primaries"]["store"]
            return Stored(float(stats["size_in_bytes"]), float(source))
        finally:
            client.indices.delete(index=index)


def _copy(client: OpenSearch, index: str, documents: Mapping[str, Json]) -> int:
    """Write the documents; return the bytes of their JSON."""
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
