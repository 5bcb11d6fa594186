"""Looking again with one sense: what it sees now is merged into the documents where they are.

No new index, and no downtime. A document is written only in the state in which it was read; where another writer was faster,
it is read and merged again, and the picture is not looked at twice.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
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
from factors.registry import all_factors
from ingest.copying import KEPT_OPEN, PATIENCE, SHOWN, send
from ingest.documents import failure_fields, failures_of, linked_fields, text_fields
from ingest.meanings import Meanings, Reads
from ingest.renewing import CanLook
from mappings import versions, weights
from vision.perception import Perception
from vision.picture import Picture, decode

MOST_SENSES = 100  # that are counted by name
REPLACED = "the index was replaced meanwhile; run this again"


class Repairer(CanLook, Reads, Protocol):
    """vision.perceiver.Perceiver, as far as it is needed here."""

    def dependants(self, names: Collection[str]) -> list[str]:
        """These senses and those that need them or borrow from them."""


@dataclass(frozen=True, slots=True)
class Repair:
    """What a repair would do: look with these senses at these documents of an index, and make these factors' fields anew."""

    index: str
    senses: tuple[str, ...]
    factors: tuple[str, ...]
    documents: int
    query: Json


@dataclass(slots=True)
class Repaired:
    """How far it is.

    `repaired`: every sense sees the picture now. `failed`: one still does not. `gone`: the document was deleted meanwhile.
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
            told = "; ".join(f"{sense}: {why}" for sense, why in failures.items())
            self.failures = [*self.failures, f"{picture}: {told}"][:SHOWN]
        else:
            self.repaired += 1


Report = Callable[[Repaired], Any]


def plan(client: OpenSearch, settings: Settings, perceiver: Repairer, sense: str, *, only_failed: bool) -> Repair:
    """What looking again with a sense, and with those that need it, takes.

    ConfigurationError where there is no such sense, or the index was made without it or with other weights (which is work
    for a whole reindex); NotFoundError where there is no index.
    """
    senses, fingerprints = perceiver.dependants([sense]), perceiver.fingerprints()
    index = versions.current_index(client, settings)
    factors = [factor for factor in all_factors() if set(senses) & set(factor.reads)]
    _check(versions.meta_of(client, index), factors, fingerprints)
    query = _lacks(sense) if only_failed else {"match_all": {}}
    with guard():
        client.indices.refresh(index=index)
        documents = int(client.count(index=index, body={"query": query})["count"])
    return Repair(index, tuple(senses), tuple(factor.name for factor in factors), documents, query)


def repair(
    client: OpenSearch, settings: Settings, perceiver: Repairer, planned: Repair, report: Report = lambda counts: None
) -> Repaired:
    """Do it; EngineUnavailable where the index is replaced meanwhile, or documents never stop being written."""
    try:
        return _Run(client, settings, perceiver, planned, report).all()
    except MissingError as error:
        raise EngineUnavailable(REPLACED) from error


def lacking(client: OpenSearch, index: str) -> dict[str, int]:
    """Sense -> documents on which it failed, the most first."""
    counted = {"senses": {"terms": {"field": "missing", "size": MOST_SENSES}}}
    try:
        with guard():
            found = client.search(index=index, body={"size": 0, "aggs": counted})["aggregations"]["senses"]["buckets"]
    except MissingError:
        return {}
    return {str(bucket["key"]): int(bucket["doc_count"]) for bucket in found}


class _Run:
    """One repair under way."""

    def __init__(self, client: OpenSearch, settings: Settings, perceiver: Repairer, planned: Repair, report: Report) -> None:
        self._client, self._settings, self._store = client, settings, Store(settings)
        self._perceiver, self._planned, self._report = perceiver, planned, report
        self._factors, self._fingerprints = all_factors(), perceiver.fingerprints()
        self._meanings = Meanings(perceiver)
        self._fields = {f.name: tuple(f.fields(perceiver.dimensions())) for f in self._factors if f.name in planned.factors}
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

    def _look(self, pictures: Sequence[str]) -> dict[str, Perception]:
        """What these senses and those that they need see; where the picture cannot be read, none of them sees anything."""
        seen: dict[str, Perception] = {}
        readable: list[Picture] = []
        for picture in pictures:
            try:
                readable.append(decode(self._store.original(picture), self._settings))
            except (BadPicture, NotFoundError) as error:
                seen[picture] = Perception(picture, 1, 1, failures=dict.fromkeys(self._planned.senses, str(error)))
        return seen | {found.picture_id: found for found in self._perceiver.perceive(readable, self._planned.senses)}

    def _merged(self, document: Mapping[str, Any], seen: Perception) -> Json:
        """The document with what was seen now; everything else, and what a sense sees no more but once saw, stays."""
        looked = self._planned.senses
        sees = {s for s in self._fingerprints if s not in seen.failures and (s in looked or seen.of(s) is not None)}
        renewed = [f for f in self._factors if f.name in self._fields and sees & set(looked) & set(f.reads)]
        perception = replace(seen, **self._recalled(document, sees))
        anew = {name for factor in renewed for name in self._fields[factor.name]} | set(linked_fields([], {}))
        fields = {name: value for name, value in document.items() if name not in anew}
        for factor in renewed:
            fields |= factor.seen(perception)
        fields |= self._marks(document, sees, seen.failures)
        linked = text_fields(document.get("sources", ()), fields, self._meanings)
        return fields | {name: value for name, value in linked.items() if value is not None}

    def _marks(self, document: Mapping[str, Any], sees: set[str], failures: Mapping[str, str]) -> Json:
        """Which senses still fail, or fail where they had never looked; and which weights looked."""
        failed = failures_of(document)
        made_by = dict(str(token).split("=", 1) for token in document.get("weights", ()))
        now = {sense: why for sense, why in failures.items() if sense in failed or sense not in made_by}
        left = {sense: why for sense, why in failed.items() if sense not in sees} | now
        made_by |= {sense: self._fingerprints[sense] for sense in sees | now.keys()}
        return failure_fields(left) | {"weights": sorted(f"{sense}={mark}" for sense, mark in made_by.items())}

    def _recalled(self, document: Mapping[str, Any], sees: Collection[str]) -> dict[str, Any]:
        """What the document keeps of the senses that did not look now."""
        failed = set(document.get("missing", ()))
        found = (pair for factor in self._factors for pair in factor.recall(document).items())
        return {sense: observation for sense, observation in found if sense not in failed and sense not in sees}


def _check(meta: Mapping[str, Any], factors: Iterable[Factor], fingerprints: Mapping[str, str]) -> None:
    """WeightsMismatchError, ConfigurationError."""
    names = [factor.name for factor in factors]
    if without := set(weights.lacking(meta, names)):
        raise ConfigurationError(f"the index was made without {', '.join(sorted(without))}; run `omma reindex`")
    for name in names:
        weights.check(meta, fingerprints, name)


def _lacks(sense: str) -> Json:
    """Documents on which the sense failed, or that were made while it was switched off."""
    failed: Json = {"term": {"missing": sense}}
    unseen: Json = {"bool": {"must_not": [{"prefix": {"weights": f"{sense}="}}]}}
    return {"bool": {"should": [failed, unseen], "minimum_should_match": 1}}


def _batches(hits: Iterable[Json], size: int) -> Iterator[list[Json]]:
    left = iter(hits)
    while batch := list(islice(left, size)):
        yield batch
