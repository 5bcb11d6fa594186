"""Reciprocal-rank fusion, by its formula."""

import random
from typing import ClassVar

import pytest

from engine.settings import Settings
from factors.base import Clause, Factor, Feature, Question
from ranking.candidate_set import CandidateSet, Ranked, shares
from ranking.fusion import ReciprocalRank, weights

TABLE: dict[str, dict[str, float]] = {
    "a": {"similar": 0.9, "words": 3.0},
    "b": {"similar": 0.8, "words": 9.0},
    "c": {"similar": 0.7},
    "d": {},
}


def order(ranker: ReciprocalRank, table: dict[str, dict[str, float]]) -> list[Ranked]:
    return ranker.order(CandidateSet(table=table))


class Shape(Factor):
    """A factor with two columns."""

    name: ClassVar[str] = "shape"
    title: ClassVar[str] = "Shape"
    about: ClassVar[str] = ""
    features: ClassVar[tuple[Feature, ...]] = (Feature("shape"), Feature("shape.words", weight=0.2))
    weight: ClassVar[float] = 0.5

    def clauses(self, question: Question) -> list[Clause]:
        return [Clause("shape", {}), Clause("shape.words", {})]


COLUMNS = {clause.name: (Shape(), clause) for clause in Shape().clauses(Question())}


def test_scores_are_those_of_the_formula() -> None:
    best = 2 / 61
    ranked = {r.id: r for r in order(ReciprocalRank(60), TABLE)}
    assert ranked["a"].score == pytest.approx((1 / 61 + 1 / 62) / best)
    assert ranked["b"].score == pytest.approx((1 / 62 + 1 / 61) / best)
    assert ranked["c"].score == pytest.approx((1 / 63) / best)
    assert ranked["a"].ranks == {"similar": 1, "words": 2}


def test_the_order_is_by_score_and_then_by_id() -> None:
    assert [r.id for r in order(ReciprocalRank(), TABLE)] == ["a", "b", "c", "d"]
    shuffled = list(TABLE.items())
    for seed in range(5):
        random.Random(seed).shuffle(shuffled)
        assert [r.id for r in order(ReciprocalRank(), dict(shuffled))] == ["a", "b", "c", "d"]


def test_first_everywhere_is_one() -> None:
    (first, *_, last) = order(ReciprocalRank(), {"x": {"p": 2.0, "q": 5.0}, "y": {"p": 1.0, "q": 4.0}, "z": {}})
    assert (first.id, first.score) == ("x", 1.0)
    assert (last.id, last.score, last.ranks) == ("z", 0.0, {})


def test_equal_values_share_the_worse_rank() -> None:
    table = {"a": {"p": 1.0}, "b": {"p": 3.0}, "c": {"p": 3.0}, "d": {"p": 0.5}}
    assert {r.id: r.ranks["p"] for r in order(ReciprocalRank(), table)} == {"b": 2, "c": 2, "a": 3, "d": 4}


def test_a_column_that_says_the_same_of_all_decides_nothing() -> None:
    plain = {"a": {"p": 1.0}, "b": {"p": 2.0}, "c": {"p": 3.0}}
    with_same = {key: values | {"q": 7.0} for key, values in plain.items()}
    orders = [[r.id for r in order(ReciprocalRank(), table)] for table in (plain, with_same)]
    assert orders[0] == orders[1] == ["c", "b", "a"]


def test_missing_adds_nothing_and_a_poor_value_adds_something() -> None:
    ranked = {r.id: r.score for r in order(ReciprocalRank(), {"a": {"p": 0.9, "q": 0.1}, "b": {"p": 0.8}, "c": {"q": 0.9}})}
    assert ranked["a"] > ranked["b"]
    assert ranked["c"] > ranked["b"]  # first in its column, not second


def test_only_ranks_count_not_the_scale_of_a_column() -> None:
    scaled = {key: {name: 1000 * value - 7 for name, value in values.items()} for key, values in TABLE.items()}
    assert order(ReciprocalRank(), scaled) == order(ReciprocalRank(), TABLE)


@pytest.mark.parametrize("given", [{}, {"similar": 2.0, "words": 0.3}, {"words": 0.0}])
def test_shares_add_up_to_one(given: dict[str, float]) -> None:
    ranker, candidate_set = ReciprocalRank(weights=given), CandidateSet(table=TABLE)
    for ranked in ranker.order(candidate_set):
        parts = ranker.contributions(candidate_set, [ranked.id])[ranked.id]
        assert set(parts) == set(TABLE[ranked.id])
        assert sum(parts.values()) == pytest.approx(ranked.score)
        assert sum(shares(parts).values()) == pytest.approx(1.0 if any(parts.values()) else 0.0)


def test_a_column_without_weight_has_no_say() -> None:
    ranker = ReciprocalRank(weights={"similar": 0.0})
    assert [r.id for r in order(ranker, TABLE)][:2] == ["b", "a"]
    assert shares(ranker.contributions(CandidateSet(table=TABLE), ["b"])["b"]) == {"similar": 0.0, "words": 1.0}


def test_weights_of_nothing_leave_everything_at_zero() -> None:
    assert [(r.id, r.score) for r in order(ReciprocalRank(weights={"p": 0.0}), {"b": {"p": 1.0}, "a": {"p": 2.0}})] == [
        ("a", 0.0),
        ("b", 0.0),
    ]
    assert order(ReciprocalRank(), {}) == []


def test_a_heavier_column_wins() -> None:
    table = {"a": {"p": 2.0, "q": 1.0}, "b": {"p": 1.0, "q": 2.0}}
    assert next(r.id for r in order(ReciprocalRank(weights={"q": 2.0}), table)) == "b"
    assert next(r.id for r in order(ReciprocalRank(weights={"p": 2.0}), table)) == "a"


def test_lists_are_merged_by_the_same_rule() -> None:
    lists = {"p": ["a", "b", "c"], "q": ["c", "d"], "r": []}
    # With k = 1: c has 1/4 + 1/2, a 1/2, then b and d 1/3 each, by id.
    assert ReciprocalRank(1).merge(lists) == ["c", "a", "b", "d"]
    assert ReciprocalRank(1, weights={"q": 0.1}).merge(lists) == ["a", "b", "c", "d"]
    assert ReciprocalRank().merge({}) == []


def test_weights_come_from_the_factor_and_the_columns_share() -> None:
    assert weights(COLUMNS, Settings()) == pytest.approx({"shape": 0.5, "shape.words": 0.1})


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"shape": 2.0}, {"shape": 2.0, "shape.words": 0.4}),
        ({"shape.words": 3.0}, {"shape": 0.5, "shape.words": 3.0}),
        ({"shape": 2.0, "shape.words": 3.0}, {"shape": 2.0, "shape.words": 3.0}),
        ({"shape": 0.0}, {"shape": 0.0, "shape.words": 0.0}),
        ({"elsewhere": 9.0}, {"shape": 0.5, "shape.words": 0.1}),
    ],
)
def test_settings_weigh_a_factor_or_a_column(given: dict[str, float], expected: dict[str, float]) -> None:
    assert weights(COLUMNS, Settings(fusion_weights=given)) == pytest.approx(expected)


def test_what_one_ranking_is_sure_of_stays_a_candidate() -> None:
    agreed = [f"d{n:03}" for n in range(300)]
    lists = {"similar": agreed, "semantic": agreed, "labels": agreed, "local": ["sure", *reversed(agreed)]}
    fused = ReciprocalRank(weights={"local": 0.01})
    assert "sure" not in fused.merge(lists)[:200]
    found = fused.candidates(lists, 200)
    assert "sure" in found and len(found) == 200
    assert found == [document for document in fused.merge(lists) if document in set(found)], "in the order of fusion"
    assert fused.candidates(lists, 3) == fused.merge(lists)[:3], "never more than asked for"
    assert fused.candidates({}, 3) == []
