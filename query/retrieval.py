"""Candidates and the factor table: what every feature retrieves, and its value for every candidate.

Features that the engine cannot compute are computed here, for the best candidates (`rescore`).
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, islice
from typing import Any

from engine.settings import Settings
from factors.base import Clause, Rescore, Rescored
from query.engine_calls import COLUMNS_ONLY, Calls, RefusedError, check_shards, id_of
from query.question import Columns, Understood

Json = dict[str, Any]
ROW_FIELDS = ("id", "width", "height", "phash_bits", "colour")  # of every candidate; near-duplicates are recognised by them
# `filter_path` of the requests: an answer has nothing that is not read.
LEAN_CANDIDATES = {"filter_path": "responses.status,responses.error,responses._shards.failures,responses.hits.hits.fields"}
LEAN_TABLE = {
    "include_named_queries_score": "true",
    "filter_path": "_shards.failures,hits.hits.fields,hits.hits.matched_queries",
}
LEAN_EACH = {
    "filter_path": "responses.status,responses.error,responses._shards.failures,"
    "responses.hits.hits.fields,responses.hits.hits.matched_queries,responses.hits.hits._score",
}
LEAN_FIELDS = {"filter_path": "_shards.failures,hits.hits.fields"}


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


@dataclass(frozen=True, slots=True)
class RescoredTable:
    """The factor table with the features computed here; `rescored` has their results, by document and feature."""

    columns: Columns
    rows: Mapping[str, Row]
    rescored: Mapping[tuple[str, str], Rescored] = field(default_factory=dict)

    def clauses(self) -> list[Clause]:
        """The clauses of the features still in play."""
        return clauses_of(self.columns)


def propose(calls: Calls, understood: Understood) -> Proposals:
    """At most `k` candidates, best first; a feature whose clause the engine refuses is left out."""
    retrieving = {clause.name: clause for clause in clauses_of(understood.columns) if clause.retrieve is not None}
    if not retrieving:
        return Proposals(understood.columns)
    queries = [clause.retrieve for clause in retrieving.values()] + _marked(understood)
    responses = calls.msearch([_candidates_body(query, understood) for query in queries], **LEAN_CANDIDATES)
    own, marked = responses[: len(retrieving)], responses[len(retrieving) :]
    hits, columns = _hits_by_feature(calls, understood.columns, list(retrieving.values()), own)
    found = {name: _candidates(understood, own) for name, own in hits.items()}
    number = understood.question.k
    more = len({document for ids in found.values() for document in ids}) > number
    stay = [document for response in marked for document in _candidates(understood, response.get("hits", {}).get("hits", []))]
    return Proposals(columns, found, list(dict.fromkeys((*stay, *understood.fusion.candidates(found, number)))), more)


def _marked(understood: Understood) -> list[Json]:
    """A query for the documents that were marked "more", if there are any."""
    return [{"ids": {"values": understood.request.more}}] if understood.request.more else []


def _candidates(understood: Understood, hits: Iterable[Json]) -> list[str]:
    return [document for hit in hits if (document := id_of(hit)) not in understood.left_out]


def _candidates_body(retrieve: Json | None, understood: Understood) -> Json:
    question = understood.question
    query: Json = {"bool": {"must": [retrieve], "filter": list(question.filters)}}
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
        "docvalue_fields": list(ROW_FIELDS),
        "track_total_hits": False,
        "sort": ["_doc"],  # any order: each column's score comes with its name, and their sum is not needed
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
    by_feature, left = _hits_by_feature(calls, columns, clauses, calls.msearch(bodies, **LEAN_EACH))
    for name, hits in by_feature.items():
        for hit in hits:
            fields[id_of(hit)] = hit["fields"]
            row = values.setdefault(id_of(hit), {})
            if name in hit.get("matched_queries", ()):
                row[name] = hit["_score"]
    return {document: Row(document, row, fields[document]) for document, row in values.items()}, left


def rescore(calls: Calls, settings: Settings, understood: Understood, table: FactorTable) -> RescoredTable:
    """Add the features that are computed here; one that cannot be computed is left out, with a warning."""
    rescores = {clause.name: clause.rescore for clause in clauses_of(table.columns) if clause.rescore is not None}
    chosen = list(islice(rescoring_order(table, rescores.values()), settings.rescored))
    if not chosen:
        return RescoredTable(table.columns, table.rows)
    try:
        fields = _fields(calls, chosen, sorted({name for one in rescores.values() for name in one.reads}))
    except RefusedError as error:
        for name in rescores:
            _warn_left_out(calls, table.columns, name, error)
        return RescoredTable({name: own for name, own in table.columns.items() if name not in rescores}, table.rows)
    found = {name: _computed(calls, table.columns, name, one, fields) for name, one in rescores.items()}
    return _with_rescored(understood, table, found)


def rescoring_order(table: FactorTable, rescores: Collection[Rescore]) -> Iterator[str]:
    """Candidates in the order in which they are rescored: the best by each named feature and by all features, in turn."""
    if not rescores:
        return
    named = sorted({name for one in rescores for name in one.by})
    rankings = [_best_by(table, name) for name in named] + [list(table.rows)]
    longest = max(map(len, rankings))
    turns = chain.from_iterable([r[at] for r in rankings if at < len(r)] for at in range(longest))
    yield from dict.fromkeys(turns)


def _best_by(table: FactorTable, name: str) -> list[str]:
    """The documents that have a value of a feature, best first."""
    valued = [(row.values[name], document) for document, row in table.rows.items() if name in row.values]
    return [document for _, document in sorted(valued, key=lambda pair: (-pair[0], pair[1]))]


def _fields(calls: Calls, ids: Sequence[str], reads: Sequence[str]) -> dict[str, Json]:
    """Doc values by document."""
    query: Json = {"bool": {"filter": [{"ids": {"values": list(ids)}}]}}
    body: Json = {"size": len(ids), **COLUMNS_ONLY, "docvalue_fields": ["id", *reads], "track_total_hits": False}
    answer = calls.search(body | {"query": query, "sort": ["_doc"]}, **LEAN_FIELDS)
    return {id_of(hit): hit["fields"] for hit in answer.get("hits", {}).get("hits", [])}


def _computed(calls: Calls, columns: Columns, name: str, one: Rescore, fields: Mapping[str, Json]) -> dict[str, Rescored]:
    """One feature of all documents that were read; documents for which it fails have none, with one warning for all."""
    failed: list[Exception] = []
    computed: dict[str, Rescored] = {}
    for document, values in fields.items():
        try:
            found = one.compute(values)
        except Exception as error:  # whatever is wrong with one document, the others can be computed
            failed.append(error)
            continue
        if found is not None:
            computed[document] = found
    if failed:
        factor, _ = columns[name]
        why = f"{type(failed[0]).__name__}: {failed[0]}"
        calls.warn(f"{factor.title} ({name}) could not be checked for {len(failed)} of {len(fields)} results: {why}")
    return computed


def _with_rescored(understood: Understood, table: FactorTable, found: Mapping[str, Mapping[str, Rescored]]) -> RescoredTable:
    rows, rescored = dict(table.rows), {}
    for name, computed in found.items():
        for document, one in computed.items():
            row = rows[document]
            rows[document] = replace(row, values={**row.values, name: one.value})
            rescored[document, name] = _within_whole(one, understood.shown.box)
    return RescoredTable(table.columns, rows, rescored)


def _within_whole(found: Rescored, box: Sequence[float] | None) -> Rescored:
    """Matched points of the chosen part, as fractions of the whole image asked with."""
    if found.match is None or not box:
        return found
    x, y, w, h = box
    pairs = tuple((round(x + a * w, 4), round(y + b * h, 4), c, d) for a, b, c, d in found.match.pairs)
    return replace(found, match=replace(found.match, pairs=pairs))


def clauses_of(columns: Columns) -> list[Clause]:
    """One clause per feature."""
    return [clause for _, clause in columns.values()]


def _hits_by_feature(
    calls: Calls, columns: Columns, clauses: Sequence[Clause], responses: Sequence[Json]
) -> tuple[dict[str, list[Json]], Columns]:
    """Hits by feature, and the columns without those that the engine refused, with a warning for each."""
    hits: dict[str, list[Json]] = {}
    left = dict(columns)
    for clause, response in zip(clauses, responses, strict=True):
        try:
            check_shards(response)
        except RefusedError as error:
            _warn_left_out(calls, columns, clause.name, error)
            del left[clause.name]
        else:
            hits[clause.name] = response.get("hits", {}).get("hits", [])
    return hits, left


def _warn_left_out(calls: Calls, columns: Columns, name: str, why: object) -> None:
    """Say that the search goes on without a feature."""
    factor, _ = columns[name]
    calls.warn(f"{factor.title} ({name}) was left out: {why}")
