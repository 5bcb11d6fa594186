"""Columns that the engine cannot compute, for the best few candidates: their fields come in one request."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain, islice
from typing import Any

from factors.base import Match, Rescore, Rescored
from query.engine_calls import COLUMNS_ONLY, RefusedError, id_of
from query.run import Run

Json = dict[str, Any]
LEAN = {"filter_path": "_shards.failures,hits.hits.fields"}


def rescore(run: Run) -> None:
    """Add the checked columns to the table; one that cannot be computed is left out, with a warning."""
    checks = {clause.name: clause.rescore for clause in run.clauses() if clause.rescore is not None}
    chosen = list(islice(best(run, checks.values()), run.max_rescored))
    if not chosen:
        return
    try:
        fields = _fields(run, chosen, sorted({name for one in checks.values() for name in one.reads}))
    except RefusedError as error:
        for column in checks:
            run.drop(column, str(error))
        return
    for column, one in checks.items():
        _compute(run, column, one, fields)


def best(run: Run, checks: Collection[Rescore]) -> Iterator[str]:
    """Candidates in the order in which they deserve a closer look: the best by each named column and by all, in turn."""
    named = sorted({column for one in checks for column in one.by})
    if not checks:
        return
    rankings = [_by(run, column) for column in named] + [[i for i in run.candidates if i in run.rows]]
    longest = max(map(len, rankings))
    turns = chain.from_iterable([r[at] for r in rankings if at < len(r)] for at in range(longest))
    yield from dict.fromkeys(turns)


def _by(run: Run, column: str) -> list[str]:
    """The documents that have a value in a column, best first."""
    valued = [(row.values[column], document) for document, row in run.rows.items() if column in row.values]
    return [document for _, document in sorted(valued, key=lambda pair: (-pair[0], pair[1]))]


def _fields(run: Run, ids: Sequence[str], reads: Sequence[str]) -> dict[str, Json]:
    """Doc values by document."""
    query: Json = {"bool": {"filter": [{"ids": {"values": list(ids)}}]}}
    body: Json = {"size": len(ids), **COLUMNS_ONLY, "docvalue_fields": ["id", *reads], "track_total_hits": False}
    answer = run.calls.search(body | {"query": query, "sort": ["_doc"]}, **LEAN)
    return {id_of(hit): hit["fields"] for hit in answer.get("hits", {}).get("hits", [])}


def _compute(run: Run, column: str, one: Rescore, fields: Mapping[str, Json]) -> None:
    """One column of all documents that were read."""
    failed: list[Exception] = []
    for document, values in fields.items():
        try:
            found = one.compute(values)
        except Exception as error:  # whatever is wrong with one document, the others can be checked
            failed.append(error)
            continue
        if found is not None:
            _put(run, document, column, found)
    if failed:
        factor, _ = run.columns[column]
        why = f"{type(failed[0]).__name__}: {failed[0]}"
        run.warnings.append(f"{factor.title} ({column}) could not be checked for {len(failed)} of {len(fields)} results: {why}")


def _put(run: Run, document: str, column: str, found: Rescored) -> None:
    row = run.rows[document]
    run.rows[document] = replace(row, values={**row.values, column: found.value})
    if found.match is not None and run.asked.box:
        found = replace(found, match=_on_the_whole(found.match, run.asked.box))
    run.rescored[document, column] = found


def _on_the_whole(match: Match, box: Sequence[float]) -> Match:
    """Points of the chosen part as points of the whole picture asked with."""
    x, y, w, h = box
    return replace(match, pairs=tuple((round(x + a * w, 4), round(y + b * h, 4), c, d) for a, b, c, d in match.pairs))
