"""Whether merging joins only tags that say the same: pairs of tags whose relation is known without a judgement.

Real pairs are two candidates of one picture that WordNet knows both: synonyms if they share a meaning, or are forms of one
word, else different things. Made pairs have one word replaced: the colour, the number or a word by its antonym; they never say
the same, and are taken for similar and for
together in the collection, so that only the guard can tell them apart.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from answers.tags.confidence import Confidence
from answers.tags.lexicon import english
from answers.tags.merging import COLOURS, are_forms, are_same
from answers.tags.phrases import Keys
from answers.tags.words import ENGLISH
from evaluation.tags.asking import Asked

FIRST = 15  # candidates of a picture that are compared with one another
OTHER_COLOUR = {colour: "blue" if colour != "blue" else "red" for colour in COLOURS}


@dataclass(frozen=True, slots=True)
class Pair:
    """Two tags, whether they say the same, whether they were merged, and where the pair is from."""

    one: Keys
    other: Keys
    same: bool
    merged: bool
    made: bool


def pairs(asked: Sequence[Asked], model: Confidence) -> list[Pair]:
    """Every labelled pair of English tags, each once."""
    found: dict[tuple[Keys, Keys], Pair] = {}
    for one in asked:
        if one.question.language == ENGLISH:
            for pair in (*_real(one, model), *_made(one, model)):
                ours, theirs = sorted((pair.one, pair.other))
                kept = found.setdefault((ours, theirs), pair)
                if pair.merged and not kept.merged:
                    found[ours, theirs] = pair
    return list(found.values())


def _real(asked: Asked, model: Confidence) -> Iterator[Pair]:
    first = asked.described.scored(model, ENGLISH)[:FIRST]
    for at, one in enumerate(first):
        for other in first[at + 1 :]:
            ours, theirs = one.candidate.keys, other.candidate.keys
            if (same := _known(ours, theirs)) is not None:
                merged = are_same(one.candidate, other.candidate, asked.described.related)
                yield Pair(ours, theirs, same, merged, made=False)


def _known(one: Keys, other: Keys) -> bool | None:
    """Whether two phrases say the same; None where WordNet does not know both."""
    ours, theirs = " ".join(one), " ".join(other)
    if are_forms(one, other, ENGLISH) and english().lemma(ours) == english().lemma(theirs):
        return True
    if not (english().synsets(ours) and english().synsets(theirs)):
        return None
    return english().are_synonyms(ours, theirs)


def _made(asked: Asked, model: Confidence) -> Iterator[Pair]:
    for one in asked.described.scored(model, ENGLISH)[:FIRST]:
        for keys in _changed(one.candidate.keys):
            other, related = replace(one.candidate, keys=keys), frozenset((frozenset((one.candidate.keys, keys)),))
            yield Pair(one.candidate.keys, keys, same=False, merged=are_same(one.candidate, other, related), made=True)


def _changed(keys: Keys) -> Iterator[Keys]:
    """The phrase in another colour, in another amount, and with a word replaced by its antonym."""
    for at, key in enumerate(keys):
        for instead in sorted({OTHER_COLOUR[key]} if key in OTHER_COLOUR else english().antonyms(key)):
            yield (*keys[:at], instead, *keys[at + 1 :])
        if key[:1].isdigit():
            yield (*keys[:at], f"{key}0", *keys[at + 1 :])
