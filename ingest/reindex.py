"""Reindexing: to a new mapping or to new weights, while searches and ingests go on.

A new version of the index is filled from the old one, and the alias is switched in one step. A copy bears the old document's
sequence number as its external version, which makes copying idempotent: a document is copied again exactly when it was
written since, in whatever order, and a reindex that was cut off goes on where it was. Writes that arrive meanwhile are found
by their sequence numbers in further passes; the last pass runs while the old index takes no writes (writers wait and try
again), so none is lost.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from opensearchpy import OpenSearch

from engine.client import guard
from engine.errors import ConfigurationError, OmmaError
from engine.settings import Settings
from factors.base import Json
from factors.registry import index_body
from ingest.copying import Copier, Counts, Report
from ingest.renewing import CanReextract, Renewer
from mappings import versions, weights

FEW = 64  # documents written during a pass from which the next one may hold writers up
MOST_PASSES = 20  # after which writers are held up however many there are


@dataclass(frozen=True, slots=True)
class Plan:
    """What a reindex would do."""

    old: str
    new: str
    documents: int
    extractors: dict[str, tuple[str, str]]  # whose weights changed: those of the index, those of now
    added: tuple[str, ...]  # factors
    removed: tuple[str, ...]
    fields_changed: bool
    strays: int  # documents made by other weights than the index says
    resumes: bool  # an earlier one was cut off, and goes on

    @property
    def needed(self) -> bool:
        """Whether anything would be different afterwards."""
        return bool(self.extractors or self.added or self.removed or self.fields_changed or self.strays)


def plan(client: OpenSearch, settings: Settings, feature_extractor: CanReextract) -> Plan:
    """Compare the index with the factors and weights of now; NotFoundError where there is no index."""
    old = versions.current_index(client, settings)
    meta, body = versions.meta_of(client, old), _body(settings, feature_extractor)
    wanted = _meta(body)
    leftover = _leftover(client, settings, old)
    resumes = leftover is not None and _same(versions.meta_of(client, leftover), wanted)
    factors = set(meta.get("factors", {})), set(wanted["factors"])
    with guard():
        documents = int(client.count(index=old)["count"])
    return Plan(
        old=old,
        new=leftover if leftover and resumes else versions.index_name(settings, versions.version_of(leftover or old) + 1),
        documents=documents,
        extractors=weights.changed(meta, feature_extractor.fingerprints()),
        added=tuple(sorted(factors[1] - factors[0])),
        removed=tuple(sorted(factors[0] - factors[1])),
        fields_changed=meta.get("mapping") != wanted["mapping"],
        strays=_strays(client, old, meta, feature_extractor),
        resumes=resumes,
    )


def reindex(
    client: OpenSearch,
    settings: Settings,
    feature_extractor: CanReextract,
    *,
    report: Report = lambda counts: None,
    keep_old: bool = False,
    grace: float | None = None,
) -> Counts:
    """Fill a new version of the index, switch the alias to it, and delete the old one (unless `keep_old`).

    Searches that began on the old index have `grace` seconds (by default the time that a search may take) to end. Raises
    ConfigurationError when another reindex was faster, and leaves everything as it was when anything else fails.
    """
    planned, body = plan(client, settings, feature_extractor), _body(settings, feature_extractor)
    _unblock(client, planned.old)  # a reindex that was killed may have left it so
    leftover = _leftover(client, settings, planned.old)
    if leftover and not planned.resumes:
        _delete(client, leftover)
    versions.create_version(client, settings, versions.version_of(planned.new), body)
    counts = Counts(total=planned.documents)
    renewer = Renewer(settings, feature_extractor, _recorded(client, planned.old))
    copier = Copier(client, planned.old, planned.new, renewer, counts=counts, report=report)
    _fill(client, settings, copier, planned)
    _settle(client, feature_extractor, copier, planned)
    if not keep_old:
        time.sleep(settings.opensearch_timeout if grace is None else grace)
        _delete(client, planned.old)
    return counts


def _fill(client: OpenSearch, settings: Settings, copier: Copier, planned: Plan) -> None:
    """Copy in passes until few documents are written between two of them; then the last one, and the switch."""
    since = 0
    for _ in range(MOST_PASSES):
        since, written = copier.catch_up(since)
        if written <= FEW:
            break
    copier.forget_deleted()
    with _blocked(client, planned.old):
        copier.catch_up(since)
        if copier.differs():
            copier.forget_deleted()
        if copier.differs():
            raise OmmaError(f"{planned.new} does not hold what {planned.old} does; nothing was switched, run it again")
        if versions.current_index(client, settings) != planned.old:
            raise ConfigurationError("another reindex was faster; nothing was switched")
        versions.switch(client, settings, planned.old, planned.new)


def _settle(client: OpenSearch, feature_extractor: CanReextract, copier: Copier, planned: Plan) -> None:
    """Renew what a worker wrote after the switch that had looked before it, with the old weights."""
    meta = versions.meta_of(client, planned.new)
    if _strays(client, planned.new, meta, feature_extractor):
        copier.renew_in_place(_stray_query(meta, feature_extractor))


def _body(settings: Settings, feature_extractor: CanReextract) -> Json:
    return index_body(feature_extractor.fingerprints(), feature_extractor.dimensions(), settings)


def _meta(body: Json) -> Json:
    meta: Json = body["mappings"]["_meta"]["omma"]
    return meta


def _same(meta: Json, wanted: Json) -> bool:
    return all(meta.get(name) == wanted[name] for name in ("factors", "mapping"))


def _recorded(client: OpenSearch, index: str) -> set[str]:
    """The extractors that the index's factors read."""
    return {extractor for extractors in versions.meta_of(client, index).get("factors", {}).values() for extractor in extractors}


def _leftover(client: OpenSearch, settings: Settings, current: str) -> str | None:
    """The newest version that no alias was ever switched to."""
    later = [name for name in versions.all_indices(client, settings) if name > current]
    return later[-1] if later else None


def _strays(client: OpenSearch, index: str, meta: Json, feature_extractor: CanReextract) -> int:
    with guard():
        client.indices.refresh(index=index)
        return int(client.count(index=index, body={"query": _stray_query(meta, feature_extractor)})["count"])


def _stray_query(meta: Json, feature_extractor: CanReextract) -> Json:
    """Documents that lack the mark of any of the weights that the index was made with; what is switched off does not count."""
    there = feature_extractor.fingerprints()
    marks = {f"{s}={mark}" for extractors in meta.get("factors", {}).values() for s, mark in extractors.items() if s in there}
    if not marks:
        return {"match_none": {}}
    lacking: list[Json] = [{"bool": {"must_not": {"term": {"weights": mark}}}} for mark in sorted(marks)]
    return {"bool": {"should": lacking, "minimum_should_match": 1}}


@contextmanager
def _blocked(client: OpenSearch, index: str) -> Iterator[None]:
    """Let no write in; those under way are waited for."""
    with guard():
        client.indices.add_block(index=index, block="write")
    try:
        yield
    finally:
        _unblock(client, index)


def _unblock(client: OpenSearch, index: str) -> None:
    with guard():
        client.indices.put_settings(index=index, body={"index.blocks.write": None})


def _delete(client: OpenSearch, index: str) -> None:
    with guard():
        client.indices.delete(index=index)
