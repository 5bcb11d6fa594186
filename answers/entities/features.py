"""The features of the matcher: what speaks for each candidate entity, by itself and beside the other candidates."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from statistics import fmean, pstdev

from answers.entities.candidates import Candidate
from answers.entities.kinds import EXTENT, kind_at
from answers.entities.mentions import Linked, Mention
from answers.neighbours import Neighbour
from engine.errors import ConfigurationError
from mappings.entities import NAME_VECTOR
from query.grouping import Cut
from query.ordering import Ranking
from query.pipeline import Values
from query.question import Understood
from query.retrieval import RescoredTable, Row
from ranking.candidate_set import HYPERNYMS, Ranked
from vision.image_features import Label

Features = dict[str, float]  # a missing one has no entry
VOTERS = 10  # neighbours that vote by being reference pictures
RANKED = 50  # results whose scores a reference's score is compared with
DISTRACTORS = 5  # documents of other things, the most similar ones, that a reference is compared with
OF_REFERENCES = {
    "similar": "similar", "products": "products", "inliers": "local.inliers", "duplicate": "near_duplicate",
    "semantic": "semantic", "ocr": "ocr.picture",
}  # fmt: skip  # feature -> column of the factor table, of the best reference
NORMALISED = ("similar", "products", "semantic")
BESIDE_OTHERS = (
    "score", "similar", "products", "inliers", "probability", "votes", "support", "exact", "read", "asked", "name", "label",
    "agreement",
)  # fmt: skip
# Feature -> whether more of it can only speak for the entity (1), or anything (0).
FEATURES: dict[str, int] = {
    **dict.fromkeys((*OF_REFERENCES, "probability", "place", "score", "votes"), 1),
    **{f"{name}_lift": 1 for name in NORMALISED},
    **dict.fromkeys(("support", "exact", "read", "asked", "prior", "name", "label", "broader", "agreement"), 1),
    **{f"{name}_margin": 1 for name in BESIDE_OTHERS},
    "has_picture": 0,
}


@dataclass(frozen=True, slots=True)
class Evidence:
    """What speaks for a candidate: its features, its reference among the results, and the name that was mentioned."""

    features: Features
    reference: str = ""
    mention: str = ""


def evidence_of(candidates: Sequence[Candidate], values: Values, linked: Linked) -> list[Evidence]:
    """The evidence of every candidate, in their order."""
    found = [_alone(one, candidates, values, linked) for one in candidates]
    for name in BESIDE_OTHERS:
        having = [
            (one.features[name], candidate) for candidate, one in zip(candidates, found, strict=True) if name in one.features
        ]
        having.sort(key=lambda pair: -pair[0])
        for candidate, one in zip(candidates, found, strict=True):
            if name in one.features:
                rival = next((value for value, other in having if _differ(candidate, other)), 0.0)
                one.features[f"{name}_margin"] = one.features[name] - rival
    return found


def _differ(one: Candidate, other: Candidate) -> bool:
    """Whether both are different things: the frog of WordNet is no rival of the collection's."""
    return one.entity.id != other.entity.id and one.names.isdisjoint(other.names)


def _alone(candidate: Candidate, candidates: Sequence[Candidate], values: Values, linked: Linked) -> Evidence:
    understood = values[Understood]
    image = understood.question.image_features
    features, reference = _by_references(candidate, values, linked.neighbours)
    named, mention = _by_names(candidate, candidates, linked.mentioned)
    features |= named | {"has_picture": float(image is not None)}
    if NAME_VECTOR in candidate.scores:
        features["name"] = candidate.scores[NAME_VECTOR]
    if image is not None and image.labels:
        features |= _by_labels(candidate, image.labels)
    return Evidence(features, reference, mention)


def _by_references(candidate: Candidate, values: Values, neighbours: Sequence[Neighbour]) -> tuple[Features, str]:
    """How well its reference pictures fit, and the best of them among the results."""
    rows, own = values[RescoredTable].rows, frozenset(candidate.entity.references)
    there = [rows[one] for one in candidate.entity.references if one in rows]
    found = {name: max(row.values[column] for row in there if column in row.values)
             for name, column in OF_REFERENCES.items() if any(column in row.values for row in there)}  # fmt: skip
    for name in ("similar", "products"):
        if name in candidate.scores:
            found[name] = max(candidate.scores[name], found.get(name, 0.0))
    found |= {f"{name}_lift": found[name] - _background(rows, OF_REFERENCES[name], own) for name in NORMALISED if name in found}
    probabilities, order = values[Cut].probabilities, [one.id for one in values[Ranking].ranked]
    places = [at for at, one in enumerate(order, start=1) if one in own]
    if places:
        found |= {"place": 1 / places[0], "score": _standing(values[Ranking].ranked, places[0] - 1)}
        found |= {"probability": max(probabilities[one.id] for one in there)} if all(
            one.id in probabilities for one in there) else {}  # fmt: skip
    if own and neighbours:
        votes = [(one.weight, bool(own & one.documents.keys())) for one in neighbours[:VOTERS]]
        found["votes"] = sum(vote for vote, mine in votes if mine) / (sum(vote for vote, _ in votes) or 1.0)
    return found, order[places[0] - 1] if places else ""


def _standing(ranked: Sequence[Ranked], at: int) -> float:
    """A result's score in standard deviations above the mean: scores of rankers have no common scale."""
    scores = [one.score for one in ranked[:RANKED]]
    return (ranked[at].score - fmean(scores)) / (pstdev(scores) or 1.0)


def _background(rows: Mapping[str, Row], column: str, own: frozenset[str]) -> float:
    """The mean of the most similar pictures of other things: what a picture of nothing in particular would reach.

    Weyand, Araujo, Cao, Sim: Google Landmarks Dataset v2 (CVPR 2020) subtract the same from their scores.
    """
    others = sorted((row.values[column] for one, row in rows.items() if one not in own and column in row.values), reverse=True)
    return fmean(others[:DISTRACTORS]) if others else 0.5


def _by_names(candidate: Candidate, candidates: Sequence[Candidate], mentioned: Mapping[str, Mention]) -> tuple[Features, str]:
    """Where its names stand, and the one that counts most; `prior`: its share among candidates of that name."""
    found = {name: mentioned[name] for name in candidate.names if name in mentioned}
    if not found:
        return {}, ""
    best = max(found, key=lambda name: (found[name].weight, len(name), name))
    rivals = sum(one.entity.prior for one in candidates if best in one.names)
    parts = {part: max(getattr(one, part) for one in found.values()) for part in ("support", "exact", "read", "asked")}
    return parts | {"prior": candidate.entity.prior / rivals}, best


def _by_labels(candidate: Candidate, labels: Sequence[Label]) -> Features:
    """What the classifier says of it: that it is this noun, a kind of this noun, or how near both are in WordNet."""
    entity, total = candidate.entity, sum(label.confidence for label in labels)
    own, first = classes_of(entity.synset, entity.type)
    found = {"label": sum(label.confidence for label in labels if entity.synset and label.synset == entity.synset)}
    found["broader"] = sum(label.confidence for label in labels if first and first in label.hypernyms)
    found["agreement"] = sum(label.confidence * _near(own, label) for label in labels) / total if own else 0.0
    return found


def _near(own: frozenset[str], label: Label) -> float:
    """The share of classes that both have (Dice): 1 for the same noun, near 0 for things that have nothing in common."""
    theirs = {*label.names, *label.hypernyms}
    return 2 * len(own & theirs) / (len(own) + len(theirs))


@lru_cache(maxsize=20_000)
def classes_of(synset: str, kind: str) -> tuple[frozenset[str], str]:
    """The names of an entity's noun and its hypernyms, and its first name; of its type alone where the noun is not known."""
    if synset:
        try:
            found = kind_at(int(synset[1:]))
            return frozenset((*found.names, *found.hypernyms)), found.names[0]
        except (ConfigurationError, ValueError, IndexError):  # WordNet is missing, or another version of it
            pass
    return frozenset(HYPERNYMS.get(EXTENT.get(kind, kind), ())), ""
