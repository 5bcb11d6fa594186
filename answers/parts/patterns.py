"""Pattern and style: results by colours and by the whole impression, whatever they show."""

from collections.abc import Mapping
from typing import ClassVar

from answers.part import Found, Part, item_of
from query.answer import AnswerPart, Goal, Result

MIN_PROBABILITY = 0.1  # of the goal, below which nobody wants the same results in another order


class Patterns(Part):
    """The results once more, ordered by `similar` and `colours` alone."""

    name: ClassVar[str] = "patterns"
    title: ClassVar[str] = "Pattern and style"
    goals: ClassVar[Mapping[Goal, float]] = {"pattern": 1.0}

    def make(self, found: Found) -> AnswerPart | None:
        """Results that have the features."""
        if found.intent.goal != "pattern" and found.intent.probabilities.get("pattern", 0.0) < MIN_PROBABILITY:
            return None
        alike = [result for result in found.answer.results if "similar" in result.factors]
        reason = "The results once more, by the impression of the whole and by colours alone, whatever they show."
        return self.part(reason, [item_of(result) for result in sorted(alike, key=_impression)])


def _impression(result: Result) -> float:
    return -(result.factors["similar"] + 0.25 * result.factors.get("colours", 0.0))
