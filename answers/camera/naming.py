"""Names of what a camera sees: from a search with a crop, steadied by votes."""

from collections import deque
from dataclasses import dataclass

from engine.connections import Context
from query.answer import Answer
from query.search import Searcher
from vision.feature_extractor import get_feature_extractor

UNUSED = ("objects", "text")  # extractors
VOTES, AGREEING = 3, 2  # a name is replaced once two of the last three votes agree on another
# Probability that the best result answers the question, from which it is the very thing. The bound of a certain result is
# lower: it may be similar only. In eight films of the demo corpus, things that are in no collection reached 0.71, and nine of
# ten things that are in it exceeded 0.8 (evaluation/camera; the seed of these films was 11).
CERTAIN = 0.8


@dataclass(frozen=True, slots=True)
class Name:
    """What something is called, how likely that is right (None: not calibrated), and the document that says so."""

    text: str
    confidence: float | None = None
    document: str = ""

    @property
    def is_certain(self) -> bool:
        """Whether it may be shown without a "perhaps"."""
        return self.confidence is not None and self.confidence >= CERTAIN


def naming_searcher(context: Context) -> Searcher:
    """A searcher that takes a third less time: what else is in a crop, and its text, are not looked for."""
    settings = context.settings
    off = tuple(dict.fromkeys((*settings.extractors_off, *UNUSED)))
    less = context.with_settings(settings.model_copy(update={"extractors_off": off}))
    return Searcher(less, lambda: get_feature_extractor(settings))  # which has the models already


def name_of(answer: Answer) -> Name | None:
    """The name that a search with a crop gives: a landmark's, or the title of the best result."""
    if answer.landmarks:
        best = answer.landmarks[0]
        return Name(best.name, best.sure, best.result)
    top = answer.results[0] if answer.results else None
    text = (top.title or top.category) if top else ""
    return Name(text, top.probability, top.id) if top and text else None


class Votes:
    """The name of one object: it becomes another one when two of the last three votes agree on that."""

    def __init__(self, first: int = 1) -> None:
        """No name yet; the first one needs so many votes."""
        self._first = first
        self._last: deque[Name | None] = deque(maxlen=VOTES)
        self.name: Name | None = None

    def add(self, vote: Name | None) -> None:
        """Count the outcome of one search; None: it gave no name."""
        self._last.append(vote)
        if vote is None:
            return
        agree = sum(other is not None and _same(other, vote) for other in self._last)
        needed = self._first if self.name is None else 1 if _same(self.name, vote) else AGREEING
        if agree >= needed:
            self.name = vote

    @property
    def settled(self) -> bool:
        """Whether the last three votes agree with the name."""
        full = len(self._last) == VOTES
        return full and all(vote is not None and self.name is not None and _same(vote, self.name) for vote in self._last)

    @property
    def counted(self) -> int:
        """How many of the last three votes there are."""
        return len(self._last)


def _same(one: Name, other: Name) -> bool:
    return one.text.strip().casefold() == other.text.strip().casefold()
