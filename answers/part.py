"""Parts of the answer to a picture question: one file of `answers/parts/`, one part.

A part declares its title, the goals that it answers, and how it is made from the first results; page, API and command line show
whatever parts there are, in the order of the goal. Parts that take longer declare `waits`: they are made after the first
results are shown. Further parts are files of OMMA_PLUGIN_PATH, or entry points of the group `omma.answer_parts`.
"""

import logging
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import ClassVar

from answers.intent.goals import GOALS
from answers.neighbours import Neighbour, neighbours_of
from engine.connections import Context
from engine.plugins import Broken, discover, made_by_name
from engine.settings import Settings
from query.answer import Answer, AnswerPart, Goal, Intent, PartItem, Result
from query.pipeline import Values
from query.search import Searcher

logger = logging.getLogger(__name__)
HERE, GROUP = Path(__file__).parent / "parts", "omma.answer_parts"
MAX_ITEMS = 12  # of a part
NEAREST = 3  # results, of which one must be in a part that picks some of them, or the part is no answer to lead with


@dataclass(frozen=True)
class Found:
    """A picture question with its first results: what parts are made from.

    `languages`: those of the reader, the preferred first (`en`).
    """

    context: Context
    searcher: Searcher
    answer: Answer
    values: Values
    intent: Intent
    languages: tuple[str, ...] = ("en",)

    @cached_property
    def neighbours(self) -> list[Neighbour]:
        """The groups of results with their documents; one request to the engine, when first asked for."""
        return neighbours_of(self.values)

    @property
    def results(self) -> Iterator[Result]:
        """The results of the page, each followed by its near-duplicates."""
        return (one for result in self.answer.results for one in (result, *result.duplicates))


class Part(ABC):
    """One part of the answer.

    `goals`: how well it answers each goal, 0..1, which puts the parts in order. `awaits` says what is awaited, of a part that
    `waits` until the first results are shown.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    goals: ClassVar[Mapping[Goal, float]]
    waits: ClassVar[bool] = False
    awaits: ClassVar[str] = ""

    @abstractmethod
    def make(self, found: Found) -> AnswerPart | None:
        """The part; None where there is nothing to show."""

    def order(self, found: Found) -> Iterable[str]:
        """Ids of the results that it leads to, the best first; none where it is uncertain. This is what is measured of it."""
        made = self.make(found)
        return (item.document for item in made.items if item.document) if made and not made.perhaps else ()

    def part(self, reason: str, items: Sequence[PartItem], *, perhaps: bool = False) -> AnswerPart | None:
        """A part with these items; None without any."""
        if not items:
            return None
        return AnswerPart(name=self.name, title=self.title, reason=reason, perhaps=perhaps, items=list(items)[:MAX_ITEMS])


def parts_of(settings: Settings) -> dict[str, Part]:
    """Every part that could be loaded, by name."""
    return _registered(tuple(settings.plugin_path))[0]


def broken_parts(settings: Settings) -> tuple[Broken, ...]:
    """The parts that were left out, with the reasons."""
    return _registered(tuple(settings.plugin_path))[1]


@lru_cache(maxsize=8)
def _registered(folders: tuple[Path, ...]) -> tuple[dict[str, Part], tuple[Broken, ...]]:
    return made_by_name(discover(Part, GROUP, HERE, folders))  # type: ignore[type-abstract]


def in_order(parts: Iterable[Part], intent: Intent) -> list[Part]:
    """The parts that answer the goal best first: by their worth for each goal, weighted by its probability.

    A goal that the user chose counts as certain.
    """
    likely = {goal: float(goal == intent.goal) for goal in GOALS} if intent.by == "chosen" else intent.probabilities
    # What is meant leads, also where several unlikely goals together would lead elsewhere.
    worth = {
        part.name: part.goals.get(intent.goal, 0.0) + sum(part.goals.get(g, 0.0) * p for g, p in likely.items())
        for part in parts
    }
    return sorted(parts, key=lambda part: (-worth[part.name], part.name))


def surest_first(parts: Iterable[AnswerPart]) -> list[AnswerPart]:
    """In the same order, but behind the others what is there already and uncertain: it must not lead."""
    return sorted(parts, key=lambda part: part.perhaps)


def tried(part: Part, found: Found) -> AnswerPart | None:
    """The part; None, and a line in the log, where making it fails: it must not take the answer with it."""
    try:
        return part.make(found)
    except Exception as error:
        logger.warning("part %s of an answer failed", part.name, exc_info=True)
        return AnswerPart(name=part.name, title=part.title, reason=f"This part failed: {type(error).__name__}.", failed=True)


def item_of(result: Result, note: str = "") -> PartItem:
    """A result as an item."""
    page = next((source.page for source in result.sources if source.page.startswith(("http://", "https://"))), "")
    return PartItem(
        text=result.title or result.category, note=note, document=result.id, page=page, price=result.price,
        place=result.place, confidence=result.probability,
    )  # fmt: skip
