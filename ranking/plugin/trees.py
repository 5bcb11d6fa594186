"""LightGBM's trees as the plugin's XGBoost trees (`model/xgboost+json`).

Both libraries add up trees, but they ask differently: LightGBM goes left where `value <= threshold` (float64), the plugin
goes to `yes` where `value < split_condition` (float32). The plugin's values are scores of queries, and so float32: for them
every split of one form has an equal in the other.

A missing value: the plugin computes a feature by its query. Where the query does not match the document, the value is NaN
since OpenSearch 3.2; before, it was 0 like a real 0. A comparison with NaN is false, so NaN goes to `no`; the plugin reads the
`missing` of a split only since 3.8. The trees written here do not depend on it: a missing value goes to `no` in every split.
Where LightGBM sends it to the left, a second split tests whether there is a value, and has a copy of the left branch under its
`no`.

The sum of the trees may be negative, but the score of a query must not be. One more tree, the last, has a single leaf that
makes every score positive; the order stays the same.
"""

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.errors import ConfigurationError

if TYPE_CHECKING:
    import lightgbm

Json = dict[str, Any]
MAX_FLOAT = float(np.finfo(np.float32).max)  # every value is below it: JSON has no infinity
ZERO = float(np.float32(1e-35))  # LightGBM treats values no farther from 0 as 0
# XGBoost's names of LightGBM's objectives whose score is the plain sum of the trees.
OBJECTIVES = {"lambdarank": "rank:ndcg", "rank_xendcg": "rank:ndcg", "regression": "reg:linear"}


@dataclass(frozen=True, slots=True)
class Split:
    """`yes` where `value < condition`; otherwise, or where the value is missing, `no`."""

    feature: str
    condition: float
    yes: "Split | float"
    no: "Split | float"


Tree = Split | float  # a leaf is its value


def definition(booster: "lightgbm.Booster", names: Sequence[str]) -> Json:
    """The model as the plugin reads it: `{"objective": ..., "splits": [tree, ...]}`.

    `names` are the features' names in the plugin, in the booster's order. Scores are those of `booster.predict`, but for
    rounding to float32, and `lift` above them. ConfigurationError where the trees have no such form.
    """
    dump = booster.dump_model()
    objective = _objective(dump)
    trees = [_tree(info["tree_structure"], names, {}) for info in dump["tree_info"]]
    lowest = sum(min(_leaves(tree)) for tree in trees)
    lifted = [*trees, float(math.ceil(-lowest) + 1)] if lowest < 0 else [*trees, 0.0]
    return {"objective": objective, "splits": [_json(tree, 0, itertools.count()) for tree in lifted]}


def lift(model: Json) -> float:
    """The constant that `definition` adds to every score."""
    return float(model["splits"][-1]["leaf"])


def condition(threshold: float) -> float:
    """The least float32 above the threshold, at most the largest finite one: `value < condition` is `value <= threshold`.

    A threshold just below 0 is an exception: LightGBM treats the values around it as 0, which is above the threshold.
    """
    if -ZERO <= threshold < 0:
        return -ZERO
    with np.errstate(over="ignore"):
        last = np.float32(threshold)
        if float(last) > threshold:
            last = np.nextafter(last, np.float32(-np.inf))
        return min(float(np.nextafter(last, np.float32(np.inf))), MAX_FLOAT)


def _objective(dump: Json) -> str:
    objective = dump.get("objective", "")
    if objective not in OBJECTIVES or dump["num_tree_per_iteration"] != 1 or dump.get("average_output"):
        known = ", ".join(OBJECTIVES)
        raise ConfigurationError(f"the plugin cannot score by this model ({objective or 'no objective'}); it knows {known}")
    return OBJECTIVES[objective]


def _tree(node: Json, names: Sequence[str], there: Mapping[str, bool]) -> Tree:
    """A node and its subtrees; `there`: feature -> whether it has a value, as far as splits above have tested it."""
    if "split_feature" not in node:
        return _leaf(node)
    name, goes_left, limit = names[node["split_feature"]], _missing_goes_left(node), condition(node["threshold"])
    left, right = node["left_child"], node["right_child"]
    if there.get(name) is False:
        return _tree(left if goes_left else right, names, there)
    known, gone = {**there, name: True}, {**there, name: False}
    yes = _tree(left, names, known)
    if there.get(name):
        return Split(name, limit, yes, _tree(right, names, known))
    if limit == MAX_FLOAT:  # this split only tests whether there is a value
        return Split(name, MAX_FLOAT, yes, _tree(left if goes_left else right, names, gone))
    if not goes_left:
        return Split(name, limit, yes, _tree(right, names, there))
    return Split(name, limit, yes, Split(name, MAX_FLOAT, _tree(right, names, known), _tree(left, names, gone)))


def _leaf(node: Json) -> float:
    if "leaf_coeff" in node:
        raise ConfigurationError("the plugin knows no linear trees; train with linear_tree=false")
    return float(np.float32(node["leaf_value"]))


def _missing_goes_left(node: Json) -> bool:
    """Where LightGBM sends a missing value; without missing values in training, it treats one as 0."""
    if node["decision_type"] != "<=":
        raise ConfigurationError("the plugin knows no categorical splits; train with numbers only")
    if node["missing_type"] == "Zero":
        raise ConfigurationError("the plugin cannot take zeros for missing; train with zero_as_missing=false")
    return bool(node["default_left"]) if node["missing_type"] == "NaN" else bool(node["threshold"] >= 0)


def _leaves(tree: Tree) -> Iterator[float]:
    if isinstance(tree, Split):
        yield from _leaves(tree.yes)
        yield from _leaves(tree.no)
    else:
        yield tree


def _json(tree: Tree, depth: int, ids: Iterator[int]) -> Json:
    """The tree as XGBoost dumps it, with ids and depths."""
    node = next(ids)
    if not isinstance(tree, Split):
        return {"nodeid": node, "leaf": tree}
    yes, no = _json(tree.yes, depth + 1, ids), _json(tree.no, depth + 1, ids)
    return {
        "nodeid": node, "depth": depth, "split": tree.feature, "split_condition": tree.condition,
        "yes": yes["nodeid"], "no": no["nodeid"], "missing": no["nodeid"], "children": [yes, no],
    }  # fmt: skip
