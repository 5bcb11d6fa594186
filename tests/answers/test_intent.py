"""The goal of a question: what words and features make it, rules where the classifier does not fit, the choice of the user."""

import json
from pathlib import Path

import pytest

from answers.intent import classifier as intent_classifier
from answers.intent.classifier import IntentCard, IntentClassifier, dumped, guess, packaged
from answers.intent.features import features_of
from answers.intent.goals import GOALS, chosen, weighed
from answers.intent.rules import guessed
from answers.intent.words import GOAL_WORDS, goals_in
from factors.base import Question
from query.answer import AskedQuestion, FoundObject, Result
from query.question import Understood
from query.request import SearchRequest
from ranking.candidate_set import QueryFeatures
from ranking.fusion import ReciprocalRank
from vision.image_features import Box, ImageFeatures, Label, Line, Text, Word

WEIGHTS = {"labels": "a@1", "objects": "b@2"}


def understood(
    image: ImageFeatures | None = None, text: str = "", box: list[float] | None = None, people: int = 0
) -> Understood:
    objects = [FoundObject(label="person", confidence=0.9, box=[0.1, 0.1, 0.5, 0.8]) for _ in range(people)]
    return Understood(
        request=SearchRequest(image=b"x", text=text), shown=AskedQuestion(objects=objects, box=box),
        question=Question(image_features=image), columns={}, query_features=QueryFeatures(),
        fusion=ReciprocalRank(), evidences=None, landmark_thresholds=None, left_out=frozenset(),
    )  # fmt: skip


def page_of(lines: int) -> ImageFeatures:
    words = [Word("Total", 0.9, Box(0.1, 0.02 * n, 0.4, 0.015)) for n in range(lines)]
    return ImageFeatures("a" * 64, 600, 1400, text=Text(tuple(Line((word,)) for word in words)), labels=())


def result(**factors: float) -> Result:
    return Result(id="r", score=1.0, factors={name.replace("__", "."): value for name, value in factors.items()}, why=[])


@pytest.mark.parametrize(
    ("text", "goals"),
    [
        ("what is this", {"identify"}),
        ("How much does it cost?", {"shop"}),
        ("Wo ist das?", {"place"}),
        ("qui est cette personne", {"person"}),
        ("где это", {"place"}),
        ("red shoes price", {"shop"}),
        ("higher resolution", {"copy"}),
        ("übersetzen", {"read"}),
        ("red shoes", set()),
        ("pricey", {"shop"}),
        ("shopping for readers", set()),
        ("", set()),
    ],
)
def test_words_name_a_goal_in_several_languages(text: str, goals: set[str]) -> None:
    assert goals_in(text) == goals


def test_every_goal_has_words() -> None:
    assert set(GOAL_WORDS) == set(GOALS)


def test_features_tell_of_text_objects_parts_and_copies() -> None:
    found = features_of(understood(page_of(30)), [])
    assert found["text.lines"] > 3 and found["text.height"] == pytest.approx(0.015) and found["shape.tall"] > 0.8
    found = features_of(understood(people=2, box=[0.0, 0.0, 0.5, 1.0]), [result(near_duplicate=0.95, local__inliers=0.7)])
    assert found["object.person"] == pytest.approx(0.64) and found["part"] == 0.5
    assert (found["found.copy"], found["found.points"]) == (0.95, 0.7)


@pytest.mark.parametrize(
    ("question", "results", "goal"),
    [
        (understood(page_of(30)), [], "read"),
        (understood(people=1, box=[0.1, 0.1, 0.5, 0.8]), [], "person"),
        (understood(page_of(30), text="buy"), [], "shop"),
        (understood(), [result(near_duplicate=1.0)], "copy"),
        (understood(), [], "similar"),
    ],
)
def test_rules_say_what_they_rest_on(question: Understood, results: list[Result], goal: str) -> None:
    made = guessed(features_of(question, results))
    assert made.goal == goal and made.reason and made.by == "rules"
    assert sum(made.probabilities.values()) == pytest.approx(1.0, abs=0.01)


@pytest.fixture()
def classifier() -> IntentClassifier:
    """Text speaks for reading, copies for copies."""
    weights = [[2.0 * (goal == "read"), 3.0 * (goal == "copy")] for goal in GOALS]
    card = IntentCard(
        made="2026-01-01", questions=1, collections=["a"], weights=WEIGHTS, regularisation=1.0, cross_validated=0.5
    )  # fmt: skip
    return IntentClassifier(
        card=card, features=["text.lines", "found.copy"], means=[0.5, 0.1], spreads=[1.0, 0.3], bias=[0.0] * 8, weights=weights
    )


def test_a_guess_is_explained_and_rules_stand_in_for_other_weights(
    classifier: IntentClassifier, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "intent.json"
    path.write_text(dumped(classifier))
    assert packaged(path) == classifier
    monkeypatch.setattr(intent_classifier, "packaged", lambda: packaged(path))
    made = guess({"text.lines": 3.4}, WEIGHTS)
    assert (made.goal, made.by) == ("read", "classifier") and "lines of text" in made.reason
    assert guess({"text.lines": 3.4, "text.height": 0.01}, WEIGHTS | {"labels": "another@3"}).by == "rules"
    path.write_text("{broken")
    packaged.cache_clear()
    assert guess({"found.copy": 1.0}, WEIGHTS).by == "rules"


def test_the_goal_chosen_last_counts_a_little_and_a_choice_decides() -> None:
    even = dict.fromkeys(GOALS, 1 / 8)
    after = weighed(even, (), "shop")
    assert max(after, key=lambda goal: after[goal]) == "shop" and sum(after.values()) == pytest.approx(1.0)
    assert weighed(even, (), None) == pytest.approx(even)
    assert weighed(even, ["read"], "shop")["read"] > 0.8, "words count more than what was asked before"
    made = chosen("place", guessed({}))
    assert (made.goal, made.by, made.probability) == ("place", "chosen", 1.0)


def test_the_packaged_classifier_fits_the_packaged_weights() -> None:
    found = packaged()
    assert found is not None
    assert len(found.weights) == len(GOALS) and all(len(row) == len(found.features) for row in found.weights)
    assert set(found.card.weights) >= {"labels", "objects"}
    json.loads(dumped(found))


def test_nothing_known_of_a_picture_is_a_question_like_any_other() -> None:
    labelled = ImageFeatures("b" * 64, 10, 10, labels=(Label("n1", ("web site",), (), 0.9),))
    assert features_of(understood(labelled), [])["label.page"] == 0.9
    assert guess(features_of(understood(), []), {}).goal in GOALS
