"""The user's goal: what a picture question is asked for, which decides what the answer leads with.

A classifier that is fitted by `omma train intent` guesses it from the question (features.py); where it does not fit the weights
that are in use, rules do. The goal never filters results and never changes their order.
"""

import math
from collections.abc import Collection, Mapping
from typing import Literal, get_args

from query.answer import Goal, Intent

GOALS: tuple[Goal, ...] = get_args(Goal)
# Goal -> its name on a button, and what it stands for.
TITLES: Mapping[Goal, tuple[str, str]] = {
    "identify": ("What is it?", "what the picture shows"),
    "similar": ("Similar", "pictures that are like it"),
    "shop": ("Buy it", "offers of the same or a similar product"),
    "read": ("Read it", "the text in the picture"),
    "copy": ("This very picture", "other copies of the same picture"),
    "person": ("Who is it?", "the people in the picture"),
    "place": ("Where is it?", "the place in the picture"),
    "pattern": ("Pattern and style", "the same colours, pattern or style"),
}
WORDS_LOG_ODDS = 4.0  # that words which name a goal add to it: they decide, unless the picture is all against it
SESSION_LOG_ODDS = 0.7  # that the goal chosen last in this session adds: it is twice as likely as it was


def made(probabilities: Mapping[Goal, float], reason: str, by: Literal["classifier", "rules"]) -> Intent:
    """The most likely goal, with all of them in order."""
    order = sorted(probabilities.items(), key=lambda pair: (-pair[1], GOALS.index(pair[0])))
    goal, best = order[0]
    return Intent(
        goal=goal, probability=round(best, 3), by=by, reason=reason, probabilities={g: round(p, 3) for g, p in order}
    )  # fmt: skip


def chosen(goal: Goal, guess: Intent) -> Intent:
    """The goal that the user chose; the guess stays in its probabilities."""
    return guess.model_copy(update={"goal": goal, "probability": 1.0, "by": "chosen", "reason": "You chose it."})


def weighed(probabilities: Mapping[Goal, float], named: Collection[Goal], last: Goal | None) -> dict[Goal, float]:
    """The probabilities once the goals that the words name count, and the one that was chosen last in the session."""
    odds = {
        goal: p * math.exp(WORDS_LOG_ODDS * (goal in named) + SESSION_LOG_ODDS * (goal == last))
        for goal, p in probabilities.items()
    }
    total = sum(odds.values())
    return {goal: value / total for goal, value in odds.items()}
