"""What speaks for a candidate: numbers that a logistic model adds up to the confidence of a tag (answers/tags/confidence.py).

A weighted sum of logarithms is the logarithm of a product: votes minus prior, times the weight of the text, times the agreement
with the picture, with labels and with the text read in it, each to a fitted power.
"""

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from answers.neighbours import Neighbour
from answers.tags.candidates import Candidate, strengths
from answers.tags.collection_counts import Counts
from answers.tags.lexicon import english
from answers.tags.words import ENGLISH, key
from factors.colours import BASIC_COLOURS
from factors.linked_text import STRONG_KINDS
from factors.text import Kind
from mappings.analysis import primary
from vision.image_features import ImageFeatures, Vector

LEAST = 0.01  # of a share, so that its logarithm is finite
MISSING = math.nan
KIND_SHARE = 0.5  # of a label's confidence that counts for its hypernyms
FEATURES = (
    "votes", "share", "against prior", "prior", "any", "best", "first", "voters", "texts", "words", "strong text", "named",
    "agreement", "agreement beside others", "labels", "kinds", "objects", "read", "colour", "colour denied",
    "top", "mass", "neighbours", "rival",
)  # fmt: skip
Row = dict[str, float]


@dataclass(frozen=True, slots=True)
class Picture:
    """What models found in the question's picture (or its part): names with confidence, words, colours, joint embedding."""

    labels: Mapping[str, float]
    kinds: Mapping[str, float]
    objects: Mapping[str, float]
    read: Collection[str]
    colours: Collection[str]
    joint: Vector | None

    @classmethod
    def of(cls, features: ImageFeatures | None) -> "Picture":
        """Empty without a picture."""
        if features is None:
            return cls({}, {}, {}, frozenset(), frozenset(), None)
        labels, kinds, objects = dict[str, float](), dict[str, float](), dict[str, float]()
        for label in features.labels or ():
            for names, found in ((label.names, labels), (label.hypernyms, kinds)):
                for name in names:
                    found[name.lower()] = found.get(name.lower(), 0.0) + label.confidence
        for one in features.objects or ():
            objects[one.label.lower()] = max(one.confidence, objects.get(one.label.lower(), 0.0))
        words = [word for line in (features.text.lines if features.text else ()) for word in line.split()]
        colours = {colour.name for colour in features.colours or ()}
        return cls(labels, kinds, objects, frozenset(key(word, ENGLISH) for word in words), colours, features.joint)


def rows(
    candidates: Sequence[Candidate],
    neighbours: Sequence[Neighbour],
    counts: Counts,
    picture: Picture,
    vectors: Sequence[Vector | None],
) -> list[Row]:
    """The features of each candidate; `vectors`: of the phrases in the joint embedding, where it knows the language."""
    weights = strengths(neighbours)
    totals = _totals(candidates, neighbours, weights)
    agreements = [MISSING if one is None or picture.joint is None else float(one @ picture.joint) for one in vectors]
    known = [value for value in agreements if not math.isnan(value)]
    mean = float(np.mean(known)) if known else MISSING
    heaviest = max((one.weight for one in candidates), default=1.0)
    found = []
    for at, one in enumerate(candidates):
        prior = counts.share(at, one.language)
        share = min(one.weight / max(totals[one.language], LEAST), 1.0)
        row = _votes(one, share, prior, weights) | _picture(one, picture)
        row |= {"agreement": agreements[at], "agreement beside others": agreements[at] - mean}
        row |= {
            "top": max(weights.values(), default=0.0), "mass": math.log(sum(weights.values()) + LEAST),
            "neighbours": math.log(len(neighbours)), "rival": one.weight / heaviest if heaviest else 0.0,
        }  # fmt: skip
        found.append(row)
    return found


def _totals(candidates: Sequence[Candidate], neighbours: Sequence[Neighbour], weights: Mapping[int, float]) -> dict[str, float]:
    """Language -> weight of the neighbours that have text in it."""
    places: dict[str, set[int]] = {}
    for one in candidates:
        places.setdefault(one.language, set()).update(one.votes)
    return {language: sum(weights[place] for place in having) for language, having in places.items()}


def _votes(one: Candidate, share: float, prior: float, weights: Mapping[int, float]) -> Row:
    """The votes by themselves, and against the share of documents that have the phrase anyway."""
    none = math.prod(1.0 - min(vote.weight, 1.0 - LEAST) for vote in one.votes.values())
    votes, places = list(one.votes.values()), list(one.votes)
    return {
        "votes": math.log(one.weight + LEAST), "share": _log_odds(share), "against prior": _log_odds(share) - _log_odds(prior),
        "prior": math.log(prior), "any": _log_odds(1.0 - none), "best": max(weights[place] for place in places),
        "first": -math.log(min(places)), "voters": math.log(len(places)), "texts": math.log(len({vote.text for vote in votes})),
        "words": float(len(one.keys)),
        "strong text": sum(vote.kind in STRONG_KINDS for vote in votes) / len(votes),
        "named": sum(vote.kind is Kind.PRODUCT or vote.text.lower() == one.name.lower() for vote in votes) / len(votes),
    }  # fmt: skip


def _picture(one: Candidate, picture: Picture) -> Row:
    """What models that look at the picture say; their names are English."""
    if primary(one.language) != ENGLISH:
        return dict.fromkeys(("labels", "kinds", "objects", "read", "colour", "colour denied"), MISSING)
    phrase = " ".join(one.keys)
    named = [key for key in one.keys if key in BASIC_COLOURS]
    kinds = english().kinds(one.keys[-1])
    return {
        "labels": _most(picture.labels, (phrase, one.keys[-1])),
        "kinds": max(_most(picture.kinds, (phrase, one.keys[-1])), _most(picture.labels, kinds)),
        "objects": _most(picture.objects, (phrase, one.keys[-1], *kinds)),
        "read": float(bool(picture.read) and all(key in picture.read for key in one.keys)),
        "colour": float(sum(name in picture.colours for name in named)),
        "colour denied": float(sum(name not in picture.colours for name in named) if picture.colours else 0.0),
    }


def _most(confidences: Mapping[str, float], names: Collection[str]) -> float:
    return max((confidences[name] for name in names if name in confidences), default=0.0)


def _log_odds(share: float) -> float:
    bounded = min(max(share, LEAST), 1.0 - LEAST)
    return math.log(bounded / (1.0 - bounded))


def matrix(found: Sequence[Row]) -> Iterator[list[float]]:
    """The rows as columns in the order of `FEATURES`."""
    yield from ([row[name] for name in FEATURES] for row in found)
