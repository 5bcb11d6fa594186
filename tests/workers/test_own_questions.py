"""Related and unrelated pairs of an installation, and the calibration that follows."""

import numpy as np
import pytest

from engine.errors import ConfigurationError
from evaluation.calibration import known_answers, of_logs
from evaluation.candidate_log import Asked
from query.request import SearchRequest
from ranking.candidate_set import CandidateSet, FusionConfig, QueryFeatures
from ranking.evidence import Curve, Evidence, Evidences
from ranking.learning.examples import Part
from tests.factors.scenes import FACTORS
from workers.learning import own_questions as pairs
from workers.learning.calibration import Measurement, calibrate
from workers.learning.own_questions import OwnQuestion

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
        table = {name: {feature: random.uniform(0, 0.4)} for name in OTHERS}
        table["own"] = {feature: value + random.uniform(0, 0.1)}
        candidates = CandidateSet(table=table, query_features=QueryFeatures(intent="picture"))
        found.add(OwnQuestion(relation, PICTURE, frozenset({"own"}), OTHERS, same_thing=relation == "copy"), candidates)


def test_what_separates_related_from_unrelated_documents_is_evidence() -> None:
    found = Measurement(FACTORS)
    add(found, "same product", "similar", 0.8, 60)
    made = calibrate(found, {"embedding": "net@1"}, 61, "made up")
    evidence = made.evidence.kinds["picture"]
    assert evidence.probability({"similar": 0.85}) > evidence.shown > evidence.probability({"similar": 0.35})
    assert evidence.weights["similar"] == {"embedding": "net@1"} and evidence.unanswered == 60
    assert made.card.pairs == {"same product": 60} and made.card.questions == 60


def test_what_separates_nothing_proves_nothing() -> None:
    found = Measurement(FACTORS)
    add(found, "same product", "similar", 0.15, 60)
    made = calibrate(found, {}, 61, "made up").evidence.kinds["picture"]
    assert abs(made.probability({"similar": 0.35}) - made.probability({"similar": 0.05})) < 0.2


def test_copies_alone_give_thresholds_of_landmarks_and_bounds_of_known_curves_but_no_curves() -> None:
    found = Measurement(FACTORS)
    add(found, "copy", "similar", 0.8, 60)
    made = calibrate(found, {"embedding": "net@1"}, 61, "made up")
    assert 0.39 < made.landmarks.columns["similar"].value < 0.5 and made.landmarks.columns["similar"].kept == 1.0
    assert made.evidence.kinds == {}, "what is alike in other ways would look unrelated"
    curve = Curve(limits=[0.1, 0.5], log_odds=[0.0, 1.0, 4.0])
    known = Evidence(prior=-2.0, curves={"similar": curve}, weights={"similar": {"embedding": "net@1"}}, shown=0.99, sure=0.99)
    seed = Evidences(rule="r", data="d", kinds={"picture": known})
    kept = calibrate(found, {"embedding": "net@1"}, 61, "made up", seed).evidence.kinds["picture"]
    assert kept.curves == known.curves and kept.shown < 0.9
    assert calibrate(found, {"embedding": "net@2"}, 61, "made up", seed).evidence.kinds == {}, "made for other weights"


def test_questions_of_a_log_are_learned_from_unless_they_are_held_out() -> None:
    asked = [log_entry(number, "train") for number in range(60)]
    found = of_logs([*asked, *(log_entry(number, "test") for number in range(60, 80))], FACTORS, "a log")
    assert found.evidence.kinds["picture"].questions == 60 and found.card.questions == 60
    incomplete = asked[0].model_copy(update={"complete": False, "grades": {"own": 4, "other1": 0}})
    assert known_answers(incomplete).wrong == {"other1"}, "what was not judged may be right"


def log_entry(number: int, part: Part) -> Asked:
    random = np.random.default_rng(number)
    table = {name: {"similar": random.uniform(0, 0.4)} for name in OTHERS} | {"own": {"similar": random.uniform(0.7, 0.9)}}
    return Asked(
        set="made up", topic=str(number), family=str(number), part=part, grades={"own": 4},
        wide=CandidateSet(
            table=table, query_features=QueryFeatures(intent="picture"), fusion_config=FusionConfig(weights={"similar": 1.0})
        ),
        proposals={"similar": list(range(len(table)))}, kept=[], limit=100, took={},
    )  # fmt: skip


def test_nothing_to_calibrate_on_is_an_error_with_a_remedy() -> None:
    with pytest.raises(ConfigurationError, match="index more documents"):
        calibrate(Measurement(FACTORS), {}, 0, "")
