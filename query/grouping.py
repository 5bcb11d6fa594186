"""From the order of the candidates to groups of results: the irrelevant tail is cut, near-duplicates are put together.

Where asked, results that differ from those above them come first.

Diversity is maximal marginal relevance. Carbonell, Goldstein: The use of MMR, diversity-based reranking for reordering
documents and producing summaries (SIGIR 1998): next is the document with the greatest
(1 - d) * relevance - d * (greatest similarity to one that was chosen).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.settings import Settings
from query.answer import Cutoff
from query.engine_calls import Calls, RefusedError
from query.ordering import Ranking
from query.question import Columns, Understood
from query.retrieval import RescoredTable
from ranking import cutoff
from ranking.candidate_set import CandidateSet, Ranked

DIVERSITY_DEPTH = 100  # groups that may change places; below them nothing is shown on a first page
VECTOR_FIELD = "similar"  # whose cosine says how similar two images are
Matrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Cut:
    """The results in order, without the irrelevant tail, and the limits that decided."""

    ranked: Sequence[Ranked]
    cutoff: Cutoff


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


def apply_cutoff(understood: Understood, table: RescoredTable, ranking: Ranking) -> Cut:
    """Drop results that no feature supports. Skipped when the query has required terms."""
    if understood.request.no_cutoff or understood.question.words.must:
        return Cut(ranking.ranked, Cutoff(thresholds={}, removed=0))
    thresholds = understood.thresholds
    limits = _limits(understood, table.columns, ranking.candidate_set)
    kept_ids = _reaching(limits, understood, ranking.candidate_set)
    kept = [ranked for ranked in ranking.ranked if ranked.id in kept_ids]
    found = Cutoff(
        thresholds=limits,
        removed=len(ranking.ranked) - len(kept),
        rule=thresholds.rule if thresholds else "",
        calibrated_on=thresholds.data if thresholds else "",
    )
    return Cut(kept, found)


def supported(understood: Understood, columns: Columns, candidates: CandidateSet) -> set[str]:
    """The documents that the cutoff keeps."""
    return _reaching(_limits(understood, columns, candidates), understood, candidates)


def _limits(understood: Understood, columns: Columns, candidates: CandidateSet) -> dict[str, float]:
    """Feature -> limit; a document must reach at least one."""
    features = {feature.name: feature for factor, _ in columns.values() for feature in factor.features}
    return cutoff.limits(candidates.table, understood.thresholds, features)


def _reaching(limits: Mapping[str, float], understood: Understood, candidates: CandidateSet) -> set[str]:
    """The documents that reach any limit; where no feature is calibrated, those that have any value.

    A document without any value was proposed by a feature that was left out since.
    """
    table = candidates.table
    if not cutoff.is_calibrated(table, understood.thresholds):
        return {document for document, values in table.items() if values}
    return {document for document, values in table.items() if cutoff.supported(values, limits)}


def group(ranking: Ranking, cut: Cut) -> Groups:
    """Put each document under the first better one that shows the same image and is itself under none."""
    duplicates = _by_document(ranking.candidate_set.duplicate_pairs)
    groups: dict[str, list[Ranked]] = {}
    for one in cut.ranked:
        same = duplicates.get(one.id)
        best = next((better for better in groups if better in same), one.id) if same else one.id
        groups.setdefault(best, []).append(one)
    return Groups(tuple(Group(best, tuple(others)) for best, *others in groups.values()))


def _by_document(pairs: Iterable[tuple[str, str]]) -> dict[str, set[str]]:
    """Document -> the others of its pairs."""
    found: dict[str, set[str]] = {}
    for one, other in pairs:
        found.setdefault(one, set()).add(other)
        found.setdefault(other, set()).add(one)
    return found


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
    """Positions in the new order; `relevant` [n] and `similar` [n, n] are within 0..1, `amount` is the weight of the latter."""
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
