"""Candidates: what every column's `retrieve` clause proposes, fused by reciprocal rank.

One `_msearch` asks them all: they run side by side, a clause that the engine refuses fails alone, and there may be more of
them than the five that a `hybrid` query takes.
"""

from typing import Any

from factors.base import Clause
from query.engine_calls import COLUMNS_ONLY, id_of
from query.run import Run

Json = dict[str, Any]
LEAN = {"filter_path": "responses.status,responses.error,responses._shards.failures,responses.hits.hits.fields"}


def propose(run: Run) -> None:
    """At most `k` candidates, best first; a column that cannot look for any is left out."""
    finding = [clause for clause in run.clauses() if clause.retrieve is not None]
    if not finding:
        return
    number = run.question.k
    responses = run.calls.msearch([_body(clause, run, number) for clause in finding], **LEAN)
    for clause, hits in run.sound(finding, responses):
        run.proposals[clause.name] = [found for hit in hits if (found := id_of(hit)) not in run.left_out]
    merged = run.fusion.merge(run.proposals)
    run.candidates, run.more = merged[:number], len(merged) > number


def _body(clause: Clause, run: Run, number: int) -> Json:
    query: Json = {"bool": {"must": [clause.retrieve], "filter": list(run.question.filters)}}
    return {"size": number, **COLUMNS_ONLY, "docvalue_fields": ["id"], "track_total_hits": False, "query": query}
