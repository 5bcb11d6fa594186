"""Features of a candidate_set: the columns, and each beside the others."""

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ranking.candidate_set import CandidateSet, QueryFeatures
from ranking.learning.features import FeatureSet, ranks_of

SET = FeatureSet(columns=("similar", "words"))
CANDIDATE_SET = CandidateSet(
    table={
        "a": {"similar": 0.9, "words": 3.0},
        "b": {"similar": 0.6},
        "c": {"similar": 0.6, "words": 6.0},
        "d": {},
    },
    query_features=QueryFeatures(intent="picture and words", category="food", words=2),
    duplicate_pairs=[("a", "c")],
)


def seen(name: str, candidate_set: CandidateSet = CANDIDATE_SET) -> list[float]:
    return [round(float(value), 6) for value in SET.matrix(candidate_set)[:, SET.names.index(name)]]


def test_columns_are_features_and_missing_stays_missing() -> None:
    assert seen("similar")[:3] == [0.9, 0.6, 0.6]
    for name in ("similar", "similar@best", "similar@mean", "similar@rank"):
        assert math.isnan(seen(name)[3]), name


def test_a_value_is_seen_beside_the_lists_best_and_mean_and_by_its_rank() -> None:
    assert seen("words@best")[0] == 0.5 and seen("words@best")[2] == 1.0
    assert seen("similar@mean")[:3] == [0.2, -0.1, -0.1]
    assert seen("similar@rank")[:3] == [1, 3, 3], "equal values share the worse rank"


def test_agreement_says_how_the_columns_see_a_document_together() -> None:
    fused = seen("list@fused")
    assert fused[0] == max(fused) and fused[3] == 0
    assert seen("list@missing") == [0, 0.5, 0, 1]
    assert seen("list@duplicates_above") == [0, 0, 1, 0], "c shows the same as a, and stands below it"


def test_the_kind_of_question_is_the_same_for_every_row() -> None:
    assert seen("question@is_food") == [1, 1, 1, 1] and seen("question@is_animal") == [0, 0, 0, 0]
    assert seen("question@words") == [2, 2, 2, 2] and seen("question@picture") == [1, 1, 1, 1]


def test_without_list_context_only_columns_and_the_question_are_left() -> None:
    plain = FeatureSet(columns=("similar", "words"), listwise=False)
    assert not any("@" in name and not name.startswith("question@") for name in plain.names)
    assert plain.matrix(CANDIDATE_SET).shape == (4, len(plain.names)) and len(plain.directions) == len(plain.names)


def test_more_of_a_column_can_only_help() -> None:
    directions = dict(zip(SET.names, SET.directions, strict=True))
    assert directions["similar"] == 1 and directions["similar@rank"] == 0 and directions["question@words"] == 0
    assert SET.matrix(CANDIDATE_SET).shape == (4, len(SET.names))


def test_an_empty_list_has_no_rows() -> None:
    assert SET.matrix(CandidateSet(table={})).shape == (0, len(SET.names))


def test_features_that_an_order_was_learned_without_are_named_and_ignored() -> None:
    assert SET.unknown([*SET.columns, "phash", "ocr"]) == ["ocr", "phash"]
    more = CandidateSet(
        table={document: {**row, "phash": 0.9} for document, row in CANDIDATE_SET.table.items()},
        query_features=CANDIDATE_SET.query_features, duplicate_pairs=CANDIDATE_SET.duplicate_pairs,
    )  # fmt: skip
    np.testing.assert_array_equal(SET.matrix(more), SET.matrix(CANDIDATE_SET))


def test_a_known_feature_that_the_table_lacks_is_missing() -> None:
    wide = FeatureSet(columns=(*SET.columns, "gone"))
    matrix = wide.matrix(CANDIDATE_SET)
    gone = [at for at, name in enumerate(wide.names) if name.split("@")[0] == "gone"]
    assert gone and np.isnan(matrix[:, gone]).all()


@given(st.lists(st.one_of(st.none(), st.integers(0, 5)), max_size=30))
def test_ranks_are_those_of_counting(values: list[int | None]) -> None:
    table = np.array([[math.nan if v is None else float(v)] for v in values]).reshape(-1, 1)
    known = [v for v in values if v is not None]
    expected = [math.nan if v is None else float(sum(other >= v for other in known)) for v in values]
    np.testing.assert_array_equal(ranks_of(table)[:, 0], expected)
