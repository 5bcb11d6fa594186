"""Maximal marginal relevance: a result that is similar to better ones comes later, by the amount that is asked for."""

import numpy as np
import pytest

from query.grouping import Group, mmr, relevance
from query.request import SearchRequest
from query.search import Searcher
from ranking.candidate_set import Ranked
from tests.factors.scenes import Live

# Two of a kind, then another of that kind, then something else.
ALIKE = np.array([[1, 0.99, 0.98, 0.1], [0.99, 1, 0.97, 0.1], [0.98, 0.97, 1, 0.1], [0.1, 0.1, 0.1, 1]])


def groups(count: int) -> list[Group]:
    return [Group(Ranked(str(n), -float(n), {})) for n in range(count)]


def test_without_diversity_the_order_stays() -> None:
    assert mmr(relevance(groups(4)), ALIKE, 0.0) == [0, 1, 2, 3]


def test_something_else_comes_before_more_of_the_same() -> None:
    assert mmr(relevance(groups(4)), ALIKE, 0.5) == [0, 3, 1, 2]


def test_the_first_stays_first_and_nobody_is_lost() -> None:
    for amount in (0.1, 0.5, 0.9):
        order = mmr(relevance(groups(4)), ALIKE, amount)
        assert order[0] == 0 and sorted(order) == [0, 1, 2, 3]


@pytest.mark.engine
def test_a_search_can_be_asked_for_diverse_results(full: Live, searcher: Searcher) -> None:
    plain = searcher.search(SearchRequest(like="dog0", no_cutoff=True))
    varied = searcher.search(SearchRequest(like="dog0", no_cutoff=True, diversity=0.9))
    assert [r.id for r in plain.results] != [r.id for r in varied.results]
    assert {r.id for r in plain.results} == {r.id for r in varied.results}
    assert plain.results[0].id == varied.results[0].id
    assert "diversify" in varied.took
