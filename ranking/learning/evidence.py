"""Fit the evidence of features (ranking/evidence.py) to questions whose answers are known.

The curves are boosted stumps: decision trees of one split, each of one feature, whose sum is a step function per feature. They
may only rise (Ke et al., LightGBM, NeurIPS 2017). The bounds are chosen by exact binomial limits (Clopper, Pearson, Biometrika
1934), as in selective classification (Geifman, El-Yaniv, NeurIPS 2017).
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from factors.base import Feature
from ranking.candidate_set import Table
from ranking.evidence import Curve, Evidence, Evidences, Kind, comparable

Array = NDArray[np.float64]
Outcome = tuple[float, bool, bool]  # best probability, whether a right document is among the first, whether there is one
MAX_LOST = 0.02  # of the answerable questions, that may lose all of their right documents
MAX_ALARMS = 0.05  # of the unanswerable questions, that may show something, if the first limit allows it
MAX_RISK = 0.1  # of certain answers, that may have nothing right among the first results
FIRST = 10  # results by probability, among which a right one is looked for
CONFIDENCE = 0.9  # with which both hold
RULE = (
    f"shown: with {CONFIDENCE:.0%} confidence at most {MAX_ALARMS:.0%} of the questions without an answer find something, as "
    f"far as at most {MAX_LOST:.0%} of the others lose their right documents; certain, as if every second question had no "
    f"answer: with {CONFIDENCE:.0%} confidence at most {MAX_RISK:.0%} have nothing right among the first {FIRST} results"
)
# What was fitted best on collections that were left out (`omma evaluate --unseen`).
TREES, RATE, FEATURE_SHARE, L2, MIN_ROWS = 150, 0.08, 0.6, 5.0, 50
UNANSWERED_WEIGHT = 3.0  # of all questions without an answer, by that of those with one
BEST, BEST_FUSED = 40, 20  # candidates of a question that are learned from: by their best rank in any feature, by all together
MAX_RIGHT = 30  # right documents of a question that are learned from
MAX_OF_SET = 150  # questions of one set by which bounds are chosen, so that none decides alone
FUSION_K = 5
DIGITS = 4
STEP = 10**-DIGITS


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


def fit(
    questions: Sequence[KnownAnswers], features: Mapping[str, Feature], weights: Mapping[str, dict[str, str]], data: str
) -> Evidences:
    """Curves and bounds of every kind of question that has right and wrong documents. `weights`: as in `Evidence`."""
    found: dict[Kind, Evidence] = {}
    kinds: tuple[Kind, ...] = ("picture", "words")
    for kind in kinds:
        asked = [_Numbers.of(one, features) for one in questions if one.kind == kind]
        asked = [one for one in asked if len(one.right) and (one.right >= 0).any()]
        if any((one.right > 0).any() for one in asked) and any((one.right == 0).any() for one in asked):
            curves = _curves(asked, sorted(features))
            found[kind] = _bounded(curves.model_copy(update={"weights": {n: weights.get(n, {}) for n in curves.curves}}), asked)
    return Evidences(rule=RULE, data=data, kinds=found)


@dataclass(frozen=True, slots=True, eq=False)
class _Numbers:
    """A question as numbers: `rows` of values by name, `right` 1, 0, or -1 where it is not known, and the best ranks."""

    set: str
    rows: Sequence[Mapping[str, float]]
    right: NDArray[np.int8]
    answered: bool

    @classmethod
    def of(cls, question: KnownAnswers, features: Mapping[str, Feature]) -> "_Numbers":
        rows = comparable(question.table, features)
        right = [1 if d in question.right else 0 if d in question.wrong else -1 for d in rows]
        return cls(question.set, list(rows.values()), np.array(right, np.int8), bool(question.right))

    def matrix(self, names: Sequence[str]) -> Array:
        nan = float("nan")
        values = [[row.get(name, nan) for name in names] for row in self.rows]
        return np.array(values, dtype=np.float64).reshape(len(self.rows), len(names))


def _curves(asked: Sequence[_Numbers], names: Sequence[str]) -> Evidence:
    """Fit the curves of all features that have values."""
    import lightgbm  # noqa: PLC0415  (slow to import, and only training needs it)

    shares, rows, labels, weights = _shares(asked), [], [], []
    for one in asked:
        matrix = one.matrix(names)
        chosen = _chosen(matrix, one.right)
        label = one.right[chosen].astype(np.float64)
        share = np.where(label > 0, 0.5 / max(label.sum(), 1), 0.5 / max((1 - label).sum(), 1))
        rows.append(matrix[chosen])
        labels.append(label)
        weights.append(share * shares[one.set, one.answered])
    data = np.vstack(rows)
    settings = {
        "objective": "binary", "num_leaves": 2, "learning_rate": RATE, "feature_fraction": FEATURE_SHARE, "lambda_l2": L2,
        "min_data_in_leaf": max(1, min(MIN_ROWS, len(data) // 20)), "monotone_constraints": [1] * len(names), "verbose": -1,
        "seed": 3, "num_threads": 1, "deterministic": True,
    }  # fmt: skip
    table = lightgbm.Dataset(data, label=np.concatenate(labels), weight=np.concatenate(weights), free_raw_data=True)
    model = lightgbm.train(settings, table, num_boost_round=TREES)
    return _summed(model.dump_model()["tree_info"], names)


def _shares(asked: Sequence[_Numbers]) -> dict[tuple[str, bool], float]:
    """The weight of a question by its set and whether it has an answer: large sets count for less, both halves for the same."""
    counts = Counter((one.set, one.answered) for one in asked)
    totals = {half: sum(np.sqrt(n) for (_, answered), n in counts.items() if answered is half) for half in (True, False)}
    half = {True: 1.0, False: UNANSWERED_WEIGHT}
    return {key: half[key[1]] * len(asked) / float(np.sqrt(number) * totals[key[1]]) for key, number in counts.items()}


def _chosen(matrix: Array, right: NDArray[np.int8]) -> NDArray[np.int64]:
    """The candidates that are learned from: the best of the list, and right ones; only those that are known to be either."""
    ranks = np.full(matrix.shape, np.inf)
    for at, column in enumerate(matrix.T):
        known = ~np.isnan(column)
        falling = -column[known]
        ranks[known, at] = np.searchsorted(np.sort(falling), falling, side="right")
    fused = (1 / (FUSION_K + ranks)).sum(axis=1)
    best, together = np.argsort(ranks.min(axis=1), kind="stable")[:BEST], np.argsort(-fused, kind="stable")[:BEST_FUSED]
    chosen = np.unique(np.concatenate([best, together, np.flatnonzero(right > 0)[:MAX_RIGHT]]))
    return np.asarray(chosen[right[chosen] >= 0], dtype=np.int64)


def _summed(trees: Sequence[Mapping[str, Any]], names: Sequence[str]) -> Evidence:
    """The trees of each feature as one curve, to which a missing value adds nothing."""
    prior, steps = 0.0, dict[str, list[tuple[float, float, float, float]]]()
    for tree in (entry["tree_structure"] for entry in trees):
        if "threshold" not in tree:
            prior += tree["leaf_value"]
            continue
        low, high = tree["left_child"]["leaf_value"], tree["right_child"]["leaf_value"]
        is_low = tree["default_left"] if tree["missing_type"] == "NaN" else tree["threshold"] >= 0
        steps.setdefault(names[tree["split_feature"]], []).append((tree["threshold"], low, high, low if is_low else high))
    curves = {}
    for name, found in sorted(steps.items()):
        missing = sum(step[3] for step in found)
        prior += missing
        curves[name] = _curve(found, missing)
    return Evidence(prior=round(prior, DIGITS), curves=curves)


def _curve(steps: Sequence[tuple[float, float, float, float]], missing: float) -> Curve:
    """The sum of steps (limit, log-odds up to it, log-odds above it, for a missing value), less the value for a missing one."""
    limits = sorted({limit for limit, *_ in steps})
    level = sum(low for _, low, *_ in steps) - missing
    levels = [level]
    for limit in limits:
        level += sum(high - low for at, low, high, _ in steps if at == limit)
        levels.append(level)
    return Curve(limits=[float(f"{limit:.6g}") for limit in limits], log_odds=[round(one, DIGITS) for one in levels])


def _bounded(evidence: Evidence, asked: Sequence[_Numbers]) -> Evidence:
    """The evidence with its bounds, and what they keep."""
    sampled = _sampled(asked)
    likely = [np.array([evidence.probability(row) for row in one.rows]) for one in sampled]
    found = np.array([p[one.right > 0].max() for one, p in zip(sampled, likely, strict=True) if (one.right > 0).any()])
    outcomes = [_outcome(one, p) for one, p in zip(sampled, likely, strict=True)]
    best = _half([one for one in outcomes if one[2]], [one for one in outcomes if not one[2]])
    shown, lost = _shown(found, np.array([p for p, _, is_answered in outcomes if not is_answered]))
    values, right = np.array([p for p, *_ in best]), np.array([is_right for _, is_right, _ in best])

    def wrong(bound: float) -> tuple[int, int]:
        return int((~right[values >= bound]).sum()), int((values >= bound).sum())

    sure, risk = _least(values, wrong, MAX_RISK)
    return evidence.model_copy(
        update={
            "shown": shown, "sure": max(sure, shown), "lost": lost, "risk": risk, "questions": len(found),
            "unanswered": sum(not one.answered for one in sampled),
        }
    )  # fmt: skip


def _outcome(asked: _Numbers, likely: Array) -> Outcome:
    first = np.argsort(-likely)[:FIRST]
    return float(likely.max()), bool((asked.right[first] > 0).any()), asked.answered


def _half(answered: Sequence[Outcome], unanswered: Sequence[Outcome]) -> list[Outcome]:
    """As many questions with an answer as without, evenly chosen; all where there are none without."""
    number = len(unanswered) or len(answered)
    return [*(answered[n] for n in _evenly(len(answered), number)), *(unanswered[n] for n in _evenly(len(unanswered), number))]


def _sampled(asked: Sequence[_Numbers]) -> list[_Numbers]:
    """At most `MAX_OF_SET` questions of each set, evenly."""
    by_set: dict[tuple[str, bool], list[_Numbers]] = {}
    for one in asked:
        by_set.setdefault((one.set, one.answered), []).append(one)
    return [group[n] for group in by_set.values() for n in _evenly(len(group), MAX_OF_SET)]


def _evenly(number: int, most: int) -> Iterable[int]:
    """Places of a list of this length, at most so many."""
    return range(number) if number <= most else (int(place) for place in np.linspace(0, number - 1, most))


def _shown(right: Array, unanswered: Array) -> tuple[float, float]:
    """The least probability that is shown, and the limit of what it loses.

    `right` is the greatest probability of a right document, of each question; `unanswered` is the greatest at all of each
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


def _least(values: Array, count: Callable[[float], tuple[int, int]], most: float) -> tuple[float, float]:
    """The least of the values from which at most this share is wrong, and that share's limit; 1 if there is none."""
    for bound in np.unique(values):
        if (limit := upper_limit(*count(float(bound)))) <= most:
            return _floor(float(bound)), round(limit, DIGITS)
    return 1.0, 1.0


def _floor(bound: float) -> float:
    """Rounded down, so that a value reaches itself."""
    return float(np.floor(bound * 10**DIGITS) / 10**DIGITS)


def upper_limit(failures: int, trials: int, confidence: float = CONFIDENCE) -> float:
    """The share of failures that is not exceeded with this confidence (Clopper-Pearson, one-sided)."""
    from scipy.stats import beta  # noqa: PLC0415  (slow to import)

    return 1.0 if failures >= trials else float(beta.ppf(confidence, failures + 1, trials - failures))
