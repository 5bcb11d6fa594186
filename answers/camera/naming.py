"""Names of what a camera sees: from a search with a crop, steadied by votes."""

from collections import deque
from dataclasses import dataclass

from answers.entities import identify
from answers.entities.names import folded
from answers.neighbours import Neighbour, neighbours_of
from engine.connections import Context
from query.grouping import Cut
from query.page import first, landmarks_of
from query.request import SearchRequest
from query.search import Searcher
from vision.feature_extractor import get_feature_extractor

UNUSED = ("objects", "text")  # extractors
VOTES, AGREEING = 3, 2  # a name is replaced once two of the last three votes agree on another
# Without a card: probability that the best result answers the question, from which it is the very thing. The bound of certain
# results is lower: they may be similar only. In films of the demo corpus, things that are in no collection reached 0.71, and
# nine of ten things that are in it exceeded 0.8 (evaluation/camera; the seeds of these films began at 11).
CERTAIN = 0.8


@dataclass(frozen=True, slots=True)
class Name:
    """What something is called, how likely that is right (None: not calibrated), and a document that shows it.

    `is_certain`: whether it may be shown without a "perhaps".
    """

    text: str
    confidence: float | None = None
    document: str = ""
    is_certain: bool = False


def naming_searcher(context: Context) -> Searcher:
    """A searcher that takes a third less time: what else is in a crop, and its text, are not looked for."""
    settings = context.settings
    off = tuple(dict.fromkeys((*settings.extractors_off, *UNUSED)))
    less = context.with_settings(settings.model_copy(update={"extractors_off": off}))
    return Searcher(less, lambda: get_feature_extractor(settings))  # which has the models already


def name_of(searcher: Searcher, crop: bytes) -> Name | None:
    """The name of a thing: that of its card, or what the most similar picture is called; the errors of `Searcher.run`.

    None where nothing is surely similar.
    """
    values = searcher.run(SearchRequest(image=crop), until="group")
    neighbours = neighbours_of(values)
    card = identify(searcher, values, neighbours=neighbours).card
    if card is not None:
        return Name(card.name, round(card.confidence, 2), next(iter(card.pictures), ""), is_certain=True)
    best = None if values[Cut].perhaps else next(iter(neighbours), None)
    return None if best is None else _called(best)


def _called(neighbour: Neighbour) -> Name | None:
    """The name of a landmark that it is a reference picture of, its title, or its category."""
    document, likely = neighbour.documents[neighbour.id], neighbour.probability
    text = next(
        (text for text in (*landmarks_of(document), document.get("title"), first(document.get("category", ""))) if text), ""
    )
    certain = likely is not None and likely >= CERTAIN
    return Name(text, None if likely is None else round(likely, 2), neighbour.id, certain) if text else None


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
    return folded(one.text) == folded(other.text)
