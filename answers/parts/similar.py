"""Similar pictures: the results themselves, in the order of the search."""

from collections.abc import Iterable, Mapping
from typing import ClassVar

from answers.part import Found, Part, item_of
from query.answer import AnswerPart, Goal


class Similar(Part):
    """All results. The page shows them as its grid, below the other parts."""

    name: ClassVar[str] = "similar"
    title: ClassVar[str] = "Similar"
    goals: ClassVar[Mapping[Goal, float]] = {
        "similar": 1.0,
        "shop": 0.4,
        "pattern": 0.4,
        "identify": 0.3,
        "place": 0.3,
        "person": 0.3,
    }

    def make(self, found: Found) -> AnswerPart | None:
        """The first results."""
        reason = "Everything that is known of the picture puts them in order: what they show, text, colours, copies."
        return self.part(reason, [item_of(result) for result in found.answer.results])

    def order(self, found: Found) -> Iterable[str]:
        """All results of the page."""
        return [result.id for result in found.answer.results]
