"""Curves add up to probabilities, belong to weights, and are fitted to questions with known answers."""

import numpy as np
import pytest

from factors.base import Feature
from ranking import calibrations
from ranking.candidate_set import Table
from ranking.evidence import Curve, Evidence, Evidences, comparable, kind_of
from ranking.learning.bounds import KnownAnswers, bounded_anew, upper_limit
from ranking.learning.evidence import fit
from ranking.thresholds import Thresholds
from tests.factors.scenes import FACTORS

FEATURES = {"similar": Feature("similar"), "words": Feature("words", scale="per-query"), "noise": Feature("noise")}
RNG = np.random.default_rng(5)


def question(number: int, answered: bool, kind: str = "picture") -> KnownAnswers:
    """Forty candidates; the right one is more similar and has more of the words."""
    table = {
        f"d{at}": {"similar": float(RNG.normal(0.4, 0.08)), "words": float(RNG.exponential(1)), "noise": float(RNG.uniform())}
        for at in range(40)
    }
    if answered:
        table["own"] = {"similar": float(RNG.normal(0.75, 0.08)), "words": 6.0, "noise": float(RNG.uniform())}
    right = frozenset({"own"} if answered else ())
    return KnownAnswers("words" if kind == "words" else "picture", f"set {number % 2}", table, right, frozenset(table) - right)


@pytest.fixture(scope="module")
def fitted() -> Evidence:
    questions = [question(number, answered=number % 3 > 0) for number in range(600)]
    return fit(questions, FEATURES, {"similar": {"embedding": "net@1"}}, "made up").kinds["picture"]


def test_a_value_is_looked_up_and_a_missing_one_adds_nothing() -> None:
    curve = Curve(limits=[0.2, 0.5], log_odds=[-1.0, 0.0, 2.0])
    assert [curve.of(value) for value in (0.1, 0.2, 0.49, 0.5, 9.0)] == [-1.0, 0.0, 0.0, 2.0, 2.0]
    evidence = Evidence(prior=0.0, curves={"similar": curve})
    assert evidence.probability({}) == 0.5 > evidence.probability({"similar": 0.1})


def test_values_of_one_question_become_shares_of_its_best() -> None:
    table: Table = {"a": {"words": 8.0, "similar": 0.5}, "b": {"words": 2.0}}
    assert comparable(table, FEATURES) == {"a": {"words": 1.0, "similar": 0.5}, "b": {"words": 0.25}}


def test_words_make_the_kind_of_a_question() -> None:
    assert [kind_of(intent) for intent in ("picture", "part", "words", "picture and words")] == [
        "picture",
        "picture",
        "words",
        "words",
    ]


def test_curves_never_fall_and_what_separates_proves_most(fitted: Evidence) -> None:
    for curve in fitted.curves.values():
        assert list(curve.log_odds) == sorted(curve.log_odds) and len(curve.log_odds) == len(curve.limits) + 1
    spread = {name: curve.log_odds[-1] - curve.log_odds[0] for name, curve in fitted.curves.items()}
    assert spread["similar"] > spread["words"] > spread.get("noise", 0.0)
    assert fitted.weights["similar"] == {"embedding": "net@1"}


def test_questions_without_an_answer_stay_empty_and_those_with_one_keep_it(fitted: Evidence) -> None:
    asked = [question(number, answered=bool(number % 2)) for number in range(200)]
    lost = shown = 0
    for one in asked:
        likely = {d: fitted.probability(row) for d, row in comparable(one.table, FEATURES).items()}
        if one.right:
            lost += likely["own"] < fitted.shown
        else:
            shown += max(likely.values()) >= fitted.shown
    assert lost <= 6 and shown <= 10
    assert fitted.lost <= 0.02 and fitted.risk <= 0.1 and fitted.sure >= fitted.shown
    assert fitted.questions == 300 and fitted.unanswered == 200, "at most 150 of each set"


def test_what_is_no_evidence_elsewhere_has_no_curve() -> None:
    features = FEATURES | {"similar": Feature("similar", is_evidence=False)}
    asked = [question(number, answered=number % 3 > 0) for number in range(300)]
    assert "similar" not in fit(asked, features, {}, "made up").features()


def test_each_kind_of_question_is_fitted_by_itself() -> None:
    found = fit([question(n, answered=n % 2 > 0, kind="words") for n in range(100)], FEATURES, {}, "made up")
    assert set(found.kinds) == {"words"} and found.of("picture and words") and found.of("picture") is None
    assert fit([], FEATURES, {}, "nothing").kinds == {}


@pytest.mark.parametrize(
    ("failures", "trials", "limit"), [(0, 1, 0.9), (0, 100, 0.0228), (5, 100, 0.0908), (3, 3, 1.0), (0, 0, 1.0)]
)
def test_limits_are_those_of_the_binomial_distribution(failures: int, trials: int, limit: float) -> None:
    assert upper_limit(failures, trials) == pytest.approx(limit, abs=5e-4)


def test_curves_of_other_weights_are_dropped_and_named() -> None:
    flat = Curve(limits=[], log_odds=[0.0])
    evidence = Evidence(
        prior=0.0, curves={"similar": flat, "objects": flat, "words": flat},
        weights={"similar": {"embedding": "net@1"}, "objects": {"objects": "finder@1", "embedding": "net@1"}},
    )  # fmt: skip
    made = Evidences(rule="r", data="d", kinds={"picture": evidence})
    assert made.usable({"embedding": "net@1", "objects": "finder@1"}) == (made, set())
    usable, stale = made.usable({"embedding": "net@2", "objects": "finder@1"})
    assert stale == {"objects", "similar"} and usable.features() == {"words"}
    assert made.usable({})[1] == set(), "an extractor that the index does not know makes nothing stale"
    vital = Evidences(rule="r", data="d", kinds={"picture": evidence.model_copy(update={"essential": ["similar"]})})
    assert vital.usable({"embedding": "net@2"})[0].kinds == {}, "without an essential feature nothing can be said"


def test_what_proves_most_and_is_always_there_is_essential(fitted: Evidence) -> None:
    assert "similar" in fitted.essential and "noise" not in fitted.essential
    assert fitted.judges({"similar", "words"}) and not fitted.judges({"words", "noise"})
    asked = [question(number, answered=number % 3 > 0) for number in range(300)]
    assert fit(asked, FEATURES, {}, "made up").kinds["picture"].essential == [], "no extractor can be missing"


def test_bounds_are_chosen_anew_for_other_questions(fitted: Evidence) -> None:
    asked = [question(number, answered=bool(number % 2), kind="words") for number in range(300)]
    low = fitted.model_copy(update={"shown": 0.001})
    risen = bounded_anew("words", low, asked, FEATURES, rises=True)
    assert risen.shown > 0.01 and risen.lost <= 0.02 and risen.curves == fitted.curves
    assert bounded_anew("words", low, asked, FEATURES, rises=False) == low
    assert bounded_anew("words", low, asked[1::2], FEATURES, rises=True) == low, "all have answers"
    assert bounded_anew("words", low, asked[:40], FEATURES, rises=True) == low, "too few to say that none is lost"
    high = fitted.model_copy(update={"shown": 0.99, "sure": 0.995})
    fallen = bounded_anew("words", high, asked, FEATURES, rises=False)
    assert fallen.shown < 0.99 and fallen.questions == 150
    assert bounded_anew("words", fallen, asked, FEATURES, rises=False) == fallen, "it loses no more than it may"


@pytest.mark.parametrize(("above", "falls"), [(12, False), (3, True)])
def test_a_right_document_that_is_not_among_the_first_does_not_lower_the_bound(
    fitted: Evidence, above: int, falls: bool
) -> None:
    better = {f"d{at}": {"similar": 0.9, "words": 6.0} for at in range(above)}
    table = better | {"own": {"similar": 0.1}}
    asked = [KnownAnswers("picture", "set", table, frozenset({"own"}), frozenset(better)) for _ in range(100)]
    asked += [question(number, answered=False) for number in range(100)]
    bounded = bounded_anew("picture", fitted.model_copy(update={"shown": 0.9}), asked, FEATURES, rises=False)
    assert (bounded.shown < 0.9) is falls


def test_those_that_are_shipped_are_of_features_that_there_are() -> None:
    shipped = Evidences.model_validate_json(calibrations.PACKAGED_EVIDENCE.read_text())
    assert shipped.rule and shipped.data and set(shipped.kinds) == {"picture", "words"}
    assert shipped.features() <= set(FACTORS.every_feature_name)
    assert all(0 < one.shown <= one.sure <= 1 and one.questions for one in shipped.kinds.values())
    landmarks = Thresholds.model_validate_json(calibrations.PACKAGED_LANDMARKS.read_text())
    assert landmarks.rule and set(landmarks.columns) <= set(FACTORS.every_feature_name)
    assert all(one.pairs > 0 and 0 <= one.passed <= 1 for one in landmarks.columns.values())
