"""Explanations of parts of a score that no value of the result is behind."""

from engine.settings import Settings
from factors.registry import FactorRegistry
from query.explanation import whys
from ranking.candidate_set import Ranked


def test_a_feature_that_the_question_does_not_ask_by_has_its_factors_title(settings: Settings) -> None:
    titles = FactorRegistry.of(settings).titles
    [why] = whys({}, titles, Ranked("a", 1.0, {}), {}, {"semantic.words": 0.3})
    assert (why.title, why.text) == (titles["semantic"], "The question does not ask by this.")
    [other] = whys({}, titles, Ranked("a", 1.0, {}), {}, {"list": 0.3})
    assert other.title == "Agreement"
