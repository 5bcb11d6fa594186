"""The plugin's trees score as LightGBM's do, to the last branch: at thresholds, and where values are missing."""

import itertools
import json
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
import pytest

from engine.errors import ConfigurationError
from ranking.learning.models import PACKAGED
from ranking.plugin.trees import MAX_FLOAT, condition, definition, lift
from tests.ranking.plugin_reference import parsed, score

NAMES = ["similar", "words", "labels", "asked"]
ROWS = 900
BASE = {"num_leaves": 15, "min_data_in_leaf": 5, "verbosity": -1, "seed": 3, "num_threads": 1, "deterministic": True}
float32 = np.float32


def table(seed: int = 1) -> np.ndarray:
    """Scores as the engine gives them: float32, three columns with gaps and one that is always there."""
    chance = np.random.default_rng(seed)
    rows = chance.random((ROWS, len(NAMES))).astype(float32).astype(float)
    rows[:, 1] = np.round(10 * rows[:, 1], 1).astype(float32)
    rows[:, 3] = chance.integers(0, 4, ROWS)
    for column, share in ((0, 0.1), (1, 0.5), (2, 0.3)):
        rows[chance.random(ROWS) < share, column] = np.nan
    return rows


def grades(rows: np.ndarray) -> np.ndarray:
    """Missing says something, and something else in every column."""
    raw = np.nan_to_num(rows[:, 0], nan=0.9) + 0.1 * np.nan_to_num(rows[:, 1], nan=3) - np.nan_to_num(rows[:, 2], nan=0.2)
    graded: np.ndarray = np.clip(np.round(2 * raw + 0.2 * rows[:, 3]), 0, 4).astype(int)
    return graded


def trained(rows: np.ndarray | None = None, rounds: int = 60, **changed: Any) -> lightgbm.Booster:
    rows = table() if rows is None else rows
    parameters = BASE | {"objective": "lambdarank"} | changed
    data = lightgbm.Dataset(rows, grades(rows), group=[30] * (ROWS // 30), feature_name=NAMES, params=parameters)
    return lightgbm.train(parameters, data, num_boost_round=rounds)


def scored(booster: lightgbm.Booster, rows: np.ndarray, *, reads_missing: bool) -> np.ndarray:
    names = booster.feature_name()
    model = definition(booster, names)
    read = parsed(json.loads(json.dumps(model, allow_nan=False)))
    there = [{name: v for name, v in zip(names, row, strict=True) if not np.isnan(v)} for row in rows]
    return np.array([score(read, row, reads_missing=reads_missing) for row in there]) - lift(model)


def thresholds(booster: lightgbm.Booster) -> dict[int, list[float]]:
    found: dict[int, list[float]] = {}

    def walk(node: dict[str, Any]) -> None:
        if "split_feature" in node:
            found.setdefault(node["split_feature"], []).append(node["threshold"])
            walk(node["left_child"])
            walk(node["right_child"])

    for tree in booster.dump_model()["tree_info"]:
        walk(tree["tree_structure"])
    return found


def at_thresholds(booster: lightgbm.Booster, rows: np.ndarray) -> np.ndarray:
    """The rows, with the float32 nearest to a threshold in each column, or the one below or above it."""
    chance, changed = np.random.default_rng(5), rows.copy()
    with np.errstate(over="ignore"):
        for column, found in thresholds(booster).items():
            limits = np.asarray(found).astype(float32)
            limits = limits[np.isfinite(limits)]
            if not len(limits):  # only whether there is a value was asked
                continue
            near = np.concatenate([np.nextafter(limits, float32(-1)), limits, np.nextafter(limits, float32(1e9))])
            put = chance.random(len(rows)) < 0.8
            changed[put, column] = chance.choice(near, put.sum())
    return changed


@pytest.mark.parametrize("reads_missing", [False, True], ids=["before 3.8", "since 3.8"])
@pytest.mark.parametrize("objective", ["lambdarank", "rank_xendcg", "regression"])
def test_scores_are_those_of_lightgbm(objective: str, reads_missing: bool) -> None:
    booster = trained(objective=objective)
    rows = table(seed=2)
    assert np.isnan(rows[:, :3]).any(axis=1).mean() > 0.5
    np.testing.assert_allclose(scored(booster, rows, reads_missing=reads_missing), booster.predict(rows), atol=1e-5)


@pytest.mark.parametrize("reads_missing", [False, True], ids=["before 3.8", "since 3.8"])
def test_values_at_thresholds_go_the_same_way(reads_missing: bool) -> None:
    booster = trained()
    rows = at_thresholds(booster, table(seed=2))
    np.testing.assert_allclose(scored(booster, rows, reads_missing=reads_missing), booster.predict(rows), atol=1e-5)


def test_what_was_never_missing_in_training_is_taken_for_zero_as_lightgbm_does() -> None:
    whole = np.nan_to_num(table(), nan=0.25)
    booster, rows = trained(whole), table(seed=2)
    assert not np.isnan(whole).any() and np.isnan(rows).any()
    np.testing.assert_allclose(scored(booster, rows, reads_missing=False), booster.predict(rows), atol=1e-5)


@pytest.mark.parametrize("reads_missing", [False, True], ids=["before 3.8", "since 3.8"])
def test_the_packaged_trees_are_said_without_a_difference(reads_missing: bool) -> None:
    booster = lightgbm.Booster(model_file=str(PACKAGED / "model.txt"))
    chance = np.random.default_rng(8)
    rows = chance.random((60, booster.num_feature())).astype(float32).astype(float)
    rows[chance.random(rows.shape) < 0.4] = np.nan
    rows = at_thresholds(booster, rows)
    rows[chance.random(rows.shape) < 0.3] = np.nan
    np.testing.assert_allclose(scored(booster, rows, reads_missing=reads_missing), booster.predict(rows), atol=1e-5)


def test_a_condition_parts_float32_values_where_the_threshold_does() -> None:
    chance = np.random.default_rng(4)
    made = [
        *chance.random(200),
        *(10.0 ** chance.uniform(-30, 30, 100)),
        0.0,
        0.1,
        0.5,
        1.0,
        1.0000000180025095e-35,
        -2.5,
        3e38,
    ]
    for threshold in made:
        near = float32(threshold)
        values = [near, *itertools.accumulate([near] * 4, lambda v, _: np.nextafter(v, float32(-np.inf)))]
        values += itertools.accumulate([near] * 4, lambda v, _: np.nextafter(v, float32(np.inf)))
        for value in values:
            assert (float(value) <= threshold) == (value < float32(condition(threshold))), (threshold, value)
    assert condition(1.7976931348623157e308) == condition(1e300) == MAX_FLOAT, "LightGBM asks so whether there is a value"


def test_scores_are_never_negative_and_their_order_is_kept() -> None:
    booster, rows = trained(), table(seed=2)
    predicted = np.asarray(booster.predict(rows))
    assert predicted.min() < 0
    model = parsed(definition(booster, NAMES))
    assert len(model.splits[-1].ids()) == 1, "the last tree is the constant"
    found = scored(booster, rows, reads_missing=False) + lift(definition(booster, NAMES))
    assert found.min() > 0
    apart = np.diff(np.sort(predicted)) > 1e-5
    np.testing.assert_array_equal(np.argsort(found)[1:][apart], np.argsort(predicted)[1:][apart])


def test_a_model_that_learned_nothing_is_one_number() -> None:
    rows = table()
    data = lightgbm.Dataset(rows, np.full(ROWS, 2.0), feature_name=NAMES, params=BASE)
    booster = lightgbm.train(BASE | {"objective": "regression"}, data, num_boost_round=3)
    np.testing.assert_allclose(scored(booster, rows[:5], reads_missing=False), booster.predict(rows[:5]), atol=1e-6)


@pytest.mark.parametrize(
    ("changed", "predicted"),
    [
        ({"categories": [1]}, "categorical"),
        ({"zero_as_missing": True}, "zero_as_missing"),
        ({"objective": "regression", "linear_tree": True}, "linear"),
        ({"objective": "binary"}, "binary"),
        ({"objective": "multiclass", "num_class": 5}, "multiclass"),
        ({"objective": "regression", "reg_sqrt": True}, "sqrt"),
        ({"objective": "regression", "boosting": "rf", "bagging_freq": 1, "bagging_fraction": 0.5}, "cannot score"),
    ],
)
def test_what_cannot_be_said_is_refused(changed: dict[str, Any], predicted: str) -> None:
    rows = table()
    parameters = BASE | {"objective": "lambdarank"} | changed
    categories = parameters.pop("categories", [])
    labels = (grades(rows) > 2).astype(int) if changed.get("objective") == "binary" else grades(rows)
    groups = [30] * (ROWS // 30)
    data = lightgbm.Dataset(rows, labels, group=groups, feature_name=NAMES, params=parameters, categorical_feature=categories)
    booster = lightgbm.train(parameters, data, num_boost_round=5)
    with pytest.raises(ConfigurationError, match=predicted):
        definition(booster, NAMES)


def test_a_model_read_from_a_file_is_the_same(tmp_path: Path) -> None:
    booster = trained(rounds=5)
    booster.save_model(tmp_path / "model.txt")
    assert definition(lightgbm.Booster(model_file=str(tmp_path / "model.txt")), NAMES) == definition(booster, NAMES)
