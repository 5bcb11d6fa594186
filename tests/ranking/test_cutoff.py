"""Where the irrelevant tail begins: what counts as evidence, column by column."""

import numpy as np
import pytest

from factors.base import Feature
from ranking import calibrations, cutoff
from ranking.candidate_set import Table
from ranking.cutoff import Threshold, Thresholds, limits, supported
from tests.factors.scenes import FACTORS

TABLE: Table = {
    "a": {"similar": 0.9, "words": 8.0},
    "b": {"similar": 0.7, "words": 2.0},
    "c": {"similar": 0.4, "palette": 0.99},
    "d": {},
}


def thresholds(**columns: Threshold) -> Thresholds:
    return Thresholds(rule="by hand", data="nothing", columns=columns)


FEATURES = {
    "similar": Feature("similar"),
    "words": Feature("words", compares="words", scale="per-query"),
    "named": Feature("named", retrieval_is_evidence=True),
}


def kept(measured: Thresholds | None, table: Table = TABLE) -> set[str]:
    reached = limits(table, measured, FEATURES)
    return {document for document, values in table.items() if supported(values, reached)}


def test_at_least_is_an_absolute_value() -> None:
    measured = thresholds(similar=Threshold(rule="at-least", value=0.7))
    assert limits(TABLE, measured, FEATURES) == {"similar": 0.7}
    assert kept(measured) == {"a", "b"}, "the value itself is enough"
    without_best = {key: values for key, values in TABLE.items() if key != "a"}
    assert kept(measured, table=without_best) == {"b"}, "others do not matter"


def test_of_best_is_a_share_of_the_best_candidate() -> None:
    measured = thresholds(words=Threshold(rule="of-best", value=0.5))
    assert limits(TABLE, measured, FEATURES) == {"words": 4.0}
    assert kept(measured) == {"a"}
    without_best = {key: values for key, values in TABLE.items() if key != "a"}
    assert kept(measured, table=without_best) == {"b"}, "the best always reaches it"
    louder = {key: {name: 30 * value for name, value in values.items()} for key, values in TABLE.items()}
    assert kept(measured, table=louder) == {"a"}, "the scale does not matter"


def test_never_is_no_evidence_whatever_the_value() -> None:
    measured = thresholds(palette=Threshold(rule="never"), similar=Threshold(rule="at-least", value=0.7))
    assert "palette" not in limits(TABLE, measured, FEATURES)
    assert kept(measured) == {"a", "b"}


def test_one_column_is_evidence_enough() -> None:
    measured = thresholds(similar=Threshold(rule="at-least", value=0.85), palette=Threshold(rule="at-least", value=0.9))
    assert kept(measured) == {"a", "c"}


def background(relevant: float | None, seed: int = 5, number: int = 200) -> Table:
    """Candidates of a question: values of an exponential tail above .5, and perhaps one relevant document."""
    tail = 0.5 + np.random.default_rng(seed).exponential(0.02, number)
    table = {f"d{n}": {"similar": float(value)} for n, value in enumerate(tail)}
    return table if relevant is None else table | {"relevant": {"similar": relevant}}


def test_an_uncalibrated_feature_keeps_what_stands_out_and_nothing_for_having_a_value() -> None:
    measured = thresholds(words=Threshold(rule="of-best", value=0.5))
    assert kept(measured, background(0.95)) == {"relevant"}
    alarms = sum(bool(kept(measured, background(None, seed))) for seed in range(200))
    assert alarms <= 20, "of 200 questions without a relevant document, even with a skewed background"


def test_where_there_is_no_background_nothing_stands_out() -> None:
    assert kept(thresholds(), background(0.95, number=20)) == set()
    same: Table = {f"d{n}": {"similar": 0.7} for n in range(50)}
    assert kept(thresholds(), same) == set()


def test_a_match_is_evidence_where_the_factor_declares_it() -> None:
    assert kept(None, {"a": {"named": 0.1}, "b": {"similar": 0.9}, "c": {"undeclared": 1.0}}) == {"a"}


def test_a_question_without_any_calibrated_feature_is_told_from_others() -> None:
    measured = thresholds(similar=Threshold(rule="at-least", value=0.7))
    assert cutoff.is_calibrated(TABLE, measured)
    assert not cutoff.is_calibrated({"a": {"words": 1.0}}, measured) and not cutoff.is_calibrated(TABLE, None)


def test_a_document_without_any_value_is_never_kept() -> None:
    assert "d" not in kept(thresholds(similar=Threshold(rule="at-least", value=0.1)))


def test_columns_that_nobody_has_set_no_limit() -> None:
    measured = thresholds(objects=Threshold(rule="of-best", value=0.5))
    assert limits(TABLE, measured, FEATURES) == {}
    assert limits({}, measured, FEATURES) == {}


def test_figures_of_other_weights_are_dropped_and_named() -> None:
    measured = thresholds(
        similar=Threshold(rule="at-least", value=0.7, weights={"embedding": "net@1"}),
        objects=Threshold(rule="at-least", value=0.6, weights={"objects": "finder@1", "embedding": "net@1"}),
        colours=Threshold(rule="never", weights={"colours": "kmeans@1"}),
        words=Threshold(rule="of-best", value=0.5),
    )
    same, stale = measured.usable({"embedding": "net@1", "objects": "finder@1", "colours": "kmeans@1"})
    assert (same, stale) == (measured, [])
    usable, stale = measured.usable({"embedding": "net@2", "objects": "finder@1", "colours": "kmeans@1"})
    assert stale == ["objects", "similar"]
    assert set(usable.columns) == {"colours", "words"}
    assert usable.rule == measured.rule
    assert set(measured.columns) == {"similar", "objects", "colours", "words"}, "what was loaded stays as it is"


def test_an_extractor_that_the_index_does_not_know_makes_nothing_stale() -> None:
    measured = thresholds(similar=Threshold(rule="at-least", value=0.7, weights={"embedding": "net@1"}))
    assert measured.usable({})[1] == []


def test_those_that_are_shipped_are_of_features_that_there_are() -> None:
    for path in (calibrations.PACKAGED_CUTOFF, calibrations.PACKAGED_LANDMARKS):
        shipped = Thresholds.model_validate_json(path.read_text())
        assert shipped.rule and shipped.data and shipped.columns
        assert set(shipped.columns) <= set(FACTORS.every_feature_name)
        for name, column in shipped.columns.items():
            assert column.rule != "of-best" or 0 < column.value <= 1, name
            assert column.pairs > 0 and 0 <= column.passed <= 1, name


@pytest.mark.parametrize("rule", ["at-least", "of-best"])
def test_what_is_missing_is_no_zero(rule: str) -> None:
    measured = thresholds(words=Threshold.model_validate({"rule": rule, "value": 0.0}))
    assert kept(measured) == {"a", "b"}
