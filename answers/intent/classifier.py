"""The classifier of goals: multinomial logistic regression on the standardised features of a question.

`classifier-packaged.json` holds its weights and its card; `omma train intent` writes it. A linear model of a few hundred
questions is small enough to be read, and every guess is explained by the features that speak most for it.
"""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from answers.intent.features import Features
from answers.intent.goals import GOALS, made, weighed
from answers.intent.rules import WORDS, guessed
from query.answer import Goal, Intent
from ranking.thresholds import differing

PACKAGED = Path(__file__).with_name("classifier-packaged.json")
MAX_SPREAD = 4.0  # standard deviations beyond which a feature counts no more: nothing alike was learned from
NAMED = 2  # features that the reason names
Array = NDArray[np.float64]
# What a feature says of the picture; features without an entry are not named in a reason.
SAYS: Mapping[str, str] = {
    "object.person": "a person fills much of it",
    "objects.people": "there are people in it",
    "object.animal": "there is an animal in it",
    "object.vehicle": "there is a vehicle in it",
    "object.food": "there is food in it",
    "object.container": "there is a container in it",
    "object.furniture": "there is furniture in it",
    "object.worn": "there is something worn in it",
    "object.screen": "there is a screen in it",
    "label.page": "it looks like a page",
    "label.cover": "it looks like a cover or a package",
    "label.package": "it looks like a package",
    "label.face": "it looks like a portrait",
    "label.sight": "it looks like a sight",
    "label.building": "it looks like a building",
    "label.surface": "it looks like a surface or a fabric",
    "label.clothing": "it looks like a garment",
    "label.animal": "it looks like an animal",
    "label.food": "it looks like food",
    "label.vehicle": "it looks like a vehicle",
    "label.nature": "it looks like a landscape",
    "text.lines": "it has many lines of text",
    "text.words": "it has many words",
    "text.share": "text covers much of it",
    "text.digits": "its text has many digits",
    "text.height": "it has large letters",
    "colours.white": "it is on white",
    "colours.first": "one colour covers much of it",
    "found.copy": "the same picture is in the collection",
    "found.points": "its points match a picture of the collection",
    "found.offers": "the results are offers",
    "part": "you chose a part of it",
    "label.sure": "the classifier is sure what it is",
    "objects.largest": "one thing fills much of it",
}


class IntentCard(BaseModel):
    """How the classifier was made."""

    model_config = ConfigDict(frozen=True)

    made: str = Field(description="Date")
    questions: int
    collections: list[str] = Field(description="Those that it was fitted on")
    weights: dict[str, str] = Field(description="Extractor -> fingerprint of the weights that its features come from")
    regularisation: float
    cross_validated: float = Field(description="Macro-F1 where each collection is left out of the fit in turn")


class IntentClassifier(BaseModel):
    """Weights [goals, features] over standardised features, in the order of GOALS and of `features`."""

    model_config = ConfigDict(frozen=True)

    card: IntentCard
    features: list[str]
    means: list[float]
    spreads: list[float]
    bias: list[float]
    weights: list[list[float]]

    def probabilities(self, found: Features) -> dict[Goal, float]:
        """Of every goal; they add up to 1."""
        logits = np.asarray(self.weights) @ self._standard(found) + np.asarray(self.bias)
        powers = np.exp(logits - logits.max())
        return dict(zip(GOALS, (powers / powers.sum()).tolist(), strict=True))

    def reason(self, found: Features, goal: Goal) -> str:
        """The features that speak most for a goal, beside the other goals."""
        if found.get(f"words.{goal}"):
            return WORDS[goal]
        table = np.asarray(self.weights)
        parts = (table[GOALS.index(goal)] - table.mean(axis=0)) * self._standard(found)
        told = [
            (part, SAYS[name])
            for name, part in zip(self.features, parts, strict=True)
            if name in SAYS and found.get(name, 0.0) > 0
        ]
        best = [says for part, says in sorted(told, reverse=True)[:NAMED] if part > 0]
        text = " and ".join(best) or "nothing in the picture says more"
        return f"{text[0].upper()}{text[1:]}."

    def _standard(self, found: Features) -> Array:
        """Features [n] as standard deviations from their means; 0 for one that the question lacks."""
        known = with_rules(found)
        values = np.array([known.get(name, 0.0) for name in self.features])
        standard: Array = np.clip((values - np.asarray(self.means)) / np.asarray(self.spreads), -MAX_SPREAD, MAX_SPREAD)
        return standard


def with_rules(found: Features) -> Features:
    """The features, and the goal that rules guess: they know kinds of pictures that the classifier was not fitted on."""
    return found | {f"rule.{guessed(found).goal}": 1.0}


@lru_cache(maxsize=2)
def packaged(path: Path = PACKAGED) -> IntentClassifier | None:
    """The classifier that Omma comes with; None where there is none, or it cannot be read."""
    try:
        return IntentClassifier.model_validate_json(path.read_text())
    except (OSError, ValueError):
        return None


def guess(found: Features, weights: Mapping[str, str], last: Goal | None = None) -> Intent:
    """The goal of a question; `weights` are the fingerprints of the extractors, `last` the goal chosen last in the session."""
    classifier, named = packaged(), [goal for goal in GOALS if found.get(f"words.{goal}")]
    if classifier is None or differing(classifier.card.weights, weights):
        ruled = guessed(found)
        return made(weighed(ruled.probabilities, named, last), ruled.reason, "rules")
    probabilities = weighed(classifier.probabilities(found), named, last)
    goal = max(GOALS, key=lambda one: probabilities[one])
    return made(probabilities, classifier.reason(found, goal), "classifier")


def dumped(classifier: IntentClassifier) -> str:
    """The file's text: numbers rounded, one goal to a line."""
    values: dict[str, Any] = classifier.model_dump(mode="json")
    return IntentClassifier.model_validate(_rounded(values)).model_dump_json(indent=1) + "\n"


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 4)
    if isinstance(value, list):
        return [_rounded(one) for one in value]
    return {name: _rounded(one) for name, one in value.items()} if isinstance(value, dict) else value
