"""Candidates and the factor table: what every feature retrieves, and every feature's value for every candidate.

One `_msearch` retrieves by all features side by side: a clause that the engine refuses fails alone, and there may be more of
them than the five that a `hybrid` query takes. One more request computes every feature of every candidate (the factor table).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from factors.base import Clause
from query.engine_calls import COLUMNS_ONLY, Calls, RefusedError, check_shards, id_of
from query.question import Columns, Understood

Json = dict[str, Any]

READ = ("id", "width", "height", "phash_bits", "colour")  # of every candidate, by which near-duplicates are grouped
LEAN_CANDIDATES = {"filter_path": "responses.status,responses.error,responses._shards.failures,responses.hits.hits.fields"}
LEAN_TABLE = {
    "include_named_queries_score": "true",
    "filter_path": "_shards.failures,hits.hits.fields,hits.hits.matched_queries",
}
LEAN_EACH = {
    "filter_path": "responses.status,responses.error,responses._shards.failures,"
    "responses.hits.hits.fields,responses.hits.hits.matched_queries,responses.hits.hits._score",
}


@dataclass(frozen=True, slots=True)
class Row:
    """One candidate: its value of every feature that has one, and its doc values."""

    id: str
    values: Mapping[str, float]
    fields: Mapping[str, list[Any]]


@dataclass(frozen=True, slots=True)
class Proposals:
    """Ids by feature, best first, and the candidates that fusion takes of them; `more`: there were more than are taken.

    `columns` are the features still in play: those that the engine refused are gone.
    """

    columns: Columns
    by_feature: Mapping[str, Sequence[str]] = field(default_factory=dict)
    candidates: Sequence[str] = ()
    more: bool = False


@dataclass(frozen=True, slots=True)
class FactorTable:
    """Rows by document, in the order in which candidates were proposed; `columns` are the features still in play."""

    columns: Columns
    rows: Mapping[str, Row]


def clauses_of(columns: Columns) -> list[Clause]:
    """One clause per feature."""
    return [clause for _, clause in columns.values()]


def propose(calls: Calls, understood: Understood) -> Proposals:
    """At most `k` candidates, best first; a feature whose clause the engine refuses is left out."""
    finding = [clause for clause in clauses_of(understood.columns) if clause.retrieve is not None]
    if not finding:
        return Proposals(understood.columns)
    responses = calls.msearch([_retrieving(clause, understood) for clause in finding], **LEAN_CANDIDATES)
    hits, columns = _sound(calls, understood.columns, finding, responses)
    found = {name: [i for hit in own if (i := id_of(hit)) not in understood.left_out] for name, own in hits.items()}
    merged, number = understood.fusion.merge(found), understood.question.k
    return Proposals(columns, found, merged[:number], len(merged) > number)


def _retrieving(clause: Clause, understood: Understood) -> Json:
    question = understood.question
    query: Json = {"bool": {"must": [clause.retrieve], "filter": list(question.filters)}}
    return {"size": question.k, **COLUMNS_ONLY, "docvalue_fields": ["id"], "track_total_hits": False, "query": query}


def fill_table(calls: Calls, proposals: Proposals) -> FactorTable:
    """Every feature's exact value for every candidate; a feature that the engine refuses to compute is left out."""
    columns, ids = proposals.columns, proposals.candidates
    if not ids:
        return FactorTable(columns, {})
    try:
        rows = _rows(calls, columns, ids)
    except RefusedError:
        rows, columns = _rows_one_by_one(calls, columns, ids)
    return FactorTable(columns, {document: rows[document] for document in ids if document in rows})


def widen(calls: Calls, proposals: Proposals, table: FactorTable) -> FactorTable:
    """The table with everything that any feature proposes, also what fusion leaves out (after the candidates, by id)."""
    every = {document for ids in proposals.by_feature.values() for document in ids}
    others = sorted(every - set(proposals.candidates))
    more = fill_table(calls, replace(proposals, columns=table.columns, candidates=others))
    return FactorTable(more.columns, {**table.rows, **more.rows})


def _sound(
    calls: Calls, columns: Columns, clauses: Sequence[Clause], responses: Sequence[Json]
) -> tuple[dict[str, list[Json]], Columns]:
    """Hits by feature, and the columns without the features that the engine refused, each with a warning."""
    hits: dict[str, list[Json]] = {}
    left = dict(columns)
    for clause, response in zip(clauses, responses, strict=True):
        try:
            check_shards(response)
        except RefusedError as error:
            warn_left_out(calls, columns, clause.name, error)
            del left[clause.name]
        else:
            hits[clause.name] = response.get("hits", {}).get("hits", [])
    return hits, left


def warn_left_out(calls: Calls, columns: Columns, name: str, why: object) -> None:
    """Say that the search goes on without a feature."""
    factor, _ = columns[name]
    calls.warn(f"{factor.title} ({name}) was left out: {why}")


def _rows(calls: Calls, columns: Columns, ids: Sequence[str]) -> dict[str, Row]:
    """All rows by one request."""
    answer = calls.search(_table_body(clauses_of(columns), ids), **LEAN_TABLE)
    rows = (
        Row(id_of(hit), hit.get("matched_queries") or {}, hit.get("fields", {}))
        for hit in answer.get("hits", {}).get("hits", [])
    )
    return {row.id: row for row in rows}


def _table_body(clauses: Sequence[Clause], ids: Sequence[str]) -> Json:
    return {
        "size": len(ids),
        **COLUMNS_ONLY,
        "docvalue_fields": list(READ),
        "track_total_hits": False,
        "sort": ["_doc"],  # any order: the columns' scores come with their names, and adding them up would be for nothing
        "query": {
            "bool": {
                "filter": [{"ids": {"values": list(ids)}}],
                "should": [clause.named() for clause in clauses],
            }
        },
    }


def _rows_one_by_one(calls: Calls, columns: Columns, ids: Sequence[str]) -> tuple[dict[str, Row], Columns]:
    """All rows by one search per feature, whose score is the value; features that the engine refuses are left out."""
    values: dict[str, dict[str, float]] = {}
    fields: dict[str, Json] = {}
    clauses = clauses_of(columns)
    bodies = [_table_body([clause], ids) | {"sort": ["_score"]} for clause in clauses]
    by_feature, left = _sound(calls, columns, clauses, calls.msearch(bodies, **LEAN_EACH))
    for name, hits in by_feature.items():
        for hit in hits:
            fields[id_of(hit)] = hit["fields"]
            row = values.setdefault(id_of(hit), {})
            if name in hit.get("matched_queries", ()):
                row[name] = hit["_score"]
    return {document: Row(document, row, fields[document]) for document, row in values.items()}, left
