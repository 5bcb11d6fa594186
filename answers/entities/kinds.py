"""What a name stands for, by WordNet: the sense that fits its surroundings, its type, and the names of its classes."""

from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache

from answers.entities.names import folded, singular
from engine.errors import ConfigurationError
from ranking.candidate_set import VERTICALS, vertical
from vision.image_features import Label
from vision.wordnet import GENERAL_HYPERNYMS, hypernyms_of, noun, senses

MAX_SENSES = 8  # of a name
TYPES = (*VERTICALS, "product", "landmark", "person", "work")
EXTENT = {"landmark": "building", "product": "package"}  # type -> the vertical that the classifier's classes lead to


@dataclass(frozen=True, slots=True)
class Kind:
    """A sense of a noun: its synset, its own names and those of its hypernyms, its gloss, its type (one of VERTICALS)."""

    synset: str
    names: tuple[str, ...]
    hypernyms: tuple[str, ...]
    gloss: str
    type: str


def kind_of(name: str, surroundings: Collection[str] = ()) -> Kind | None:
    """The sense of a name that has most of the words around it among its hypernyms, else the most frequent; None without one.

    A name of several words has the senses of its last ones: a Tamworth pig is a pig.
    """
    words = folded(name).split()
    for start in range(len(words)):
        if found := _senses(" ".join(words[start:])):
            near = {singular(word) for text in surroundings for word in folded(text).split()}
            return max(found, key=lambda kind: len(near & {*kind.names, *kind.hypernyms}))
    return None


@lru_cache(maxsize=20_000)
def _senses(name: str) -> tuple[Kind, ...]:
    try:
        offsets = (senses(name) or senses(singular(name)))[:MAX_SENSES]
    except ConfigurationError:  # WordNet is not installed: entities have the types that their records say
        return ()
    return tuple(kind_at(offset) for offset in offsets)


@lru_cache(maxsize=20_000)
def kind_at(offset: int) -> Kind:
    """The noun at an offset of WordNet; ConfigurationError where WordNet is missing."""
    synset = noun(offset)
    above = dict.fromkeys(name for one in hypernyms_of(synset) for name in one.names)
    hypernyms = tuple(name for name in above if name not in GENERAL_HYPERNYMS)
    found = vertical([Label(synset.id, synset.names, hypernyms, 1.0)])
    return Kind(synset.id, synset.names, hypernyms, synset.gloss, found)
