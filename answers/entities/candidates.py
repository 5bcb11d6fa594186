"""Candidate entities of a question: by reference pictures, by names, by the classifier's labels, by the joint embedding.

Two requests: one that proposes, and one that scores every candidate exactly, as for documents (query/retrieval.py).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from answers.entities.entity import Entity
from answers.entities.mentions import Mention
from factors import knn
from factors.base import Question
from mappings import versions
from mappings.entities import NAME_EXTRACTOR, NAME_VECTOR, REFERENCE_VECTORS
from query.engine_calls import COLUMNS_ONLY, Calls, check_shards, id_of
from query.ordering import Ranking
from query.pipeline import Values
from query.question import Understood
from query.search import Searcher
from vision.image_features import Vector

Json = dict[str, Any]
MAX_DOCUMENTS = 30  # best documents whose entities are candidates
PROPOSED, MAX_CANDIDATES = 25, 100  # by one way; in all
SYNSETS = 5  # labels whose nouns are candidates
PATH = "references"
LEAN = {"filter_path": "responses.status,responses.error,responses.hits.hits.fields", "ignore_unavailable": "true"}
STALE = "entities are not compared by {}: their vectors were made by other weights (`omma entities load collection`)"


@dataclass(frozen=True, slots=True)
class Candidate:
    """An entity with its folded names, and its exact scores: `similar`, `products` (of the best reference), `name_embedding`.

    Scores are (1 + cosine) / 2; one that cannot be computed is missing.
    """

    entity: Entity
    names: frozenset[str]
    scores: Mapping[str, float]


def find(searcher: Searcher, values: Values, mentioned: Mapping[str, Mention]) -> list[Candidate]:
    """All candidates, those of the most similar documents first; none where there are no entities. EngineUnavailable."""
    meta = searcher.entity_index.meta()
    if meta is None:
        return []
    calls, understood = values[Calls].of_index(searcher.entity_index.alias), values[Understood]
    vectors = _vectors(understood.question, meta, searcher.fingerprints(), calls)
    documents = [one.id for one in values[Ranking].ranked[:MAX_DOCUMENTS]] + list(understood.left_out)
    queries = [*_by_documents(documents), *_by_names(mentioned), *_by_labels(understood), *_by_vectors(vectors)]
    bodies = [{"size": PROPOSED, **COLUMNS_ONLY, "docvalue_fields": ["id"], "query": query} for query in queries]
    responses = calls.msearch(bodies, **LEAN) if bodies else []
    hits = [hit for one in responses if "error" not in one for hit in one.get("hits", {}).get("hits", [])]
    return _scored(calls, list(dict.fromkeys(map(id_of, hits)))[:MAX_CANDIDATES], vectors)


def _vectors(question: Question, meta: Json, fingerprints: Mapping[str, str], calls: Calls) -> dict[str, list[int]]:
    """The question's vectors by field, where the index has that field, made by the same weights."""
    image, changed = question.image_features, versions.changed(meta, fingerprints)
    joint = image.joint if image is not None and image.joint is not None else question.text_embedding
    asked: dict[str, Vector | None] = {NAME_VECTOR: joint}
    if image is not None:
        asked |= {name: image.of(extractor) for name, extractor in REFERENCE_VECTORS.items()}
    made_by = {**REFERENCE_VECTORS, NAME_VECTOR: NAME_EXTRACTOR}
    for name in (name for name in asked if made_by[name] in changed):
        calls.warn(STALE.format(name))
    recorded = meta.get("factors", {})
    return {
        name: knn.as_bytes(vector)
        for name, vector in asked.items()
        if vector is not None and name in recorded and made_by[name] not in changed
    }


def _by_documents(documents: Sequence[str]) -> list[Json]:
    """Entities that the best documents are references of: those of the best document first."""
    each = [{"constant_score": {"filter": {"term": {"documents": one}}, "boost": len(documents) - at}}
            for at, one in enumerate(documents)]  # fmt: skip
    return [{"dis_max": {"queries": each}}] if each else []


def _by_names(mentioned: Mapping[str, Mention]) -> list[Json]:
    each = [{"constant_score": {"filter": {"term": {"names": name}}, "boost": max(mention.weight, 1e-6)}}
            for name, mention in mentioned.items()]  # fmt: skip
    return [{"dis_max": {"queries": each}}] if each else []


def _by_labels(understood: Understood) -> list[Json]:
    image = understood.question.image_features
    synsets = [label.synset for label in (image.labels or ())[:SYNSETS]] if image else []
    return [{"terms": {"synset": synsets}}] if synsets else []


def _by_vectors(vectors: Mapping[str, list[int]]) -> list[Json]:
    return [
        knn.retrieve(name, vector, PROPOSED, ()) if name == NAME_VECTOR
        else _nested(knn.retrieve(f"{PATH}.{name}", vector, PROPOSED, ()))
        for name, vector in vectors.items()
    ]  # fmt: skip


def _nested(query: Json, name: str = "") -> Json:
    """A query on each reference; the best one counts."""
    return {"nested": {"path": PATH, "score_mode": "max", "query": query} | ({"_name": name} if name else {})}


def _scored(calls: Calls, ids: Sequence[str], vectors: Mapping[str, list[int]]) -> list[Candidate]:
    """The entities with their exact scores, in the order of the ids."""
    if not ids:
        return []
    scoring = [_named(name, vector) for name, vector in vectors.items()]
    body = {
        "size": len(ids), "_source": ["entity", "names"], "track_total_hits": False,
        "query": {"bool": {"filter": [{"ids": {"values": list(ids)}}], "should": scoring}},
    }  # fmt: skip
    answer = calls.search(body, include_named_queries_score="true")
    check_shards(answer)
    found = {hit["_id"]: _candidate(hit) for hit in answer["hits"]["hits"]}
    return [found[one] for one in ids if one in found]


def _named(name: str, vector: list[int]) -> Json:
    if name == NAME_VECTOR:
        return {"bool": {"must": [knn.exact(name, vector, "byte")], "_name": name}}
    return _nested(knn.exact(f"{PATH}.{name}", vector, "byte"), name)


def _candidate(hit: Json) -> Candidate:
    source = hit["_source"]
    scores = hit.get("matched_queries") or {}
    return Candidate(Entity.model_validate(source["entity"]), frozenset(source["names"]), dict(scores))
