"""How good guesses of goals are: macro-F1, of every goal and of all of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from answers.intent.goals import GOALS
from evaluation.intent.asking import Row
from query.answer import Goal

Guess = Callable[[Row], Goal]


@dataclass(frozen=True, slots=True)
class Score:
    """Precision, recall and F1 of one goal; `questions` is how many have it as the right one."""

    questions: int
    precision: float
    recall: float
    f1: float


def known_goal(row: Row, guessed: Goal) -> Goal:
    """The right goal of a question: the guessed one where it is among several right ones, else the usual one."""
    return guessed if guessed in row.goals else row.goals[0]


def scores(rows: Sequence[Row], guess: Guess) -> dict[Goal, Score]:
    """Each goal's score, of those that some question has or somebody guessed."""
    pairs = [(known_goal(row, guessed), guessed) for row in rows for guessed in [guess(row)]]
    found: dict[Goal, Score] = {}
    for goal in GOALS:
        right = sum(known == guessed == goal for known, guessed in pairs)
        named, there = sum(guessed == goal for _, guessed in pairs), sum(known == goal for known, _ in pairs)
        if there:
            precision, recall = right / named if named else 0.0, right / there
            f1 = 2 * precision * recall / (precision + recall) if right else 0.0
            found[goal] = Score(there, round(precision, 3), round(recall, 3), round(f1, 3))
    return found


def macro_f1(rows: Sequence[Row], guess: Guess) -> float:
    """The mean F1 of all goals that questions have."""
    found = scores(rows, guess)
    return sum(score.f1 for score in found.values()) / len(found) if found else 0.0
