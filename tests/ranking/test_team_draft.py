"""Team draft is fair, whole, and alike for a seed."""

import random

from hypothesis import given
from hypothesis import strategies as st

from ranking.clicks.interleaving import team_draft

ORDERS = st.lists(st.integers(0, 30).map(str), unique=True, max_size=20)


@given(ORDERS, ORDERS, st.integers(0, 1000))
def test_every_document_is_there_once_and_in_the_order_of_its_team(first: list[str], second: list[str], seed: int) -> None:
    drafted = team_draft(first, second, seed)
    documents = [document for document, _ in drafted]
    assert sorted(documents) == sorted({*first, *second})
    for team, order in (("a", first), ("b", second)):
        own = [document for document, of in drafted if of == team]
        assert own == [document for document in order if document in own]
    assert drafted == team_draft(first, second, seed)


def test_teams_take_turns_and_either_may_begin() -> None:
    orders = [str(n) for n in range(10)], [str(n) for n in range(10, 20)]
    begun = [team_draft(*orders, seed)[0][1] for seed in range(400)]
    assert 150 < begun.count("a") < 250
    for seed in range(20):
        teams = [team for _, team in team_draft(*orders, seed)]
        assert all({*teams[n : n + 2]} == {"a", "b"} for n in range(0, 20, 2))


def test_equal_orders_share_equally() -> None:
    order = [str(n) for n in range(10)]
    firsts = [team_draft(order, order, seed)[0] for seed in random.Random(1).sample(range(10_000), 400)]
    assert {document for document, _ in firsts} == {"0"}
    assert 150 < sum(team == "a" for _, team in firsts) < 250
