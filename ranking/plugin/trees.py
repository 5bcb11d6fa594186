"""LightGBM's trees as the plugin's XGBoost trees (`model/xgboost+json`).

Both libraries add up trees, but they ask differently: LightGBM goes left where `value <= threshold` (float64), the plugin
goes to `yes` where `value < split_condition` (float32). For the plugin's values, which are scores of queries and so float32,
one can always be said by the other.

A missing value: the plugin computes a feature by its query, and keeps NaN where the query does not match the document, since
OpenSearch 3.2. Before that it kept 0, which could not be told from a value of 0. A comparison with NaN is false, so NaN goes
to `no`; only since 3.8 does the plugin read the `missing` of a split. The trees written here do not depend on it: a missing
value goes to `no` in every split. Where LightGBM sends it to the left, a second split asks whether the value is there, and
the left branch stands a second time under its `no`.

The sum of the trees may be negative, which the score of a query must not be. One more tree of one leaf, the last, adds
what makes every score positive; the order stays.
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
MOST = float(np.finfo(np.float32).max)  # every value is below it: JSON has no infinity
ZERO = float(np.float32(1e-35))  # LightGBM takes values that are no farther from 0 for 0
# What LightGBM's objectives are called where the score is the sum of the trees as it is; others are transformed.
OBJECTIVES = {"lambdarank": "rank:ndcg", "rank_xendcg": "rank:ndcg", "regression": "reg:linear"}


@dataclass(frozen=True, slots=True)
class Split:
    """`value < condition`: yes; otherwise, or where the value is missing: no."""

    feature: str
    condition: float
    yes: "Split | float"
    no: "Split | float"


Tree = Split | float  # a leaf is its value


def definition(booster: "lightgbm.Booster", names: Sequence[str]) -> Json:
    """The model as the plugin reads it: `{"objective": ..., "splits": [tree, ...]}`.

    `names` are the features' names in the plugin, in the booster's order. Scores are those of `booster.predict`, but for
    rounding to float32, and `lift` above them. ConfigurationError where the trees hold what cannot be said in that form.
    """
    dump = booster.dump_model()
    objective = _objective(dump)
    trees = [_tree(info["tree_structure"], names, {}) for info in dump["tree_info"]]
    lowest = sum(min(_leaves(tree)) for tree in trees)
    lifted = [*trees, float(math.ceil(-lowest) + 1)] if lowest < 0 else [*trees, 0.0]
    return {"objective": objective, "splits": [_json(tree, 0, itertools.count()) for tree in lifted]}


def lift(model: Json) -> float:
    """What `definition` added to every score."""
    return float(model["splits"][-1]["leaf"])


def condition(threshold: float) -> float:
    """The float32 that exactly the float32 values up to the threshold are below; at most the largest finite one.

    Just under 0 there is no such value, because LightGBM takes those for 0, which is above the threshold.
    """
    if -ZERO <= threshold < 0:
        return -ZERO
    with np.errstate(over="ignore"):
        last = np.float32(threshold)
        if float(last) > threshold:
            last = np.nextafter(last, np.float32(-np.inf))
        return min(float(np.nextafter(last, np.float32(np.inf))), MOST)


def _objective(dump: Json) -> str:
    told = dump.get("objective", "")
    if told not in OBJECTIVES or dump["num_tree_per_iteration"] != 1 or dump.get("average_output"):
        raise ConfigurationError(f"the plugin cannot score by this model ({told or 'no objective'}); it knows {_known()}")
    return OBJECTIVES[told]


def _known() -> str:
    return ", ".join(OBJECTIVES)


def _tree(node: Json, names: Sequence[str], there: Mapping[str, bool]) -> Tree:
    """A node and what is under it; `there` tells of features met above whether they have a value."""
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
    if limit == MOST:  # this split asks for nothing else than whether there is a value
        return Split(name, MOST, yes, _tree(left if goes_left else right, names, gone))
    if not goes_left:
        return Split(name, limit, yes, _tree(right, names, there))
    return Split(name, limit, yes, Split(name, MOST, _tree(right, names, known), _tree(left, names, gone)))


def _leaf(node: Json) -> float:
    if "leaf_coeff" in node:
        raise ConfigurationError("the plugin knows no linear trees; train with linear_tree=false")
    return float(np.float32(node["leaf_value"]))


def _missing_goes_left(node: Json) -> bool:
    """Where LightGBM sends a missing value; without missing values in training, it takes one for 0."""
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
    """With ids and depths, as XGBoost dumps it."""
    node = next(ids)
    if not isinstance(tree, Split):
        return {"nodeid": node, "leaf": tree}
    yes, no = _json(tree.yes, depth + 1, ids), _json(tree.no, depth + 1, ids)
    return {
        "nodeid": node, "depth": depth, "split": tree.feature, "split_condition": tree.condition,
        "yes": yes["nodeid"], "no": no["nodeid"], "missing": no["nodeid"], "children": [yes, no],
    }  # fmt: skip
