"""Results that differ from those above them: maximal marginal relevance, the last step, taken only where it is asked for.

Carbonell, Goldstein: The use of MMR, diversity-based reranking for reordering documents and producing summaries (SIGIR 1998):
next is the document with the greatest (1 - d) * relevance - d * (greatest similarity to one that was chosen).
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from query.engine_calls import RefusedError
from query.run import Group, Run

DEPTH = 100  # groups that may change places; below them nothing is shown on a first page
FIELD = "similar"  # the vector that says how alike two pictures are
Matrix = NDArray[np.float64]


def diversify(run: Run) -> None:
    """Change the order of the first groups; without vectors the order stays, and a warning says so."""
    amount = run.diversity if run.request.diversity is None else run.request.diversity
    head = run.groups[:DEPTH]
    if not amount or len(head) <= 1:
        return
    try:
        vectors = _vectors(run, [group.best.id for group in head])
    except RefusedError as error:
        run.warnings.append(f"results are not diversified: {error}")
        return
    order = mmr(relevance(head), _similarity([vectors.get(group.best.id) for group in head]), amount)
    run.groups[:DEPTH] = [head[place] for place in order]


def mmr(relevant: Matrix, similar: Matrix, amount: float) -> list[int]:
    """Places in the new order; `relevant` [n] and `similar` [n, n] lie within 0..1, `amount` is how much the latter counts."""
    chosen: list[int] = []
    closest = np.zeros(len(relevant))
    left = np.ones(len(relevant), dtype=bool)
    for _ in range(len(relevant)):
        gain = np.where(left, (1 - amount) * relevant - amount * closest, -np.inf)
        best = int(np.argmax(gain))
        chosen.append(best)
        left[best] = False
        closest = np.maximum(closest, similar[best])
    return chosen


def relevance(groups: Sequence[Group]) -> Matrix:
    """By place, as scores of rankers have no common scale: 1 for the first, near 0 for the last."""
    return 1.0 - np.arange(len(groups)) / len(groups)


def _similarity(vectors: Sequence[list[float] | None]) -> Matrix:
    """Cosines within 0..1 [n, n]; a picture without a vector is like no other."""
    length = max((len(vector) for vector in vectors if vector), default=1)
    rows = np.array([vector or [0.0] * length for vector in vectors], dtype=np.float64)
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    unit = rows / np.where(norms > 0, norms, 1.0)
    found: Matrix = np.clip(unit @ unit.T, 0.0, 1.0)
    return found


def _vectors(run: Run, ids: Sequence[str]) -> dict[str, list[float]]:
    body = {
        "size": len(ids), "_source": [FIELD], "track_total_hits": False,
        "query": {"bool": {"filter": [{"ids": {"values": list(ids)}}]}},
    }  # fmt: skip
    hits = run.calls.search(body)["hits"]["hits"]
    return {hit["_id"]: hit["_source"][FIELD] for hit in hits if FIELD in hit.get("_source", {})}
