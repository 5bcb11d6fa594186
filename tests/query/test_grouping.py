"""Near-duplicates are the same picture, not the same drawing in other colours."""

from typing import Any

import pytest

from query.answer import Cutoff
from query.grouping import Cut, group
from query.ordering import Ranking, duplicate_pairs, same_pictures
from query.retrieval import Row
from ranking.candidate_set import CandidateSet, Ranked

HASH = 0b1011 << 40


def row(name: str, **fields: Any) -> Row:
    shown = {"phash_bits": HASH, "width": 400, "height": 300, "colour": ("red", "white")} | fields
    lists = {key: list(value) if isinstance(value, tuple) else [value] for key, value in shown.items() if value is not None}
    return Row(name, {}, lists)


@pytest.mark.parametrize(
    ("other", "same"),
    [
        ({}, True),
        ({"width": 200, "height": 150}, True),
        ({"phash_bits": HASH ^ 0b1111}, True),
        ({"phash_bits": HASH ^ 0b11111}, False),
        ({"width": 300}, False),
        ({"colour": ("blue", "white")}, False),
        ({"colour": ("white",)}, True),
        ({"colour": None}, True),
        ({"phash_bits": None}, False),
    ],
)
def test_same_pictures(other: dict[str, Any], same: bool) -> None:
    alike = same_pictures([row("one"), row("other", **other)], bits=4)
    assert bool(alike[0, 1]) is same
    assert bool(alike[1, 0]) is same


def test_a_document_is_under_the_first_better_result_that_shows_the_same_image() -> None:
    # b and c are the same as a, d is the same as c only, e as d only, and f as nothing.
    pairs = [("a", "b"), ("c", "a"), ("c", "d"), ("d", "e")]
    ranked = [Ranked(name, 0.0, {}) for name in "abcdef"]
    candidates = CandidateSet(table={name: {} for name in "abcdef"}, duplicate_pairs=pairs)
    grouped = group(Ranking(candidates, ranked, "fusion", {}, {}), Cut(ranked, Cutoff()))
    shown = {one.best.id: [other.id for other in one.others] for one in grouped.groups}
    assert shown == {"a": ["b", "c"], "d": ["e"], "f": []}, "c is under a, so that d is under none"


def test_each_pair_of_near_duplicates_is_named_once() -> None:
    assert duplicate_pairs([row("a"), row("b", width=999), row("c")], bits=4) == [("a", "c")]
    assert duplicate_pairs([], bits=4) == []
