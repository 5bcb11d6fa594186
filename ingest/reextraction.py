"""`omma reindex --extractor`: run one extractor again, in the index as it is; no downtime."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from opensearchpy import OpenSearch
from opensearchpy.exceptions import NotFoundError as MissingError

from engine.connections import guard
from engine.errors import ConfigurationError
from engine.settings import Settings
from factors.base import Factor, Json
from factors.registry import FactorRegistry
from ingest.backfill import Counts, Report, in_place
from ingest.fields import image_failure
from ingest.remake import CanReextract, ChosenExtractors, Remaker
from mappings import versions

MAX_NAMES = 100  # extractors and factors counted by name


class KnowsDependants(CanReextract, Protocol):
    """The part of vision.feature_extractor.FeatureExtractor that is needed here."""

    def dependants(self, names: Collection[str]) -> list[str]:
        """These extractors and those that need them or borrow from them."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Extractors that run again on the documents of an index that match a query, and factors whose fields are replaced."""

    index: str
    extractors: tuple[str, ...]
    factors: tuple[str, ...]
    documents: int
    query: Json


def plan(
    client: OpenSearch, settings: Settings, feature_extractor: KnowsDependants, extractor: str, *, only_failed: bool
) -> Plan:
    """Plan to run an extractor again, with the extractors that need it.

    `only_failed`: only on documents where the extractor or a factor that reads it failed, or that were made while it was
    switched off. ConfigurationError for an unknown extractor, or if the index was made without it or with other weights (this
    needs a whole reindex); NotFoundError without an index.
    """
    extractors = feature_extractor.dependants([extractor])
    index = versions.current_index(client, settings)
    registry = FactorRegistry.of(settings)
    factors = [factor for factor in registry.active if set(extractors) & set(factor.reads)]
    _check(registry, versions.meta_of(client, index), factors, feature_extractor.fingerprints())
    query = _failed(extractor, factors) if only_failed else {"match_all": {}}
    with guard():
        client.indices.refresh(index=index)
        documents = int(client.count(index=index, body={"query": query})["count"])
    return Plan(index, tuple(extractors), tuple(factor.name for factor in factors), documents, query)


def reextract(
    client: OpenSearch,
    settings: Settings,
    feature_extractor: KnowsDependants,
    planned: Plan,
    report: Report = lambda counts: None,
) -> Counts:
    """Carry out the plan; EngineUnavailable if the index is replaced meanwhile, or others keep writing the same documents."""
    counts = Counts(total=planned.documents)
    scope = ChosenExtractors(FactorRegistry.of(settings).active, feature_extractor.fingerprints(), planned.extractors)
    remaker = Remaker(settings, feature_extractor, scope)
    for image, remade in in_place(client, settings, planned.index, planned.query, remaker):
        counts.add(image, remade)
        report(counts)
    return counts


def failed_counts(client: OpenSearch, index: str) -> dict[str, int]:
    """Extractor, or `factor:NAME` -> number of documents on which it failed, largest first."""
    counted = {"names": {"terms": {"field": "missing", "size": MAX_NAMES}}}
    try:
        with guard():
            found = client.search(index=index, body={"size": 0, "aggs": counted})["aggregations"]["names"]["buckets"]
    except MissingError:
        return {}
    return {str(bucket["key"]): int(bucket["doc_count"]) for bucket in found}


def _check(
    registry: FactorRegistry, meta: Mapping[str, Any], factors: Sequence[Factor], fingerprints: Mapping[str, str]
) -> None:
    """WeightsMismatchError; ConfigurationError if the index was made without one of the factors."""
    if without := registry.made_without(meta, factors):
        raise ConfigurationError(f"the index was made without {', '.join(without)}; run `omma reindex`")
    for factor in factors:
        versions.check_weights(meta, fingerprints, factor.name)


def _failed(extractor: str, factors: Sequence[Factor]) -> Json:
    """Documents on which the extractor or a factor that reads it failed, or that were made while it was switched off."""
    reading = [image_failure(factor) for factor in factors if extractor in factor.reads]
    failed: Json = {"terms": {"missing": [extractor, *reading]}}
    never_ran: Json = {"bool": {"must_not": [{"prefix": {"weights": f"{extractor}="}}]}}
    return {"bool": {"should": [failed, never_ran], "minimum_should_match": 1}}
