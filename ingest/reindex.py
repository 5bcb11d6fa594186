"""Reindexing to a new mapping or to new weights, while searches and ingests continue.

`ingest.backfill` fills a new version of the index from the old one, and the alias is switched in one step. Further passes find
writes that arrived meanwhile by their sequence numbers; the last pass runs while the old index is blocked for writes (writers
wait and retry), so none is lost. An interrupted reindex resumes.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from opensearchpy import OpenSearch

from engine.connections import guard
from engine.errors import ConfigurationError, OmmaError
from engine.settings import Settings
from factors.base import Json
from factors.registry import FactorRegistry
from ingest.backfill import Copier, Counts, Report, in_place
from ingest.fields import weight_marks
from ingest.remake import CanReextract, Remaker, WholeDocument
from mappings import versions

MAX_LAST_PASS = 64  # documents written during a pass; with fewer, the next pass may block writers
MAX_PASSES = 20  # after which writers are blocked, however many documents are left


@dataclass(frozen=True, slots=True)
class Plan:
    """The changes that a reindex makes."""

    old: str
    new: str
    documents: int
    extractors: dict[str, tuple[str, str]]  # with changed weights -> fingerprints in the index and now
    added: tuple[str, ...]  # factors
    removed: tuple[str, ...]
    fields_changed: bool
    strays: int  # documents made by other weights than the index records
    resumes: bool  # continues an interrupted reindex

    @property
    def needed(self) -> bool:
        """Whether anything changes."""
        return bool(self.extractors or self.added or self.removed or self.fields_changed or self.strays)


def plan(client: OpenSearch, settings: Settings, feature_extractor: CanReextract) -> Plan:
    """Compare the index with the present factors and weights; NotFoundError without an index."""
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
        extractors=versions.changed(meta, feature_extractor.fingerprints()),
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

    Searches that began on the old index have `grace` seconds (by default the timeout of a search) to end. ConfigurationError if
    another reindex finished first; an error before the switch leaves the alias unchanged.
    """
    planned = plan(client, settings, feature_extractor)
    _create(client, settings, feature_extractor, planned)
    counts = Counts(total=planned.documents)
    scope = WholeDocument(FactorRegistry.of(settings).active, feature_extractor.fingerprints(), _recorded(client, planned.old))
    remaker = Remaker(settings, feature_extractor, scope)
    _fill(client, settings, Copier(client, planned.old, planned.new, remaker, counts=counts, report=report), planned)
    _remake_strays(client, settings, feature_extractor, planned.new, remaker=remaker, counts=counts)
    if not keep_old:
        time.sleep(settings.opensearch_timeout if grace is None else grace)
        _delete(client, planned.old)
    return counts


def _create(client: OpenSearch, settings: Settings, feature_extractor: CanReextract, planned: Plan) -> None:
    """Create the new version, or keep the one that is resumed; an unusable leftover of an interrupted reindex is deleted."""
    _unblock(client, planned.old)  # a reindex that was killed may have left it blocked
    leftover = _leftover(client, settings, planned.old)
    if leftover and not planned.resumes:
        _delete(client, leftover)
    versions.create_version(client, settings, versions.version_of(planned.new), _body(settings, feature_extractor))


def _fill(client: OpenSearch, settings: Settings, copier: Copier, planned: Plan) -> None:
    """Copy in passes until others write few documents during one; then block writes, copy the rest, and switch the alias."""
    since = 0
    for _ in range(MAX_PASSES):
        since, written = copier.catch_up(since)
        if written <= MAX_LAST_PASS:
            break
    copier.delete_orphans()
    with _blocked(client, planned.old):
        copier.catch_up(since)
        if copier.differs():
            copier.delete_orphans()
        if copier.differs():
            raise OmmaError(f"{planned.new} and {planned.old} differ in size; the alias was not changed, run this again")
        if versions.current_index(client, settings) != planned.old:
            raise ConfigurationError("another reindex finished first; the alias was not changed")
        versions.switch(client, settings, planned.old, planned.new)


def _remake_strays(
    client: OpenSearch, settings: Settings, feature_extractor: CanReextract, index: str, *, remaker: Remaker, counts: Counts
) -> None:
    """Remake documents that a worker wrote after the switch from features that it had extracted with the old weights."""
    meta = versions.meta_of(client, index)
    if _strays(client, index, meta, feature_extractor):
        for image, remade in in_place(client, settings, index, _stray_query(meta, feature_extractor), remaker):
            counts.add(image, remade)


def _body(settings: Settings, feature_extractor: CanReextract) -> Json:
    return FactorRegistry.of(settings).index_body(feature_extractor.fingerprints(), feature_extractor.dimensions(), settings)


def _meta(body: Json) -> Json:
    meta: Json = body["mappings"]["_meta"]["omma"]
    return meta


def _same(meta: Json, wanted: Json) -> bool:
    return all(meta.get(name) == wanted[name] for name in ("factors", "mapping"))


def _recorded(client: OpenSearch, index: str) -> set[str]:
    """The extractors that the factors of the index read."""
    return {extractor for extractors in versions.meta_of(client, index).get("factors", {}).values() for extractor in extractors}


def _leftover(client: OpenSearch, settings: Settings, current: str) -> str | None:
    """A version newer than the current one: the remains of an interrupted reindex."""
    later = [name for name in versions.all_indices(client, settings) if name > current]
    return later[-1] if later else None


def _strays(client: OpenSearch, index: str, meta: Json, feature_extractor: CanReextract) -> int:
    with guard():
        client.indices.refresh(index=index)
        return int(client.count(index=index, body={"query": _stray_query(meta, feature_extractor)})["count"])


def _stray_query(meta: Json, feature_extractor: CanReextract) -> Json:
    """Documents without the weight mark that the index records for an extractor that runs here."""
    running = feature_extractor.fingerprints()
    recorded = {name: mark for extractors in meta.get("factors", {}).values() for name, mark in extractors.items()}
    marks = weight_marks({name: mark for name, mark in recorded.items() if name in running})
    if not marks:
        return {"match_none": {}}
    lacking: list[Json] = [{"bool": {"must_not": {"term": {"weights": mark}}}} for mark in marks]
    return {"bool": {"should": lacking, "minimum_should_match": 1}}


@contextmanager
def _blocked(client: OpenSearch, index: str) -> Iterator[None]:
    """Block writes, after waiting for those in progress."""
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
