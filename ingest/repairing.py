"""Looking again with one extractor: what it sees now is merged into the documents where they are.

No new index, and no downtime. A document is written only in the state in which it was read; where another writer was faster,
it is read and merged again, and the picture is not looked at twice.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Protocol

from opensearchpy import OpenSearch
from opensearchpy.exceptions import NotFoundError as MissingError
from opensearchpy.helpers import scan

from engine.client import guard
from engine.errors import BadPicture, ConfigurationError, EngineUnavailable, NotFoundError
from engine.settings import Settings
from engine.store import Store
from factors.base import Factor, Json
from factors.registry import all_factors, made_without, snippet_fields
from ingest.copying import KEPT_OPEN, PATIENCE, SHOWN, send
from ingest.documents import failure_fields, failures_of, text_fields
from ingest.renewing import CanReextract
from ingest.snippet_encoder import EncodesText, SnippetEncoder
from mappings import versions, weights
from vision.image_features import ImageFeatures
from vision.picture import Picture, decode

MAX_EXTRACTORS = 100  # that are counted by name
REPLACED = "the index was replaced meanwhile; run this again"


class Repairer(CanReextract, EncodesText, Protocol):
    """vision.feature_extractor.FeatureExtractor, as far as it is needed here."""

    def dependants(self, names: Collection[str]) -> list[str]:
        """These extractors and those that need them or borrow from them."""


@dataclass(frozen=True, slots=True)
class Repair:
    """What a repair would do: look with these extractors at these documents of an index, and make these factors' fields
    anew.
    """

    index: str
    extractors: tuple[str, ...]
    factors: tuple[str, ...]
    documents: int
    query: Json


@dataclass(slots=True)
class Repaired:
    """How far it is.

    `repaired`: every extractor sees the picture now. `failed`: one still does not. `gone`: the document was deleted meanwhile.
    """

    total: int = 0
    repaired: int = 0
    failed: int = 0
    gone: int = 0
    failures: list[str] = field(default_factory=list)

    @property
    def done(self) -> int:
        """Documents that are through."""
        return self.repaired + self.failed + self.gone

    def count(self, picture: str, failures: Mapping[str, str]) -> None:
        """Count one document."""
        if failures:
            self.failed += 1
            told = "; ".join(f"{extractor}: {why}" for extractor, why in failures.items())
            self.failures = [*self.failures, f"{picture}: {told}"][:SHOWN]
        else:
            self.repaired += 1


Report = Callable[[Repaired], Any]


def plan(client: OpenSearch, settings: Settings, feature_extractor: Repairer, extractor: str, *, only_failed: bool) -> Repair:
    """What looking again with an extractor, and with those that need it, takes.

    ConfigurationError where there is no such extractor, or the index was made without it or with other weights (which is work
    for a whole reindex); NotFoundError where there is no index.
    """
    extractors, fingerprints = feature_extractor.dependants([extractor]), feature_extractor.fingerprints()
    index = versions.current_index(client, settings)
    factors = [factor for factor in all_factors() if set(extractors) & set(factor.reads)]
    _check(versions.meta_of(client, index), factors, fingerprints)
    query = _lacks(extractor) if only_failed else {"match_all": {}}
    with guard():
        client.indices.refresh(index=index)
        documents = int(client.count(index=index, body={"query": query})["count"])
    return Repair(index, tuple(extractors), tuple(factor.name for factor in factors), documents, query)


def repair(
    client: OpenSearch, settings: Settings, feature_extractor: Repairer, planned: Repair, report: Report = lambda counts: None
) -> Repaired:
    """Do it; EngineUnavailable where the index is replaced meanwhile, or documents never stop being written."""
    try:
        return _Run(client, settings, feature_extractor, planned, report).all()
    except MissingError as error:
        raise EngineUnavailable(REPLACED) from error


def lacking(client: OpenSearch, index: str) -> dict[str, int]:
    """Extractor -> documents on which it failed, the most first."""
    counted = {"extractors": {"terms": {"field": "missing", "size": MAX_EXTRACTORS}}}
    try:
        with guard():
            found = client.search(index=index, body={"size": 0, "aggs": counted})["aggregations"]["extractors"]["buckets"]
    except MissingError:
        return {}
    return {str(bucket["key"]): int(bucket["doc_count"]) for bucket in found}


class _Run:
    """One repair under way."""

    def __init__(
        self, client: OpenSearch, settings: Settings, feature_extractor: Repairer, planned: Repair, report: Report
    ) -> None:
        self._client, self._settings, self._store = client, settings, Store(settings)
        self._feature_extractor, self._planned, self._report = feature_extractor, planned, report
        self._factors, self._fingerprints = all_factors(), feature_extractor.fingerprints()
        self._snippet_encoder = SnippetEncoder(feature_extractor)
        self._fields = {
            f.name: tuple(f.fields(feature_extractor.dimensions())) for f in self._factors if f.name in planned.factors
        }
        self._counts = Repaired(total=planned.documents)

    def all(self) -> Repaired:
        """Every document, in batches."""
        body = {"query": self._planned.query, "_source": True, "seq_no_primary_term": True}
        with guard():
            hits = scan(self._client, index=self._planned.index, query=body, size=self._settings.batch_size, scroll=KEPT_OPEN)
            for batch in _batches(hits, self._settings.batch_size):
                self._renew(batch)
                self._report(self._counts)
        return self._counts

    def _renew(self, hits: Sequence[Json]) -> None:
        """Look once, then merge until no other writer was faster."""
        seen, waiting = self._look([hit["_id"] for hit in hits]), list(hits)
        for _ in range(PATIENCE):
            lines: list[Json] = []
            for hit in waiting:
                place = {"if_seq_no": hit["_seq_no"], "if_primary_term": hit["_primary_term"]}
                action = {"index": {"_index": self._planned.index, "_id": hit["_id"], **place}}
                lines += [action, self._merged(hit["_source"], seen[hit["_id"]])]
            if versions.current_index(self._client, self._settings) != self._planned.index:
                raise EngineUnavailable(REPLACED)  # and a write would make the old one again
            overtaken = send(self._client, lines)
            for hit in waiting:
                if hit["_id"] not in overtaken:
                    self._counts.count(hit["_id"], seen[hit["_id"]].failures)
            waiting = self._again(overtaken)
            if not waiting:
                return
        raise EngineUnavailable("others write the same documents again and again; run this again when they are done")

    def _again(self, pictures: set[str]) -> list[Json]:
        """These documents as they are now; deleted ones are counted."""
        if not pictures:
            return []
        with guard():
            found = self._client.mget(index=self._planned.index, body={"ids": sorted(pictures)})["docs"]
        there = [document for document in found if document.get("found")]
        self._counts.gone += len(found) - len(there)
        return there

    def _look(self, pictures: Sequence[str]) -> dict[str, ImageFeatures]:
        """What these extractors and those that they need see; where the picture cannot be read, none of them sees anything."""
        seen: dict[str, ImageFeatures] = {}
        readable: list[Picture] = []
        for picture in pictures:
            try:
                readable.append(decode(self._store.original(picture), self._settings))
            except (BadPicture, NotFoundError) as error:
                seen[picture] = ImageFeatures(picture, 1, 1, failures=dict.fromkeys(self._planned.extractors, str(error)))
        return seen | {found.picture_id: found for found in self._feature_extractor.extract(readable, self._planned.extractors)}

    def _merged(self, document: Mapping[str, Any], seen: ImageFeatures) -> Json:
        """The document with what was seen now; everything else, and what an extractor sees no more but once saw, stays."""
        looked = self._planned.extractors
        sees = {s for s in self._fingerprints if s not in seen.failures and (s in looked or seen.of(s) is not None)}
        renewed = [f for f in self._factors if f.name in self._fields and sees & set(looked) & set(f.reads)]
        image_features = seen.with_values(**self._restored(document, sees))
        anew = {name for factor in renewed for name in self._fields[factor.name]} | snippet_fields()
        fields = {name: value for name, value in document.items() if name not in anew}
        for factor in renewed:
            fields |= factor.image_fields(image_features)
        fields |= self._marks(document, sees, seen.failures)
        linked = text_fields(document.get("sources", ()), fields, self._snippet_encoder)
        return fields | {name: value for name, value in linked.items() if value is not None}

    def _marks(self, document: Mapping[str, Any], sees: set[str], failures: Mapping[str, str]) -> Json:
        """Which extractors still fail, or fail where they had never looked; and which weights looked."""
        failed = failures_of(document)
        made_by = dict(str(token).split("=", 1) for token in document.get("weights", ()))
        now = {extractor: why for extractor, why in failures.items() if extractor in failed or extractor not in made_by}
        left = {extractor: why for extractor, why in failed.items() if extractor not in sees} | now
        made_by |= {extractor: self._fingerprints[extractor] for extractor in sees | now.keys()}
        return failure_fields(left) | {"weights": sorted(f"{extractor}={mark}" for extractor, mark in made_by.items())}

    def _restored(self, document: Mapping[str, Any], sees: Collection[str]) -> dict[str, Any]:
        """What the document keeps of the extractors that did not look now."""
        failed = set(document.get("missing", ()))
        found = (pair for factor in self._factors for pair in factor.restore(document).items())
        return {extractor: observation for extractor, observation in found if extractor not in failed and extractor not in sees}


def _check(meta: Mapping[str, Any], factors: Sequence[Factor], fingerprints: Mapping[str, str]) -> None:
    """WeightsMismatchError, ConfigurationError."""
    if without := made_without(meta, factors):
        raise ConfigurationError(f"the index was made without {', '.join(without)}; run `omma reindex`")
    for factor in factors:
        weights.check(meta, fingerprints, factor.name)


def _lacks(extractor: str) -> Json:
    """Documents on which the extractor failed, or that were made while it was switched off."""
    failed: Json = {"term": {"missing": extractor}}
    unseen: Json = {"bool": {"must_not": [{"prefix": {"weights": f"{extractor}="}}]}}
    return {"bool": {"should": [failed, unseen], "minimum_should_match": 1}}


def _batches(hits: Iterable[Json], size: int) -> Iterator[list[Json]]:
    left = iter(hits)
    while batch := list(islice(left, size)):
        yield batch
