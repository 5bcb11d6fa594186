"""What counts as a right tag, and the measures of ordered tags."""

import pytest

from evaluation.tags.judging import Truth, truths
from evaluation.tags.measures import Answered, Listed, average_precision, calibration_error, measures
from evaluation.tags.sets import SETS, TagQuestion
from query.request import SearchRequest


def keys(text: str) -> tuple[str, ...]:
    return tuple(text.split())


def question(*texts: str) -> TagQuestion:
    return TagQuestion("a set", "en", SearchRequest(text="unused"), texts)


def test_a_tag_is_right_where_one_text_has_all_of_its_words() -> None:
    truth = Truth(("A brown dog runs.", "Two cats on a sofa."), "en")
    assert truth.is_right(keys("brown dog")) and truth.is_right(keys("cat"))
    assert not truth.is_right(keys("brown cat")), "of two texts"
    assert not truth.is_right(keys("red dog"))


def test_synonyms_and_kinds_are_right_unless_only_words_count_or_they_are_trivial() -> None:
    truth = Truth(("A lark.", "A couch."), "en")
    assert truth.is_right(keys("bird")) and truth.is_right(keys("sofa"))
    assert not truth.is_right(keys("bird"), kinds=False)
    assert not truth.is_right(keys("artifact")) and not truth.is_right(keys("robin"))
    many = truths([question("A lark."), question("A robin."), question("A hammer."), question("A cup.")])
    assert not many[0].is_right(keys("bird")), "of half of the pictures"


def test_in_other_languages_only_words_count() -> None:
    truth = Truth(("Ein roter Leuchtturm.",), "de")
    assert truth.is_right(keys("roter leuchtturm")) and not truth.is_right(keys("turm"))


def answered(*right: bool, confidence: float = 0.5) -> Answered:
    return Answered(
        [Listed(f"tag{at}", confidence - at / 10, one) for at, one in enumerate(right)], frozenset(("tag0", "other"))
    )


def test_measures_of_two_pictures() -> None:
    found = measures([answered(True, False, confidence=0.9), answered(False, True, confidence=0.3)])
    assert found["P@1"] == 0.5 and found["P@3"] == 0.5 and found["P at 50%"] == 1.0 and found["P at 100%"] == 0.5
    assert found["MiAP"] == pytest.approx((1 + 0.5) / 2) and found["R@5"] == 0.5
    assert found["AURC"] == pytest.approx(0.25) and found["MAP"] is None
    assert measures([Answered([], frozenset())])["P@1"] == 0.0, "no tag is a wrong one"


def test_average_precision_and_calibration_error() -> None:
    assert average_precision([True, False, True]) == pytest.approx((1 + 2 / 3) / 2) and average_precision([False]) == 0.0
    assert calibration_error([0.8, 0.8], [True, True]) == pytest.approx(0.2) and calibration_error([], []) is None


def test_sets_have_names_of_their_own_and_some_are_measured() -> None:
    assert len({one.name for one in SETS}) == len(SETS) and sum(one.measured for one in SETS) == 3
