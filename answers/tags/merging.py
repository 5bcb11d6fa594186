"""Tags that say the same are merged, and those that say less stand behind the ones that say more.

Written forms of one phrase merge by themselves. Other words for the same merge only where three things agree: the meaning (in
the joint embedding), the neighbours that say them, and the collection, in which they occur together. None alone is enough:
`red shirt` and `blue shirt` mean nearly the same to an embedding, and what differs in colour, number or by an antonym never
merges.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from answers.tags.candidates import Candidate
from answers.tags.lexicon import english
from answers.tags.phrases import Keys
from answers.tags.words import ENGLISH, quantities
from factors.colours import BASIC_COLOURS
from mappings.analysis import primary
from query.refinement import is_form
from vision.image_features import Vector

MIN_SIMILARITY = 0.75  # cosine of two phrases in the joint embedding, from which they may mean the same
MIN_OVERLAP = 0.5  # share of the votes of the weaker phrase by neighbours that also say the stronger one
MAX_BROADER = 4  # tags
MAX_PAIRS = 20  # that are counted in the collection
Related = frozenset[frozenset[Keys]]  # pairs of phrases that say the same
COLOURS = frozenset((*BASIC_COLOURS, "gray", "golden", "silver", "beige", "turquoise", "violet"))


@dataclass(slots=True)
class Scored:
    """A candidate with its confidence, and the score behind it.

    `also` are candidates that say the same, `broader` those that say less.
    """

    candidate: Candidate
    confidence: float
    score: float
    also: list[Candidate] = field(default_factory=list)
    broader: list["Scored"] = field(default_factory=list)


def merged(scored: Sequence[Scored], related: Related = frozenset()) -> list[Scored]:
    """The best of those that say the same, in the given order, with the others in `also`."""
    kept: list[Scored] = []
    for one in scored:
        same = next((other for other in kept if are_same(other.candidate, one.candidate, related)), None)
        if same is None:
            kept.append(one)
        else:
            same.also.append(one.candidate)
    return kept


def are_same(one: Candidate, other: Candidate, related: Related) -> bool:
    """Whether two tags of one language are forms of one phrase, or other words for the same (`related` has them)."""
    if one.language != other.language:
        return False
    if differ(one.keys, other.keys):
        return "".join(one.keys) == "".join(other.keys)
    return are_forms(one.keys, other.keys, one.language) or frozenset((one.keys, other.keys)) in related


def similar_pairs(candidates: Sequence[Candidate], vectors: Sequence[Vector | None]) -> list[tuple[int, int]]:
    """Places of the candidates that mean nearly the same, and that the same neighbours say; neither is a kind of the other."""
    encoded = [at for at, vector in enumerate(vectors) if vector is not None]
    if not encoded:
        return []
    rows = np.stack([vector for vector in vectors if vector is not None])
    near = np.argwhere(np.triu(rows @ rows.T >= MIN_SIMILARITY, 1))
    pairs = [(encoded[one], encoded[other]) for one, other in near]
    return [pair for pair in pairs if _may_be_same(candidates[pair[0]], candidates[pair[1]])][:MAX_PAIRS]


def _may_be_same(one: Candidate, other: Candidate) -> bool:
    if one.language != other.language or differ(one.keys, other.keys):
        return False
    return not (is_broader(one, other) or is_broader(other, one)) and overlap(one, other) >= MIN_OVERLAP


def are_forms(one: Keys, other: Keys, language: str) -> bool:
    """Whether two phrases are written forms of one: written apart and together, or inflected word by word.

    Keys of English words are basic forms already. A code or number has no other form.
    """
    if "".join(one) == "".join(other):
        return True
    if primary(language) == ENGLISH or len(one) != len(other):
        return False
    return all(_is_form(ours, theirs) for ours, theirs in zip(one, other, strict=True))


def _is_form(one: str, other: str) -> bool:
    return one == other or (one.isalpha() and other.isalpha() and is_form(one, other))


def differ(one: Keys, other: Keys) -> bool:
    """Whether two phrases surely name different things: other colours, other quantities, or antonyms."""
    ours, theirs = {*one} - {*other}, {*other} - {*one}
    if {*one} & COLOURS != {*other} & COLOURS or quantities(one) != quantities(other) or _codes(one) != _codes(other):
        return True
    return any(english().antonyms(word) & theirs for word in ours)


def _codes(keys: Keys) -> set[str]:
    """Words of letters and digits, such as the number of a part."""
    return {key for key in keys if not key.isalpha() and not key.isdigit() and any(map(str.isdigit, key))}


def overlap(one: Candidate, other: Candidate) -> float:
    """The share of the weaker one's votes by neighbours that say both."""
    both = one.votes.keys() & other.votes.keys()
    weaker = min(one, other, key=lambda candidate: candidate.weight)
    return sum(weaker.votes[place].weight for place in both) / weaker.weight if weaker.weight else 0.0


def with_broader(scored: Sequence[Scored], among: Sequence[Scored]) -> list[Scored]:
    """Each tag with the more general ones among all candidates, nearest (most words, fewest votes) first."""
    for one in scored:
        found = [other for other in among if is_broader(other.candidate, one.candidate)]
        one.broader = sorted(found, key=lambda other: (-len(other.candidate.keys), other.candidate.weight))[:MAX_BROADER]
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
