"""Fit the evidence of features (ranking/evidence.py) to questions whose answers are known.

The curves are boosted stumps: decision trees of one split, each of one feature, whose sum is a step function per feature. They
may only rise (Ke et al., LightGBM, NeurIPS 2017). Bounds are in ranking/learning/bounds.py.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from factors.base import Feature
from ranking.evidence import Curve, Evidence, Evidences, Kind
from ranking.learning.bounds import DIGITS, RULE, Array, KnownAnswers, Numbers, bounded
from ranking.learning.features import FUSION_K, ranks_of

# Chosen by what was lost and what stayed empty on collections that were left out; other values near them change little.
TREES: Mapping[Kind, int] = {"picture": 400, "words": 150}
RATE, FEATURE_SHARE, L2, MIN_ROWS = 0.08, 0.6, 5.0, 50
UNANSWERED_WEIGHT = 3.0  # of all questions without an answer, by that of those with one
BEST, BEST_FUSED = 40, 20  # candidates of a question that are learned from: by their best rank in any feature, by all together
MAX_RIGHT = 30  # right documents of a question that are learned from
USUAL = 0.9  # of the questions, that have a value of an essential feature


def fit(
    questions: Sequence[KnownAnswers], features: Mapping[str, Feature], weights: Mapping[str, dict[str, str]], data: str
) -> Evidences:
    """Curves and bounds of every kind of question that has right and wrong documents. `weights`: as in `Evidence`.

    Features that are no evidence on other collections have none.
    """
    features = {name: feature for name, feature in features.items() if feature.is_evidence}
    found: dict[Kind, Evidence] = {}
    kinds: tuple[Kind, ...] = ("picture", "words")
    for kind in kinds:
        asked = [Numbers.of(one, features) for one in questions if one.kind == kind]
        asked = [one for one in asked if not len(one.right) or (one.right >= 0).any()]
        if any((one.right > 0).any() for one in asked) and any((one.right == 0).any() for one in asked):
            curves = _curves(asked, sorted(features), TREES[kind])
            evidence = curves.model_copy(update={"weights": {name: weights.get(name, {}) for name in curves.curves}})
            essential = _essential(evidence, asked, features)
            found[kind] = bounded(evidence.model_copy(update={"essential": essential}), asked)
    return Evidences(rule=RULE, data=data, kinds=found)


def _essential(evidence: Evidence, asked: Sequence[Numbers], features: Mapping[str, Feature]) -> list[str]:
    """The features that nearly every question has, and that prove at least half of what the one that proves most does.

    Those that are disabled by default are none: they were asked here, and are not asked elsewhere. Nor is one that reads no
    extractor: it is never missing for want of one, and where it has no value (no document has any of the words), that says
    something.
    """
    there = Counter(name for one in asked for name in {name for row in one.rows for name in row})
    enabled = [name for name in evidence.curves if features[name].enabled_by_default and evidence.weights[name]]
    usual = [name for name in enabled if there[name] >= USUAL * sum(bool(one.rows) for one in asked)]
    spread = {name: curve.log_odds[-1] - curve.log_odds[0] for name, curve in evidence.curves.items()}
    most = max((spread[name] for name in usual), default=0.0)
    return [name for name in usual if spread[name] >= most / 2]


def _curves(asked: Sequence[Numbers], names: Sequence[str], trees: int) -> Evidence:
    """Fit the curves of all features that have values."""
    import lightgbm  # noqa: PLC0415  (slow to import, and only training needs it)

    shares, rows, labels, weights = _shares(asked), [], [], []
    for one in (one for one in asked if one.rows):
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
    # Of few questions many steps would follow each of them.
    model = lightgbm.train(settings, table, num_boost_round=min(trees, len(asked)))
    return _summed(model.dump_model()["tree_info"], names)


def _shares(asked: Sequence[Numbers]) -> dict[tuple[str, bool], float]:
    """The weight of a question by its set and whether it has an answer: large sets count for less."""
    counts = Counter((one.set, one.answered) for one in asked)
    totals = {half: sum(np.sqrt(n) for (_, answered), n in counts.items() if answered is half) for half in (True, False)}
    half = {True: 1.0, False: UNANSWERED_WEIGHT}
    return {key: half[key[1]] * len(asked) / float(np.sqrt(number) * totals[key[1]]) for key, number in counts.items()}


def _chosen(matrix: Array, right: NDArray[np.int8]) -> NDArray[np.int64]:
    """The candidates that are learned from: the best of the list, and right ones; only those that are known to be either."""
    ranks = np.nan_to_num(ranks_of(matrix), nan=np.inf)
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
