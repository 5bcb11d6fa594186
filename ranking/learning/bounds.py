"""Bounds of probabilities (ranking/evidence.py), chosen by questions whose answers are known.

They rest on exact binomial limits (Clopper, Pearson, Biometrika 1934), as in selective classification (Geifman, El-Yaniv,
Selective Classification for Deep Neural Networks, NeurIPS 2017).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from factors.base import Feature
from ranking.candidate_set import Table
from ranking.evidence import Evidence, Kind, comparable

Array = NDArray[np.float64]
MAX_LOST = 0.02  # of the questions with a right document among the first results, that may lose it
MAX_ALARMS = 0.05  # of the unanswerable questions, that may show something, if the first limit allows it
MAX_RISK = 0.1  # of certain answers, that may have nothing right among the first results
FIRST = 10  # results by probability, among which a right one is looked for
CONFIDENCE = 0.9  # of each limit
RULE = (
    f"shown: with {CONFIDENCE:.0%} confidence at most {MAX_ALARMS:.0%} of the questions without an answer find something, as "
    f"far as at most {MAX_LOST:.0%} of those with a right document among the first {FIRST} results lose it; certain, as if "
    f"every second question had no answer: at most {MAX_RISK:.0%} have nothing right among the first {FIRST} results, by "
    f"limits of {CONFIDENCE:.0%} confidence"
)
MAX_OF_SET = 150  # questions of one set by which bounds are chosen, so that none decides alone
DIGITS = 4
STEP = 10**-DIGITS


@dataclass(frozen=True, slots=True)
class Outcome:
    """An answer: the best probability, whether a right document is among the first results, whether there is one at all."""

    best: float
    right: bool
    answered: bool


@dataclass(frozen=True, slots=True)
class KnownAnswers:
    """A question's candidates, and the documents that answer it and that do not; others are not known to.

    A question without right documents has no answer. A right document need not be a candidate.
    """

    kind: Kind
    set: str
    table: Table
    right: frozenset[str]
    wrong: frozenset[str]


@dataclass(frozen=True, slots=True, eq=False)
class Numbers:
    """A question as numbers: `rows` of values by name, and `right`: 1, 0, or -1 where it is not known."""

    set: str
    rows: Sequence[Mapping[str, float]]
    right: NDArray[np.int8]
    answered: bool

    @classmethod
    def of(cls, question: KnownAnswers, features: Mapping[str, Feature]) -> "Numbers":
        """The numbers of a question."""
        rows = comparable(question.table, features)
        right = [1 if d in question.right else 0 if d in question.wrong else -1 for d in rows]
        return cls(question.set, list(rows.values()), np.array(right, np.int8), bool(question.right))

    def matrix(self, names: Sequence[str]) -> Array:
        """Values [candidates, names]; NaN where there is none."""
        nan = float("nan")
        values = [[row.get(name, nan) for name in names] for row in self.rows]
        return np.array(values, dtype=np.float64).reshape(len(self.rows), len(names))


def bounded_anew(
    kind: Kind, evidence: Evidence, questions: Sequence[KnownAnswers], features: Mapping[str, Feature], *, rises: bool
) -> Evidence:
    """The evidence with the lower bound that other questions suggest; as it is where they are too few to say so.

    The bound falls where, with CONFIDENCE, more than MAX_LOST of these questions lose a right document by it. It rises
    only if it may (`rises`), and with the same confidence at most MAX_LOST lose theirs.
    """
    asked = [Numbers.of(one, features) for one in questions if one.kind == kind and one.table]
    likely = [np.array([evidence.probability(row) for row in one.rows]) for one in asked]
    right = _right(asked, likely)
    unanswered = np.array([float(p.max()) for one, p in zip(asked, likely, strict=True) if not one.answered])
    if not len(right) or not len(unanswered):
        return evidence
    lost = int((right < evidence.shown).sum())
    shown = evidence.shown
    if lower_limit(lost, len(right)) > MAX_LOST:
        shown = _floor(float(np.quantile(right, MAX_LOST, method="lower")))
    elif rises and (higher := _shown(right, unanswered)[0]) > shown and _keeps(right, higher):
        shown = higher
    if shown == evidence.shown:
        return evidence
    limit = round(upper_limit(int((right < shown).sum()), len(right)), DIGITS)
    counts = {"questions": len(right), "unanswered": len(unanswered)}
    return evidence.model_copy(update={"shown": shown, "sure": max(evidence.sure, shown), "lost": limit} | counts)


def _keeps(right: Array, bound: float) -> bool:
    """Whether at most MAX_LOST lose their right documents by the bound."""
    return upper_limit(int((right < bound).sum()), len(right)) <= MAX_LOST


def bounded(evidence: Evidence, asked: Sequence[Numbers]) -> Evidence:
    """The evidence with its bounds, and what they keep."""
    sampled = _sampled(asked)
    likely = [np.array([evidence.probability(row) for row in one.rows]) for one in sampled]
    found = _right(sampled, likely)
    outcomes = [_outcome(one, p) for one, p in zip(sampled, likely, strict=True)]
    unanswered = np.array([one.best for one in outcomes if not one.answered])
    shown, lost = _shown(found, unanswered)
    sure, risk = _sure([one for one in outcomes if one.answered], unanswered)
    return evidence.model_copy(
        update={
            "shown": shown, "sure": max(sure, shown), "lost": lost, "risk": risk, "questions": len(found),
            "unanswered": len(unanswered),
        }
    )  # fmt: skip


def _right(asked: Sequence[Numbers], likely: Sequence[Array]) -> Array:
    """The greatest probability of a right document, of each question that has one among the first results by probability.

    Who looks at these results misses nothing by the loss of a right document further down.
    """
    best = [(p, float(p[one.right > 0].max())) for one, p in zip(asked, likely, strict=True) if (one.right > 0).any()]
    return np.array([greatest for p, greatest in best if (p > greatest).sum() < FIRST], dtype=np.float64)


def _outcome(asked: Numbers, likely: Array) -> Outcome:
    first = np.argsort(-likely)[:FIRST]
    return Outcome(float(likely.max(initial=0.0)), bool((asked.right[first] > 0).any()), asked.answered)


def _sampled(asked: Sequence[Numbers]) -> list[Numbers]:
    """At most `MAX_OF_SET` questions of each set, evenly."""
    by_set: dict[tuple[str, bool], list[Numbers]] = {}
    for one in asked:
        by_set.setdefault((one.set, one.answered), []).append(one)
    return [group[n] for group in by_set.values() for n in _evenly(len(group), MAX_OF_SET)]


def _evenly(number: int, most: int) -> Iterable[int]:
    """Places of a list of this length, at most so many."""
    return range(number) if number <= most else (int(place) for place in np.linspace(0, number - 1, most))


def _shown(right: Array, unanswered: Array) -> tuple[float, float]:
    """The least probability that is shown, and the limit of what it loses.

    `right` is that of `_right`; `unanswered` is the greatest at all of each
    question without an answer. The bound rises until few of these find something, as long as few of the others lose theirs.
    """

    def lost(bound: float) -> tuple[int, int]:
        return int((right < bound).sum()), len(right)

    def alarms(bound: float) -> tuple[int, int]:
        return int((unanswered >= bound).sum()), len(unanswered)

    bounds = np.unique(np.concatenate([right, unanswered + STEP]))
    allowed = [float(bound) for bound in bounds if upper_limit(*lost(float(bound))) <= MAX_LOST] or [float(right.min())]
    enough = [bound for bound in allowed if len(unanswered) and upper_limit(*alarms(bound)) <= MAX_ALARMS]
    shown = enough[0] if enough else allowed[-1]
    return _floor(shown), round(upper_limit(*lost(shown)), DIGITS)


def _sure(answered: Sequence[Outcome], unanswered: Array) -> tuple[float, float]:
    """The least probability from which answers are certain, and the limit of their risk; 1 if there is none.

    The risk is that of questions with and without an answer, as if both were asked equally often; without the latter, of the
    former alone. It adds the limits of both shares of wrong answers, and divides them by the share of certain answers.
    """
    best, right = np.array([one.best for one in answered]), np.array([one.right for one in answered])
    for bound in np.unique(best):
        certain = best >= bound
        wrong = upper_limit(int((certain & ~right).sum()), len(best))
        alarms = upper_limit(int((unanswered >= bound).sum()), len(unanswered)) if len(unanswered) else 0.0
        risk = (wrong + alarms) / (float(certain.mean()) + alarms)
        if risk <= MAX_RISK:
            return _floor(float(bound)), round(risk, DIGITS)
    return 1.0, 1.0


def _floor(bound: float) -> float:
    """Rounded down, so that a value reaches itself."""
    return float(np.floor(bound * 10**DIGITS) / 10**DIGITS)


def lower_limit(failures: int, trials: int, confidence: float = CONFIDENCE) -> float:
    """The share of failures that is reached with this confidence (Clopper-Pearson, one-sided)."""
    from scipy.stats import beta  # noqa: PLC0415  (slow to import)

    return 0.0 if failures == 0 else float(beta.ppf(1 - confidence, failures, trials - failures + 1))


def upper_limit(failures: int, trials: int, confidence: float = CONFIDENCE) -> float:
    """The share of failures that is not exceeded with this confidence (Clopper-Pearson, one-sided)."""
    from scipy.stats import beta  # noqa: PLC0415  (slow to import)

    return 1.0 if failures >= trials else float(beta.ppf(confidence, failures + 1, trials - failures))
