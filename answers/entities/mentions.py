"""Names that the neighbours' text, the text read in the image, and the words of the question have in them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self

from answers.entities.names import names_in
from answers.neighbours import Neighbour, neighbours_of
from query.pipeline import Values
from query.question import Understood

MAX_VOTERS, MAX_SNIPPETS = 20, 60  # neighbours that are read, and texts of each
MAX_LINES = 60  # of text read in the image
MAX_MENTIONS = 200  # names that are looked for: a request has 1,024 clauses in all
OCR_WEIGHT, WORDS_WEIGHT = 1.0, 3.0  # of a name in the image, or in the words, relative to all neighbours


@dataclass(slots=True)
class Mention:
    """A name, and where it stands.

    `support`: the share of the neighbours' weight whose text has it. The others are the share of a text that the name makes up,
    1.0 where it is the whole text: `exact` of the best neighbour's, `read` of a line in the image, `asked` of the question.
    `who`: ids of the neighbours.
    """

    support: float = 0.0
    exact: float = 0.0
    read: float = 0.0
    asked: float = 0.0
    who: list[str] = field(default_factory=list)

    @property
    def weight(self) -> float:
        """How much it counts when the names to look for are chosen."""
        return self.support * (0.5 + self.exact) + OCR_WEIGHT * self.read + WORDS_WEIGHT * self.asked


@dataclass(frozen=True, slots=True)
class Linked:
    """The neighbours of a question, and the names that are mentioned in their text, in the image, or by the words."""

    neighbours: Sequence[Neighbour]
    mentioned: Mapping[str, Mention]

    @classmethod
    def of(cls, values: Values, neighbours: Sequence[Neighbour] | None = None) -> Self:
        """Those of a question; `values` of the search until "group", with their `neighbours` where these were read already.

        At most one request; RefusedError, EngineUnavailable.
        """
        neighbours = neighbours_of(values) if neighbours is None else neighbours
        return cls(neighbours, mentions(neighbours, values[Understood]))


def mentions(neighbours: Sequence[Neighbour], understood: Understood) -> dict[str, Mention]:
    """The names that count most, folded; at most MAX_MENTIONS."""
    found: dict[str, Mention] = {}
    voters = neighbours[:MAX_VOTERS]
    total = sum(one.weight for one in voters) or 1.0
    for one in voters:
        for name, share in _shares(text.text for text in one.snippets()[:MAX_SNIPPETS]).items():
            mention = found.setdefault(name, Mention())
            mention.support += one.weight / total
            mention.exact = max(mention.exact, share)
            mention.who.append(one.id)
    for name, share in _shares(_lines(understood)).items():
        found.setdefault(name, Mention()).read = share
    for name, share in _shares([understood.question.words.text]).items():
        found.setdefault(name, Mention()).asked = share
    best = sorted(found, key=lambda name: (-found[name].weight, name))[:MAX_MENTIONS]
    return {name: found[name] for name in best}


def _shares(texts: Iterable[str]) -> Mapping[str, float]:
    """Name -> the largest share of a text that it makes up."""
    found: dict[str, float] = {}
    for text in texts:
        for name, share in names_in(text):
            found[name] = max(share, found.get(name, 0.0))
    return found


def _lines(understood: Understood) -> Sequence[str]:
    """Lines read in the image, and all of them as one text: a name may be broken over lines."""
    image = understood.question.image_features
    lines = list(image.text.lines[:MAX_LINES]) if image and image.text else []
    return [*lines, " ".join(lines)] if len(lines) > 1 else lines
