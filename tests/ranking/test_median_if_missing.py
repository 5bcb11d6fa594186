"""What is not known of a document neither helps nor hurts it; what a factor's columns weigh."""

import pytest

from engine.settings import Settings
from ranking.candidate_set import CandidateSet
from ranking.fusion import ReciprocalRank, weights
from tests.factors.sample import question
from tests.factors.scenes import FACTORS

# Stripes have no object to compare with; balls have one that is unlike what was asked with.
TABLE = {
    "stripes 1": {"similar": 0.9},
    "stripes 2": {"similar": 0.8},
    "ball 1": {"similar": 0.4, "objects": 0.45},
    "ball 2": {"similar": 0.3, "objects": 0.44},
    "ball 3": {"similar": 0.2, "objects": 0.43},
}


def order(ranker: ReciprocalRank) -> list[str]:
    return [ranked.id for ranked in ranker.order(CandidateSet(table=TABLE))]


def test_any_object_is_no_reason_to_come_first() -> None:
    given = {"similar": 2.0}
    assert order(ReciprocalRank(weights=given, median_if_missing=frozenset({"objects"})))[:2] == ["stripes 1", "stripes 2"]
    assert order(ReciprocalRank(weights=given))[0] == "ball 1", "words that match are a reason"


def test_what_is_not_known_counts_as_the_middle() -> None:
    ranker, candidate_set = ReciprocalRank(median_if_missing=frozenset({"objects"})), CandidateSet(table=TABLE)
    for ranked in ranker.order(candidate_set):
        parts = ranker.contributions(candidate_set, [ranked.id])[ranked.id]
        assert sum(parts.values()) == pytest.approx(ranked.score)
        assert 0 < ranked.score <= 1
    unknown, known = (ranker.contributions(candidate_set, [name])[name]["objects"] for name in ("stripes 1", "ball 2"))
    assert unknown == pytest.approx(known), "the second of three stands in the middle, too"


def test_columns_have_their_share_of_the_factors_weight() -> None:
    columns = {c.name: (f, c) for f in FACTORS.active for c in f.clauses(question())}
    own = weights(columns, Settings())
    assert own["colours.words"] > own["colours"] > 0
    found = weights(columns, Settings(fusion_weights={"colours": 2.0, "labels.words": 0.1}))
    assert found["colours.words"] == 2.0 and found["colours"] == 2.0 * own["colours"] / own["colours.words"]
    assert found["labels.words"] == 0.1 and found["labels"] == own["labels"]
