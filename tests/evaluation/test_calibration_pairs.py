"""Related and unrelated pairs of an installation, and the thresholds that follow."""

from collections.abc import Mapping

import numpy as np
import pytest

from engine.errors import ConfigurationError
from evaluation import pairs_of_installation as pairs
from evaluation.calibration import Measurement, PairQuestion, calibrate, choose
from query.request import SearchRequest
from tests.factors.scenes import FACTORS

PICTURE, WORDS = SearchRequest(like="asked"), SearchRequest(text="red ball")
OTHERS = frozenset(f"other{number}" for number in range(60))


def sampled(name: str, *groups: str, phash: int | None = None, words: tuple[str, ...] = ()) -> pairs.Sampled:
    return pairs.Sampled(name, frozenset(groups), {"linked words": words}, phash)


SAMPLE = [
    sampled("ball", "sku=1", "category=toys", phash=0b1111, words=("ball",)),
    sampled("ball, again", "sku=1", "category=toys"),
    sampled("kite", "category=toys"),
    sampled("copy of the ball", "category=misfiled", phash=0b1110),
    sampled("boot", "category=shoes", phash=(1 << 63) - 1),
    sampled("foot", "category=shoes", words=("foot", "ball")),
    sampled("lamp", "category=light"),
    sampled("lamp, again", "category=light"),
]


def test_the_smallest_group_is_related() -> None:
    pairing = pairs.Pairing(SAMPLE, 6, 1)
    assert pairing.smallest_group(SAMPLE[0]) == ("sku", frozenset({"ball, again"}))
    assert pairing.smallest_group(SAMPLE[3]) == ("", frozenset()), "alone in its category"


def test_unrelated_documents_share_no_group_no_hash_and_no_word() -> None:
    pairing = pairs.Pairing(SAMPLE, 6, 1)
    assert pairing.unrelated([SAMPLE[0]]) == {"boot", "foot", "lamp", "lamp, again"}
    assert pairing.unrelated([SAMPLE[0]], ["ball"]) == {"boot", "lamp", "lamp, again"}
    assert pairing.unrelated([SAMPLE[0]], (), frozenset({"lamp"})) == {"boot", "foot", "lamp, again"}


def test_a_group_of_most_documents_is_ignored() -> None:
    everyone = [sampled(f"d{number}", "category=all") for number in range(5)]
    assert pairs.Pairing(everyone, 6, 1).unrelated([everyone[0]]) == {"d1", "d2", "d3", "d4"}


def add(found: Measurement, relation: str, feature: str, value: float, number: int) -> None:
    """Add questions whose related document has about a value; 60 others have up to 0.4."""
    random = np.random.default_rng(number)
    for _ in range(number):
        table: dict[str, Mapping[str, float]] = {name: {feature: random.uniform(0, 0.4)} for name in OTHERS}
        table["own"] = {feature: value + random.uniform(0, 0.1)}
        found.add(PairQuestion(relation, PICTURE, frozenset({"own"}), OTHERS, same_thing=relation == "copy"), table)


def test_declarations_decide_which_features_a_question_calibrates() -> None:
    found = Measurement(FACTORS)
    values = {"similar": 0.9, "linked_text": 7.0, "local.inliers": 0.8, "objects.words": 3.0, "ocr.picture": 4.0}
    table = {"own": values, "other": {name: value / 3 for name, value in values.items()}}
    for request in (PICTURE, WORDS):
        found.add(PairQuestion("r", request, frozenset({"own"}), frozenset({"other"})), table)
    assert set(found.pairs) == {"similar", "ocr.picture", "linked_text"}, "any match of the others is evidence"
    assert found.pairs["linked_text"]["r"].related == [1.0], "a share of the question's best"
    assert found.pairs["similar"]["r"].related == [0.9]


def test_a_feature_is_calibrated_on_the_relations_that_it_holds() -> None:
    found = Measurement(FACTORS)
    add(found, "copy", "near_duplicate", 0.8, 40)
    add(found, "same product", "near_duplicate", 0.0, 200)
    made = calibrate(found, {"phash": "dct@1"}, 61, "made up")
    threshold = made.cutoff.columns["near_duplicate"]
    assert threshold.rule == "at-least" and 0.4 <= threshold.value <= 0.81 and threshold.pairs == 40
    assert threshold.kept == 1.0 and threshold.weights == {"phash": "dct@1"}
    assert made.card.pairs == {"copy": 40, "same product": 200} and made.card.questions == 240


def test_a_feature_that_separates_nothing_is_no_evidence() -> None:
    found = Measurement(FACTORS)
    add(found, "copy", "similar", 0.1, 40)
    made = calibrate(found, {}, 61, "made up")
    assert made.cutoff.columns["similar"].rule == "never"
    assert made.landmarks.columns["similar"].passed <= 0.01 and made.landmarks.columns["similar"].value > 0.39


def test_the_best_of_values_that_every_document_has_is_no_evidence() -> None:
    found = Measurement(FACTORS)
    add(found, "copy", "local", 0.8, 40)
    assert calibrate(found, {}, 61, "made up").cutoff.columns["local"].rule == "never"
    rare = Measurement(FACTORS)
    for _ in range(40):
        rare.add(PairQuestion("copy", PICTURE, frozenset({"own"}), OTHERS), {"own": {"local": 0.8}, "other": {"local": 0.1}})
    assert calibrate(rare, {}, 61, "made up").cutoff.columns["local"].rule == "of-best"


def test_relations_count_alike_however_many_pairs_they_have() -> None:
    few, many = np.full(10, 0.9), np.full(1000, 0.6)
    assert choose([few, many], np.full(100, 0.5), 0.02)[:2] == (0.6, 1.0)
    assert choose([few, np.full(1000, 0.4)], np.full(100, 0.5), 0.02)[:2] == (0.9, 0.5)


def test_nothing_to_calibrate_on_is_an_error_with_a_remedy() -> None:
    with pytest.raises(ConfigurationError, match="index more documents"):
        calibrate(Measurement(FACTORS), {}, 0, "")
