"""Features that the engine cannot compute: computed here for the best few candidates, whose fields come in one request."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, islice
from typing import Any

from engine.settings import Settings
from factors.base import Clause, Rescore, Rescored
from query.engine_calls import COLUMNS_ONLY, Calls, RefusedError, id_of
from query.question import Columns, Understood
from query.retrieval import FactorTable, Row, clauses_of, warn_left_out

Json = dict[str, Any]
LEAN = {"filter_path": "_shards.failures,hits.hits.fields"}


@dataclass(frozen=True, slots=True)
class RescoredTable:
    """The factor table with the features computed here; `rescored` has what was found, by document and feature."""

    columns: Columns
    rows: Mapping[str, Row]
    rescored: Mapping[tuple[str, str], Rescored] = field(default_factory=dict)

    def clauses(self) -> list[Clause]:
        """The clauses of the features still in play."""
        return clauses_of(self.columns)


def rescore(calls: Calls, settings: Settings, understood: Understood, table: FactorTable) -> RescoredTable:
    """Add the features that are computed here; one that cannot be computed is left out, with a warning."""
    checks = {clause.name: clause.rescore for clause in clauses_of(table.columns) if clause.rescore is not None}
    chosen = list(islice(rescoring_order(table, checks.values()), settings.rescored))
    if not chosen:
        return RescoredTable(table.columns, table.rows)
    try:
        fields = _fields(calls, chosen, sorted({name for one in checks.values() for name in one.reads}))
    except RefusedError as error:
        for name in checks:
            warn_left_out(calls, table.columns, name, error)
        return RescoredTable({name: own for name, own in table.columns.items() if name not in checks}, table.rows)
    found = {name: _computed(calls, table.columns, name, one, fields) for name, one in checks.items()}
    return _with_rescored(understood, table, found)


def rescoring_order(table: FactorTable, checks: Collection[Rescore]) -> Iterator[str]:
    """Candidates in the order in which they are rescored: the best by each named feature and by all features, in turn."""
    named = sorted({name for one in checks for name in one.by})
    if not checks:
        return
    rankings = [_by(table, name) for name in named] + [list(table.rows)]
    longest = max(map(len, rankings))
    turns = chain.from_iterable([r[at] for r in rankings if at < len(r)] for at in range(longest))
    yield from dict.fromkeys(turns)


def _by(table: FactorTable, name: str) -> list[str]:
    """The documents that have a value of a feature, best first."""
    valued = [(row.values[name], document) for document, row in table.rows.items() if name in row.values]
    return [document for _, document in sorted(valued, key=lambda pair: (-pair[0], pair[1]))]


def _fields(calls: Calls, ids: Sequence[str], reads: Sequence[str]) -> dict[str, Json]:
    """Doc values by document."""
    query: Json = {"bool": {"filter": [{"ids": {"values": list(ids)}}]}}
    body: Json = {"size": len(ids), **COLUMNS_ONLY, "docvalue_fields": ["id", *reads], "track_total_hits": False}
    answer = calls.search(body | {"query": query, "sort": ["_doc"]}, **LEAN)
    return {id_of(hit): hit["fields"] for hit in answer.get("hits", {}).get("hits", [])}


def _computed(calls: Calls, columns: Columns, name: str, one: Rescore, fields: Mapping[str, Json]) -> dict[str, Rescored]:
    """One feature of all documents that were read; a document that it fails for has none, with a warning."""
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
            rescored[document, name] = _on_the_whole(one, understood.shown.box)
    return RescoredTable(table.columns, rows, rescored)


def _on_the_whole(found: Rescored, box: Sequence[float] | None) -> Rescored:
    """Points of the chosen part as points of the whole picture asked with."""
    if found.match is None or not box:
        return found
    x, y, w, h = box
    pairs = tuple((round(x + a * w, 4), round(y + b * h, 4), c, d) for a, b, c, d in found.match.pairs)
    return replace(found, match=replace(found.match, pairs=pairs))
