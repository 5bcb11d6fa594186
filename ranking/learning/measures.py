"""Quality of an order: measures, the comparison of two orders, and the gate that a new model must pass."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import ir_measures
import numpy as np
from ir_measures import RR, Measure, P, R, Success, nDCG
from pydantic import BaseModel, ConfigDict

from ranking.candidate_set import Ranked, Ranker
from ranking.learning.examples import Example

NDCG = nDCG @ 10
RELEVANT = 3  # least grade of a relevant document, for binary measures
MEASURES = (
    NDCG, R(rel=RELEVANT) @ 1, R(rel=RELEVANT) @ 5, R(rel=RELEVANT) @ 10, RR(rel=RELEVANT), P(rel=RELEVANT) @ 5,
    Success(rel=RELEVANT) @ 1,
)  # fmt: skip
NAMES = ("NDCG@10", "R@1", "R@5", "R@10", "MRR", "P@5", "Success@1")
RESAMPLES = 2000  # of the bootstrap
SEED = 7
MIN_SLICE_QUESTIONS = 8  # below which a slice decides nothing
CHANCE = 0.05  # p-value from which the fall of a slice may be chance: of dozens of slices, some always fall
Order = Callable[[Example], Sequence[Ranked]]
Figures = dict[str, dict[str, float]]  # measure -> question -> value


def measure(examples: Sequence[Example], order: Order, measures: Sequence[Measure] = MEASURES) -> Figures:
    """Every measure for every question."""
    run = {e.topic: {ranked.id: -float(place) for place, ranked in enumerate(order(e))} for e in examples}
    qrels = {e.topic: dict(e.grades) for e in examples}
    names = dict(zip(map(str, MEASURES), NAMES, strict=True))
    found: Figures = {names[str(wanted)]: dict.fromkeys(qrels, 0.0) for wanted in measures}
    for metric in ir_measures.iter_calc(list(measures), qrels, run):
        found[names[str(metric.measure)]][metric.query_id] = float(metric.value)
    return found


def ordered_by(ranker: Ranker) -> Order:
    """The orders of a ranker."""
    return lambda example: ranker.order(example.candidate_set)


def ndcg(examples: Sequence[Example], ranker: Ranker) -> dict[str, float]:
    """NDCG@10 by question."""
    return measure(examples, ordered_by(ranker), [NDCG])["NDCG@10"]


def candidate_recall(example: Example, least: int = RELEVANT) -> float:
    """The share of the relevant documents that any factor proposed: an upper bound for every order."""
    relevant = [document for document, grade in example.grades.items() if grade >= least]
    return sum(document in example.candidate_set.table for document in relevant) / len(relevant) if relevant else 1.0


@dataclass(frozen=True, slots=True)
class Compared:
    """One order against another on the same questions: the change of the mean, and its certainty.

    `p` is two-sided, of a paired t-test; `low` and `high` hold 95 % of the bootstrap's means of differences.
    """

    questions: int
    before: float
    after: float
    p: float
    low: float
    high: float

    @property
    def change(self) -> float:
        """After less before."""
        return self.after - self.before


def compare(before: Mapping[str, float], after: Mapping[str, float]) -> Compared:
    """Means over the questions that both have, and the p-value of a paired t-test."""
    from scipy import stats  # noqa: PLC0415  (takes a second to import)

    both = sorted(before.keys() & after.keys())
    old, new = (np.array([values[name] for name in both]) for values in (before, after))
    if not both:
        return Compared(0, 0.0, 0.0, 1.0, 0.0, 0.0)
    low, high = interval(new - old)
    p = 1.0 if np.allclose(old, new) or len(both) == 1 else float(stats.ttest_rel(new, old).pvalue)
    return Compared(len(both), float(old.mean()), float(new.mean()), p, low, high)


def interval(values: Iterable[float]) -> tuple[float, float]:
    """The 95 % confidence interval of the mean (percentile bootstrap, Efron 1979)."""
    drawn = np.asarray(list(values), dtype=np.float64)
    if not len(drawn):
        return 0.0, 0.0
    random = np.random.default_rng(SEED)
    means = drawn[random.integers(0, len(drawn), (RESAMPLES, len(drawn)))].mean(axis=1)
    return float(np.percentile(means, 2.5)), float(np.percentile(means, 97.5))


class Slice(BaseModel):
    """NDCG@10 of one kind of question."""

    model_config = ConfigDict(frozen=True)

    name: str
    questions: int
    before: float
    after: float
    p: float = 1.0


class Verdict(BaseModel):
    """Whether a new ranker may replace the current one, and the figures."""

    model_config = ConfigDict(frozen=True)

    passed: bool
    against: str
    questions: int
    before: float
    after: float
    p: float
    interval: tuple[float, float]
    slices: list[Slice]
    reasons: list[str]


def judge(new: Ranker, current: Ranker, examples: Sequence[Example], slice_fall: float) -> Verdict:
    """The verdict by NDCG@10 on held-out questions; `slice_fall` is the loss that a slice may have, and more only by chance."""
    old, fresh = ndcg(examples, current), ndcg(examples, new)
    whole = compare(old, fresh)
    slices = [_slice(name, chosen, old, fresh) for name, chosen in _by_slice(examples).items()]
    reasons = [] if whole.questions else ["there are no held-out questions to compare by"]
    if whole.change < 0:
        reasons.append(f"NDCG@10 falls from {whole.before:.4f} to {whole.after:.4f} (paired t-test, p = {whole.p:.2g})")
    reasons += [
        f"{s.name} falls from {s.before:.3f} to {s.after:.3f} over {s.questions} questions (at most {slice_fall:g} is allowed)"
        for s in slices
        if s.questions >= MIN_SLICE_QUESTIONS and s.before - s.after > slice_fall and s.p < CHANCE
    ]
    return Verdict(
        passed=not reasons, against=current.name, questions=whole.questions, before=round(whole.before, 4),
        after=round(whole.after, 4), p=whole.p, interval=(round(whole.low, 4), round(whole.high, 4)),
        slices=slices, reasons=reasons,
    )  # fmt: skip


def _by_slice(examples: Sequence[Example]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for example in examples:
        for name in example.slices():
            found.setdefault(name, []).append(example.topic)
    return dict(sorted(found.items()))


def _slice(name: str, topics: Sequence[str], old: dict[str, float], fresh: dict[str, float]) -> Slice:
    found = compare(*({topic: values[topic] for topic in topics} for values in (old, fresh)))
    return Slice(
        name=name, questions=len(topics), before=round(found.before, 4), after=round(found.after, 4), p=round(found.p, 4)
    )
