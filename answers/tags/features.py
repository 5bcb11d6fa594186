"""What speaks for a candidate: numbers that a logistic model adds up to the confidence of a tag (answers/tags/confidence.py).

A weighted sum of log-odds is the logarithm of a product: votes, less what the collection says anyway, times the agreement with
the picture, with labels and with the text read in it, each to a fitted power.
"""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from answers.neighbours import Neighbour
from answers.tags.candidates import Candidate
from answers.tags.collection_counts import Counts
from answers.tags.lexicon import english
from answers.tags.words import ENGLISH, key
from factors.colours import BASIC_COLOURS
from mappings.analysis import primary
from vision.image_features import ImageFeatures, Vector

LEAST = 0.01  # of a share, so that its log-odds are finite
MISSING = math.nan
FADING = 0.8  # of the weight of each neighbour, relative to the one before it
NEAREST = 10  # neighbours that are a vote of their own
WIDTH = 0.05  # of similarity below that of the most similar neighbour, by which a neighbour counts 1/e
FEATURES = ("votes", "against prior", "agreement", "labels", "kinds", "objects", "read", "colour", "colour denied")
SEEN = ("labels", "kinds", "objects", "read", "colour", "colour denied")  # by models whose names are English
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
    *,
    counts: Counts,
    picture: Picture,
    vectors: Sequence[Vector | None],
    likeness: Mapping[int, float],
) -> list[Row]:
    """The features of each candidate; `vectors`: of the phrases in the joint embedding, where it knows the language.

    `likeness`: place of a neighbour -> how similar its picture is, by the mean of embeddings (0..1).
    """
    weights = {one.place: one.weight for one in neighbours}
    totals = _totals(candidates, weights)
    found = []
    for at, (one, agreement) in enumerate(zip(candidates, _agreements(vectors, picture), strict=True)):
        share = _log_odds(one.weight / max(totals[one.language], LEAST))
        votes = (share, *_nearest(one, weights), _alike(one, likeness))
        against = share - _log_odds(counts.share(at, one.language))
        row = {"votes": sum(votes) / len(votes), "against prior": against, "agreement": agreement}
        found.append(row | _seen(one, picture))
    return found


def _totals(candidates: Sequence[Candidate], weights: Mapping[int, float]) -> dict[str, float]:
    """Language -> weight of the neighbours that have text in it."""
    places: dict[str, set[int]] = {}
    for one in candidates:
        places.setdefault(one.language, set()).update(one.votes)
    return {language: sum(weights[place] for place in having) for language, having in places.items()}


def _nearest(one: Candidate, weights: Mapping[int, float]) -> tuple[float, float]:
    """Log-odds of the share of the votes among the nearest neighbours: of ten, and of all with less weight at each place."""
    ten = {place: weight for place, weight in weights.items() if place <= NEAREST}
    fading = {place: weight * FADING ** (place - 1) for place, weight in weights.items()}
    return _share(one, ten, weights), _share(one, fading, weights)


def _share(one: Candidate, near: Mapping[int, float], weights: Mapping[int, float]) -> float:
    having = sum(near[place] * vote.weight / weights[place] for place, vote in one.votes.items() if near.get(place))
    return _log_odds(having / max(sum(near.values()), LEAST))


def _alike(one: Candidate, likeness: Mapping[int, float]) -> float:
    """The same where neighbours count by how much less similar they are than the most similar one."""
    best = max(likeness.values(), default=0.0)
    kernel = {place: math.exp((value - best) / WIDTH) for place, value in likeness.items()}
    return _log_odds(sum(kernel.get(place, 0.0) for place in one.votes) / max(sum(kernel.values()), LEAST))


def _agreements(vectors: Sequence[Vector | None], picture: Picture) -> list[float]:
    """The cosine of phrase and picture, less the mean of all phrases."""
    cosines = [MISSING if one is None or picture.joint is None else float(one @ picture.joint) for one in vectors]
    known = [value for value in cosines if not math.isnan(value)]
    mean = float(np.mean(known)) if known else MISSING
    return [value - mean for value in cosines]


def _seen(one: Candidate, picture: Picture) -> Row:
    """What models that look at the picture say."""
    if primary(one.language) != ENGLISH:
        return dict.fromkeys(SEEN, MISSING)
    named = [key for key in one.keys if key in BASIC_COLOURS]
    names, kinds = (" ".join(one.keys), one.keys[-1]), english().kinds(one.keys[-1])
    return {
        "labels": _most(picture.labels, names),
        "kinds": max(_most(picture.kinds, names), _most(picture.labels, kinds)),
        "objects": _most(picture.objects, (*names, *kinds)),
        "read": float(bool(picture.read) and all(key in picture.read for key in one.keys)),
        "colour": float(sum(name in picture.colours for name in named)),
        "colour denied": -float(sum(name not in picture.colours for name in named) if picture.colours else 0.0),
    }


def _most(confidences: Mapping[str, float], names: Collection[str]) -> float:
    return max((confidences[name] for name in names if name in confidences), default=0.0)


def _log_odds(share: float) -> float:
    bounded = min(max(share, LEAST), 1.0 - LEAST)
    return math.log(bounded / (1.0 - bounded))
