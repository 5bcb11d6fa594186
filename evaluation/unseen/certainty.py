"""How certain answers are, and how often they are wrong: the bounds of the cutoff on collections that it was not fitted to.

The risk of a set of answers is the share of them with nothing right among the first results by probability. Sorted by the
probability of their best result, the most certain share of the questions (the coverage) has a risk each: the curve of selective
classification (El-Yaniv, Wiener, On the Foundations of Noise-free Selective Classification, JMLR 2010). The area under it is
the mean risk over all coverages.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, TypeVar

import numpy as np

from evaluation.candidate_log import Asked
from evaluation.unseen.table import collection_of
from factors.base import Feature
from ranking import cutoff
from ranking.evidence import Evidence, Kind, kind_of
from ranking.learning.bounds import FIRST

Json = dict[str, Any]
Verdict = Literal["empty", "perhaps", "certain"]
Key = TypeVar("Key")
One = TypeVar("One")
COVERAGES = tuple(share / 10 for share in range(1, 11))


@dataclass(frozen=True, slots=True)
class Certainty:
    """An answer: the best probability, whether a right document is among the first results, and whether there is one at all."""

    collection: str
    kind: Kind
    best: float
    right: bool
    answered: bool
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Verdicts:
    """Shares of the questions to a collection, with or without an answer; `wrong` is that of the certain answers."""

    collection: str
    kind: Kind
    answered: bool
    questions: int
    empty: float
    perhaps: float
    certain: float
    wrong: float | None


def certainty(asked: Asked, evidence: Evidence, features: Mapping[str, Feature]) -> Certainty:
    """Of one question."""
    candidates = asked.example().candidate_set
    kept = cutoff.apply(candidates, evidence, features)
    first = sorted(kept.documents, key=lambda document: -kept.probabilities.get(document, 0.0))[:FIRST]
    best = max((kept.probabilities.get(document, 0.0) for document in kept.documents), default=0.0)
    verdict: Verdict = "empty" if not kept.documents else "certain" if best >= evidence.sure else "perhaps"
    kind = kind_of(candidates.query_features.intent)
    right = any(asked.grades.get(document, 0) > 0 for document in first)
    return Certainty(collection_of(asked.set), kind, best, right, bool(asked.grades), verdict)


def figures(found: Sequence[Certainty]) -> Json:
    """Verdicts by collection, their means, and the curve of each kind of question."""
    groups = _grouped(found, lambda one: (one.collection, one.kind, one.answered))
    rows = [_verdicts(*key, group) for key, group in groups.items()]
    curves = {kind: risks(group) for kind, group in _grouped(found, lambda one: one.kind).items()}
    means = {key: _mean(group) for key, group in _grouped(rows, lambda row: f"{row.kind} {row.answered}").items()}
    return {"verdicts": [asdict(row) for row in rows], "means": means, "curves": curves, "coverages": list(COVERAGES)}


def risks(found: Sequence[Certainty]) -> Json:
    """The risk at each coverage, and the area under the curve."""
    wrong = np.array([not one.right for one in sorted(found, key=lambda one: -one.best)], dtype=np.float64)
    running = np.cumsum(wrong) / np.arange(1, len(wrong) + 1)
    at = [float(running[max(0, round(share * len(wrong)) - 1)]) for share in COVERAGES]
    unanswered = sum(not one.answered for one in found)
    return {"questions": len(wrong), "unanswered": unanswered, "risk": at, "area": float(running.mean())}


def _verdicts(collection: str, kind: Kind, answered: bool, group: Sequence[Certainty]) -> Verdicts:
    certain = [one for one in group if one.verdict == "certain"]
    shares = {v: sum(one.verdict == v for one in group) / len(group) for v in ("empty", "perhaps", "certain")}
    wrong = sum(not one.right for one in certain) / len(certain) if certain else None
    return Verdicts(collection, kind, answered, len(group), shares["empty"], shares["perhaps"], shares["certain"], wrong)


def _mean(rows: Sequence[Verdicts]) -> Json:
    names = ("empty", "perhaps", "certain")
    return {"collections": len(rows)} | {name: float(np.mean([getattr(row, name) for row in rows])) for name in names}


def _grouped(found: Sequence[One], key: Callable[[One], Key]) -> dict[Key, list[One]]:
    groups: dict[Key, list[One]] = {}
    for one in found:
        groups.setdefault(key(one), []).append(one)
    return groups
