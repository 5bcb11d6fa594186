"""The factor table: every factor's exact value for every candidate, in one request."""

from collections.abc import Sequence
from typing import Any

from factors.base import Clause
from query.engine_calls import COLUMNS_ONLY, RefusedError, id_of
from query.run import Row, Run

Json = dict[str, Any]

READ = ("id", "width", "height", "phash_bits", "colour")  # of every candidate, by which near-duplicates are grouped
LEAN = {
    "include_named_queries_score": "true",
    "filter_path": "_shards.failures,hits.hits.fields,hits.hits.matched_queries",
}
LEAN_EACH = {
    "filter_path": "responses.status,responses.error,responses._shards.failures,"
    "responses.hits.hits.fields,responses.hits.hits.matched_queries,responses.hits.hits._score",
}


def fill(run: Run) -> None:
    """The table of all candidates; a column that the engine refuses to compute is left out."""
    if not run.candidates:
        run.rows = {}
        return
    try:
        run.rows = _ask(run)
    except RefusedError:
        run.rows = _one_by_one(run)


def _ask(run: Run) -> dict[str, Row]:
    answer = run.calls.search(_body(run, run.clauses(), run.candidates), **LEAN)
    rows = (_row(hit) for hit in answer.get("hits", {}).get("hits", []))
    return {row.id: row for row in rows}


def _row(hit: Json) -> Row:
    return Row(id_of(hit), hit.get("matched_queries") or {}, hit.get("fields", {}))


def _body(run: Run, clauses: Sequence[Clause], ids: Sequence[str]) -> Json:
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


def _one_by_one(run: Run) -> dict[str, Row]:
    """The same, each column asked for alone, where its value is the whole score; those that the engine refuses are left out."""
    values: dict[str, dict[str, float]] = {}
    fields: dict[str, Json] = {}
    clauses = run.clauses()
    bodies = [_body(run, [clause], run.candidates) | {"sort": ["_score"]} for clause in clauses]
    responses = run.calls.msearch(bodies, **LEAN_EACH)
    for clause, hits in run.sound(clauses, responses):
        for hit in hits:
            fields[id_of(hit)] = hit["fields"]
            row = values.setdefault(id_of(hit), {})
            if clause.name in hit.get("matched_queries", ()):
                row[clause.name] = hit["_score"]
    return {document: Row(document, row, fields[document]) for document, row in values.items()}
