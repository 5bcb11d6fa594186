"""What every factor is worth and what it costs: its own task, milliseconds per image, bytes per document.

Milliseconds are those of the extractors that a factor reads and of those that must look before them, each counted once,
measured
while the collection was indexed. Bytes are measured by the engine (`evaluation.storage`).
"""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass

from opensearchpy import OpenSearch

from engine.settings import Settings
from evaluation import storage
from evaluation.compare import ALONE, Comparison, Row
from factors.base import Factor
from factors.registry import FactorRegistry
from ranking.learning.measures import NAMES
from vision.feature_extractor import FeatureExtractor
from vision.picture import Picture

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
    stored = storage.per_document(client, settings, fields)
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
