"""What every factor is worth and what it costs: its own task, milliseconds per image, bytes per document.

Milliseconds are those of the extractors that a factor reads and of those that must look before them, each counted once,
measured
while the collection was indexed. Bytes are measured by the engine (`evaluation.costs`).
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


Timings = Mapping[str, float]
DEFAULT_MEASURE = NAMES[0]


@dataclass(frozen=True, slots=True)
class Worth:
    """A factor on its own task: its value there, and that of the best other single factor.

    `chosen`: no set names the factor, and this is the one that it answers best.
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


def per_image(feature_extractor: FeatureExtractor, pictures: Sequence[Picture], batch: int) -> dict[str, float]:
    """Extractor -> milliseconds per picture, of these pictures in batches; loading models is no picture's time."""
    feature_extractor.warm_up()
    before = dict(feature_extractor.timings)
    for start in range(0, len(pictures), batch):
        feature_extractor.extract(pictures[start : start + batch])
    return {
        extractor: 1000 * (taken - before[extractor]) / max(1, len(pictures))
        for extractor, taken in feature_extractor.timings.items()
    }


def measured(
    client: OpenSearch, settings: Settings, feature_extractor: FeatureExtractor, comparison: Comparison, ms: Timings
) -> list[Cost]:
    """A row per factor that takes part, whichever there are; `ms` by extractor, as `per_image` takes it."""
    registry, dimensions = FactorRegistry.of(settings), feature_extractor.dimensions()
    fields = {factor.name: factor.fields(dimensions) for factor in registry.active}
    stored = per_document(client, settings, fields)
    looking = {factor.name: feature_extractor.with_needs(factor.reads) for factor in registry.active}
    return [
        Cost(
            factor=name,
            worth=worth(comparison, registry.by_name(name)),
            ms=sum(ms[extractor] for extractor in extractors),
            own_ms=sum(ms[extractor] for extractor in extractors - _others(looking, name)),
            index=stored[name].index,
            source=stored[name].source,
        )
        for name, extractors in looking.items()
    ]


def worth(comparison: Comparison, factor: Factor) -> Worth | None:
    """The first set that is the factor's task and was asked, else the one that it alone answers best; None without any."""
    rows = {
        row.set: row for row in comparison.rows if row.configuration == factor.name + ALONE and row.means and row.set != "all"
    }
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


def _others(looking: Mapping[str, Set[str]], name: str) -> set[str]:
    """The extractors that other factors need."""
    return {extractor for other, extractors in looking.items() if other != name for extractor in extractors}
