"""Near-duplicates are shown under their best result; then, where asked, results that differ from those above them come first.

Diversity is maximal marginal relevance. Carbonell, Goldstein: The use of MMR, diversity-based reranking for reordering
documents and producing summaries (SIGIR 1998): next is the document with the greatest
(1 - d) * relevance - d * (greatest similarity to one that was chosen).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.settings import Settings
from query.engine_calls import Calls, RefusedError
from query.ordering import Cut, Ranking
from query.question import Understood
from ranking.candidate_set import Ranked

DIVERSITY_DEPTH = 100  # groups that may change places; below them nothing is shown on a first page
VECTOR_FIELD = "similar"  # whose cosine says how similar two images are
Matrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Group:
    """A result and its near-duplicates, best first."""

    best: Ranked
    others: tuple[Ranked, ...] = ()


@dataclass(frozen=True, slots=True)
class Groups:
    """All results in order, each with its near-duplicates."""

    groups: tuple[Group, ...] = ()

    def on_page(self, page: int, number: int) -> tuple[Group, ...]:
        """The groups of a page."""
        return self.groups[(page - 1) * number : page * number]


def group(ranking: Ranking, cut: Cut) -> Groups:
    """Put each document under the first better one that shows the same image."""
    same = ranking.duplicates.among([one.id for one in cut.ranked])
    # Most documents have no better duplicate.
    doubled: NDArray[np.bool_] = np.asarray(np.tril(same, -1).any(axis=1))
    groups: dict[int, list[Ranked]] = {}
    for place, one in enumerate(cut.ranked):
        better = np.flatnonzero(same[place, :place]) if doubled[place] else ()
        leader = next((int(at) for at in better if at in groups), place)
        groups.setdefault(leader, []).append(one)
    return Groups(tuple(Group(best, tuple(others)) for best, *others in groups.values()))


def diversify(calls: Calls, settings: Settings, understood: Understood, grouped: Groups) -> Groups:
    """Change the order of the first groups; without vectors the order stays, and a warning says so."""
    asked = understood.request.diversity
    amount = settings.diversity if asked is None else asked
    head, rest = grouped.groups[:DIVERSITY_DEPTH], grouped.groups[DIVERSITY_DEPTH:]
    if not amount or len(head) <= 1:
        return grouped
    try:
        vectors = _vectors(calls, [one.best.id for one in head])
    except RefusedError as error:
        calls.warn(f"results are not diversified: {error}")
        return grouped
    order = mmr(relevance(head), _similarity([vectors.get(one.best.id) for one in head]), amount)
    return Groups((*(head[place] for place in order), *rest))


def mmr(relevant: Matrix, similar: Matrix, amount: float) -> list[int]:
    """Positions in the new order; `relevant` [n] and `similar` [n, n] lie within 0..1, `amount` is the weight of the latter."""
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
    """By position, as scores of rankers have no common scale: 1 for the first, near 0 for the last."""
    return 1.0 - np.arange(len(groups)) / len(groups)


def _similarity(vectors: Sequence[list[float] | None]) -> Matrix:
    """Cosines within 0..1 [n, n]; an image without a vector is similar to none."""
    length = max((len(vector) for vector in vectors if vector), default=1)
    rows = np.array([vector or [0.0] * length for vector in vectors], dtype=np.float64)
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    unit = rows / np.where(norms > 0, norms, 1.0)
    found: Matrix = np.clip(unit @ unit.T, 0.0, 1.0)
    return found


def _vectors(calls: Calls, ids: Sequence[str]) -> dict[str, list[float]]:
    body = {
        "size": len(ids), "_source": [VECTOR_FIELD], "track_total_hits": False,
        "query": {"bool": {"filter": [{"ids": {"values": list(ids)}}]}},
    }  # fmt: skip
    hits = calls.search(body)["hits"]["hits"]
    return {hit["_id"]: hit["_source"][VECTOR_FIELD] for hit in hits if VECTOR_FIELD in hit.get("_source", {})}
