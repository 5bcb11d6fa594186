"""From the order of the candidates to groups of results: the irrelevant tail is cut, near-duplicates are put together.

Where asked, results that differ from those above them come first.

Diversity is maximal marginal relevance. Carbonell, Goldstein: The use of MMR, diversity-based reranking for reordering
documents and producing summaries (SIGIR 1998): next is the document with the greatest
(1 - d) * relevance - d * (greatest similarity to one that was chosen).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from engine.settings import Settings
from query.answer import Cutoff
from query.engine_calls import Calls, RefusedError
from query.ordering import Ranking
from query.question import Understood
from ranking import cutoff
from ranking.candidate_set import CandidateSet, Ranked
from ranking.cutoff import Kept

DIVERSITY_DEPTH = 100  # groups that may change places; below them nothing is shown on a first page
VECTOR_FIELD = "similar"  # whose cosine says how similar two images are
Matrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Cut:
    """The results in order, without the irrelevant tail, with probabilities by id, and the bounds that decided."""

    ranked: Sequence[Ranked]
    cutoff: Cutoff
    probabilities: Mapping[str, float] = field(default_factory=dict)

    @property
    def perhaps(self) -> bool:
        """Whether there are results, and all are below the bound of certain ones."""
        best = max((self.probabilities[ranked.id] for ranked in self.ranked if ranked.id in self.probabilities), default=None)
        return best is not None and best < self.cutoff.sure


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


def apply_cutoff(understood: Understood, ranking: Ranking) -> Cut:
    """Drop results that are not likely to answer the question; all stay where the query has required terms, or asks for all."""
    kept, evidence = keep(understood, ranking.candidate_set), understood.evidence
    everything = understood.request.no_cutoff or understood.question.words.must
    staying = kept.documents | {*understood.request.more, understood.own_picture}
    ranked = [one for one in ranking.ranked if everything or one.id in staying]
    made = Cutoff(removed=len(ranking.ranked) - len(ranked))
    if evidence and kept.probabilities and understood.evidences:
        calibrated = understood.evidences
        made = made.model_copy(
            update={"shown": evidence.shown, "sure": evidence.sure, "rule": calibrated.rule, "calibrated_on": calibrated.data}
        )
    return Cut(ranked, made, kept.probabilities)


def keep(understood: Understood, candidates: CandidateSet) -> Kept:
    """What the cutoff keeps."""
    features = {feature.name: feature for factor, _ in understood.columns.values() for feature in factor.features}
    return cutoff.apply(candidates, understood.evidence, features)


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
