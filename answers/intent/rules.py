"""Rules that guess the goal of a question where the classifier does not fit the weights in use; each says why.

They read features that have the same meaning for any model of a kind (shares of objects, lines of text, words), and thresholds
are round numbers: they are made by hand, and measured beside the classifier in docs/measurements/intent.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from answers.intent.features import Features
from answers.intent.goals import GOALS, made
from query.answer import Goal, Intent

SURE = 0.7  # probability of the goal that a rule names; the others share the rest


@dataclass(frozen=True, slots=True)
class Rule:
    """A goal, the least values of features by which it is meant, the greatest ones, and the reason as the page shows it."""

    goal: Goal
    reason: str
    least: Mapping[str, float]
    most: Mapping[str, float] = field(default_factory=dict)

    def holds(self, found: Features) -> bool:
        """Whether the question is within all of them."""
        return all(found.get(name, 0.0) >= value for name, value in self.least.items()) and all(
            found.get(name, 0.0) <= value for name, value in self.most.items()
        )


# Goal -> the reason where words name it; of several, the first counts.
WORDS: Mapping[Goal, str] = {
    "shop": "Your words ask for a price or an offer.",
    "read": "Your words ask for its text.",
    "copy": "Your words ask for this very picture.",
    "person": "Your words ask who it is.",
    "place": "Your words ask where it is.",
    "pattern": "Your words ask for a pattern or a style.",
    "similar": "Your words ask for similar pictures.",
    "identify": "Your words ask what it is.",
}
# The first rule that holds decides.
RULES: tuple[Rule, ...] = (
    *(Rule(goal, reason, {f"words.{goal}": 1.0}) for goal, reason in WORDS.items()),
    Rule("copy", "The same picture is in the collection.", {"found.copy": 0.9}),
    Rule("read", "It has many lines of small text.", {"text.lines": 2.4}, {"text.height": 0.04}),
    Rule("person", "A person fills much of it.", {"object.person": 0.5}),
    Rule("place", "It shows a building.", {"label.building": 0.4}, {"object.furniture": 0.1}),
    Rule("pattern", "It shows a surface or a fabric.", {"label.surface": 0.4}),
    Rule("shop", "Most of the results are offers.", {"found.offers": 0.5}),
    Rule("similar", "It shows a garment.", {"label.clothing": 0.4}),
    Rule("identify", "One thing fills much of it.", {"objects.largest": 0.3}),
    Rule("identify", "The classifier is sure what it is.", {"label.sure": 0.4}),
)
NOTHING_HOLDS = "Nothing in the picture says more."


def guessed(found: Features) -> Intent:
    """The goal of the first rule that holds; similar pictures where none does."""
    rule = next((rule for rule in RULES if rule.holds(found)), None)
    goal: Goal = rule.goal if rule else "similar"
    rest = (1 - SURE) / (len(GOALS) - 1)
    return made({other: SURE if other == goal else rest for other in GOALS}, rule.reason if rule else NOTHING_HOLDS, "rules")
