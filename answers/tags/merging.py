"""Tags that say the same are merged, and those that say less stand behind the ones that say more.

Written forms of one phrase merge by themselves. Other words for the same merge only where three things agree: the meaning (in
the joint embedding), the neighbours that say them, and the collection, in which they occur together. None alone is enough:
`red shirt` and `blue shirt` mean nearly the same to an embedding, and what differs in colour, number or by an antonym never
merges.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from answers.tags.candidates import Candidate, Keys
from answers.tags.lexicon import english
from answers.tags.words import ENGLISH, quantities
from factors.colours import BASIC_COLOURS
from mappings.analysis import primary
from query.refinement import is_form
from vision.image_features import Vector

MIN_SIMILARITY = 0.85  # cosine of two phrases in the joint embedding, from which they may mean the same
MIN_OVERLAP = 0.5  # share of the votes of the weaker phrase by neighbours that also say the stronger one
COLOURS = frozenset((*BASIC_COLOURS, "gray", "golden", "silver", "beige", "turquoise", "violet"))


@dataclass(slots=True)
class Scored:
    """A candidate with its confidence and its vector; `also` are candidates that say the same, `broader` that say less."""

    candidate: Candidate
    confidence: float
    vector: Vector | None = None
    also: list[Candidate] = field(default_factory=list)
    broader: list["Scored"] = field(default_factory=list)


def merged(scored: Sequence[Scored]) -> list[Scored]:
    """The best of those that say the same, in the given order, with the others in `also`."""
    kept: list[Scored] = []
    for one in scored:
        same = next((other for other in kept if are_same(other, one)), None)
        if same is None:
            kept.append(one)
        else:
            same.also.append(one.candidate)
    return kept


def are_same(one: Scored, other: Scored) -> bool:
    """Whether two tags of one language are forms of one phrase, or other words for the same."""
    ours, theirs = one.candidate, other.candidate
    if ours.language != theirs.language or differ(ours.keys, theirs.keys):
        return False
    return are_forms(ours.keys, theirs.keys) or _mean_the_same(one, other)


def are_forms(one: Keys, other: Keys) -> bool:
    """Whether two phrases are written forms of one: inflected word by word, or written apart and together."""
    if "".join(one) == "".join(other):
        return True
    return len(one) == len(other) and all(is_form(ours, theirs) for ours, theirs in zip(one, other, strict=True))


def differ(one: Keys, other: Keys) -> bool:
    """Whether two phrases surely name different things: other colours, other quantities, or antonyms."""
    ours, theirs = {*one} - {*other}, {*other} - {*one}
    if {*one} & COLOURS != {*other} & COLOURS or quantities(one) != quantities(other):
        return True
    lexicon = english()
    return any(lexicon.are_antonyms(word, opposite) for word in ours for opposite in theirs)


def _mean_the_same(one: Scored, other: Scored) -> bool:
    if one.vector is None or other.vector is None or float(one.vector @ other.vector) < MIN_SIMILARITY:
        return False
    return not is_broader(one.candidate, other.candidate) and overlap(one.candidate, other.candidate) >= MIN_OVERLAP


def overlap(one: Candidate, other: Candidate) -> float:
    """The share of the weaker one's votes by neighbours that say both."""
    both = one.votes.keys() & other.votes.keys()
    weaker = min(one, other, key=lambda candidate: candidate.weight)
    return sum(weaker.votes[place].weight for place in both) / weaker.weight if weaker.weight else 0.0


def with_broader(scored: Sequence[Scored]) -> list[Scored]:
    """Each tag with the more general ones, nearest (rarest) first."""
    for one in scored:
        found = [other for other in scored if other is not one and is_broader(other.candidate, one.candidate)]
        one.broader = sorted(found, key=lambda other: (-len(other.candidate.keys), other.candidate.weight))
    return list(scored)


def is_broader(general: Candidate, special: Candidate) -> bool:
    """Whether the first names a kind of which the second is one: its head (`apple`, `green apple`), or a WordNet hypernym."""
    if general.language != special.language or general.keys == special.keys:
        return False
    if len(general.keys) < len(special.keys) and _contains(special.keys, general.keys):
        return True
    if primary(general.language) != ENGLISH:
        return False
    return " ".join(general.keys) in english().kinds(" ".join(special.keys)) | english().kinds(special.keys[-1])


def _contains(longer: Keys, shorter: Keys) -> bool:
    """Whether the words of one stand in the other, in a row."""
    size = len(shorter)
    return any(longer[at : at + size] == shorter for at in range(len(longer) - size + 1))
