"""The matcher learns what speaks for an entity, and bounds keep the share of wrong cards."""

from pathlib import Path

import numpy as np
import pytest

from answers.entities import fitting
from answers.entities.fitting import JudgedCandidate, JudgedQuestion, Outcome
from answers.entities.matcher import ANY, NEVER, Bound, load, packaged
from engine.errors import ConfigurationError
from evaluation.entities.measure import coverage, micro_ap


def outcome(confidence: float, *, right: bool = True, known: bool = True, kind: str = "thing", family: str = "a") -> Outcome:
    return Outcome(set=family, family=family, known=known, type=kind, right=right, confidence=confidence)


def candidate(name: str, similar: float, place: float) -> JudgedCandidate:
    return JudgedCandidate(entity=name, type="thing", right=name == "right", features={"similar": similar, "place": place})


def question(family: str, number: int, *, known: bool = True) -> JudgedQuestion:
    """Of a right candidate the reference looks more alike than of the wrong ones."""
    random = np.random.default_rng([len(family), number])
    found = [candidate(f"wrong {n}", float(random.uniform(0.4, 0.6)), 1 / (n + 2)) for n in range(5)]
    if known:
        found.insert(0, candidate("right", float(random.uniform(0.8, 1)), 1.0))
    return JudgedQuestion(set=family, family=family, name=str(number), known=known, candidates=found)


@pytest.fixture(scope="module")
def questions() -> list[JudgedQuestion]:
    return [question(family, number, known=number % 3 > 0) for family in ("a", "bb", "ccc") for number in range(60)]


def test_what_looks_alike_is_recognised_in_sets_that_were_left_out(questions: list[JudgedQuestion]) -> None:
    outcomes = fitting.left_out(questions)
    known = [one for one in outcomes if one.known]
    assert len(outcomes) == 180 and all(one.right for one in known)
    bound = fitting.bounds_of(outcomes)[ANY]
    assert bound.answers >= 100 and bound.risk <= fitting.MAX_RISK
    assert not [one for one in outcomes if not one.known and one.confidence >= bound.least]


def test_a_matcher_is_written_and_read_again(questions: list[JudgedQuestion], tmp_path: Path) -> None:
    matcher = fitting.fit(questions)
    fitting.package(matcher, questions, {ANY: Bound(least=0.7), "product": Bound(least=0.9)}, tmp_path)
    read = load(tmp_path)
    features = [one.features for one in questions[1].candidates]
    assert read.probabilities(features) == matcher.probabilities(features) and read.probabilities([]) == []
    assert (read.bound("product"), read.bound("flag")) == (0.9, 0.7)
    assert "180 questions" in (tmp_path / "README.md").read_text()
    (tmp_path / "model.txt").write_text("no trees")
    load.cache_clear()
    with pytest.raises(ConfigurationError, match="damaged"):
        load(tmp_path)


def test_more_of_what_speaks_for_an_entity_never_speaks_against_it(questions: list[JudgedQuestion]) -> None:
    rising = fitting.fit(questions).probabilities([{"similar": value, "place": 1.0} for value in np.linspace(0, 1, 21)])
    assert rising == sorted(rising) and rising[0] < rising[-1]


def test_a_bound_holds_the_share_of_wrong_cards_and_of_cards_on_unknown_things() -> None:
    sure = [outcome(0.9 - n / 1000) for n in range(95)]
    assert fitting.bound_of([*sure, *(outcome(0.7, right=False) for _ in range(20))]).answers == 95
    strangers = [outcome(0.85, right=False, known=False), *(outcome(0.1, right=False, known=False) for _ in range(20))]
    assert fitting.bound_of([*sure, *strangers]).least > 0.85
    assert fitting.bound_of([outcome(0.9, right=False)]) == Bound(least=NEVER)
    assert fitting.bound_of([outcome(0.4) for _ in range(50)]).answers == 0, "a card is more likely right than not"


def test_types_with_few_answers_share_a_bound() -> None:
    outcomes = [*(outcome(0.9, kind="product") for _ in range(60)), *(outcome(0.8, kind="flag") for _ in range(10))]
    assert fitting.bounds_of(outcomes).keys() == {ANY, "product"}


def test_micro_average_precision_counts_distractors_above_a_right_answer() -> None:
    asked = [outcome(0.9), outcome(0.8, right=False, known=False), outcome(0.7), outcome(0.6, right=False)]
    assert micro_ap(asked, 3) == pytest.approx((1 + 2 / 3) / 3)


def test_coverage_is_the_share_that_can_be_answered_at_the_precision() -> None:
    asked = [
        *(outcome(0.9 - n / 1000) for n in range(40)),
        outcome(0.5, right=False),
        *(outcome(0.4, right=False) for _ in range(9)),
    ]
    assert coverage(asked, 50) == pytest.approx(42 / 50)


def test_the_packaged_matcher_has_bounds_that_were_measured() -> None:
    card = packaged().card
    assert card.bounds[ANY].answers >= 100 and card.bounds[ANY].risk <= fitting.MAX_RISK
    assert all(bound.least >= fitting.MIN_CONFIDENCE for bound in card.bounds.values())
