"""Labels: the classifier gives both images the same classes."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from factors.base import Clause, Description, DescriptionItem, Evidence, Factor, Feature, Json, Question, Task, TextUse
from vision.image_features import ImageFeatures, Label

MIN_CONFIDENCE = 0.15  # of a label that is shown, searched by words, and offered as a facet
HYPERNYM_WEIGHT = 0.5  # of the nearest hypernym, relative to the class itself
MAX_SHOWN, MAX_SHOWN_HYPERNYMS = 5, 4  # classes on an image's page, and hypernyms of each
HYPERNYM_DECAY = 0.85  # factor from each hypernym to the next
MAX_HYPERNYMS = 10  # of a class that count
PICTURE_WEIGHT = 0.5  # of the image's classes, relative to words that name them: the embedding has much of the same information
MAX_RETRIEVAL_WEIGHTS = 10  # the strongest weights, by which candidates are retrieved
MIN_WEIGHT = 0.01  # component of the unit vector that is worth a clause


class Labels(Factor):
    """Cosine of weighted classes and kinds, and BM25 over their WordNet names."""

    name: ClassVar[str] = "labels"
    title: ClassVar[str] = "Labels"
    about: ClassVar[str] = (
        "What the ImageNet classifier calls both pictures: the cosine of two vectors whose axes are classes and their WordNet "
        "hypernyms (a beagle and a collie are dogs), weighted by probability and, for hypernyms, by nearness. `labels.words` "
        "is BM25 of the words against the WordNet names of a document's sure classes and of their hypernyms."
    )
    reads: ClassVar[tuple[str, ...]] = ("labels",)
    weight: ClassVar[float] = 0.75
    features: ClassVar[tuple[Feature, ...]] = (
        Feature("labels", weight=PICTURE_WEIGHT, task=Task("same kind")),
        Feature("labels.words", compares="words", scale="per-query"),
    )

    def fields(self, dimensions: object) -> Json:
        """Weights by class and kind, names for words, the sure ones as a facet."""
        text = {"type": "text", "analyzer": "english", "norms": False}
        return {
            "label_weights": {"type": "rank_features"},
            "label_names": text,
            "label_kinds": text,
            "label": {"type": "keyword"},
            "labels": {"type": "object", "enabled": False},
        }

    def image_fields(self, image_features: ImageFeatures) -> Json:
        """All classes with their probabilities; `restore` gives them back unchanged."""
        if not image_features.labels:
            return {}
        sure = [label for label in image_features.labels if label.confidence >= MIN_CONFIDENCE]
        return {
            "label_weights": weights(image_features.labels),
            "label_names": [name for label in sure for name in label.names],
            "label_kinds": sorted({kind for label in sure for kind in label.hypernyms}),
            "label": [label.names[0] for label in sure],
            "labels": {"list": [_as_json(label) for label in image_features.labels]},
        }

    def restore(self, document: Mapping[str, Any]) -> dict[str, Any]:
        """The labels."""
        kept = document.get("labels", {}).get("list")
        return {} if kept is None else {"labels": tuple(_from_json(label) for label in kept)}

    def clauses(self, question: Question) -> list[Clause]:
        """A column for the picture's classes, another for the words."""
        return [*self._by_picture(question), *self._by_words(question)]

    def _by_picture(self, question: Question) -> list[Clause]:
        if question.image_features is None or not question.image_features.labels:
            return []
        asked = weights(question.image_features.labels)
        strongest = dict(sorted(asked.items(), key=lambda pair: -pair[1])[:MAX_RETRIEVAL_WEIGHTS])
        return [Clause("labels", score=_product(asked), retrieve=_product(strongest))]

    def _by_words(self, question: Question) -> list[Clause]:
        if not question.words:
            return []
        match: Json = {
            "multi_match": {
                "query": " ".join(question.words.content),
                "fields": ["label_names^2", "label_kinds"],
                "type": "best_fields",
            }
        }
        return [Clause("labels.words", score=match, retrieve=match)]

    def text_fields(self) -> tuple[str, ...]:
        """Names of classes and of their hypernyms."""
        return ("label_names", "label_kinds")

    def refining_fields(self) -> Mapping[str, TextUse]:
        """The sure classes; their other names and their hypernyms are counted."""
        return {"label": "names", "label_names": "counted", "label_kinds": "counted"}

    def facets(self) -> Mapping[str, str]:
        """The sure classes."""
        return {"label": "label"}

    def unshown_fields(self) -> tuple[str, ...]:
        """All but the sure classes."""
        return ("label_weights", "label_names", "label_kinds", "labels")

    def describe(self, image_features: ImageFeatures, document: Mapping[str, Any]) -> Sequence[Description]:
        """The most probable classes, each with its nearest hypernyms."""
        found = (image_features.labels or ())[:MAX_SHOWN]
        items = (DescriptionItem(one.names[0], one.confidence, more=one.hypernyms[:MAX_SHOWN_HYPERNYMS]) for one in found)
        return [Description("Recognised as", tuple(items), facet="label")] if found else []

    def explain(self, evidence: Evidence) -> str:
        """The names."""
        names = ", ".join(evidence.document.get("label", [])) or "its likely classes"
        if evidence.clause == "labels.words":
            return f"Recognised as what your words name: {names}."
        return f"Recognised as the same kind of thing: {names}."


def weights(labels: tuple[Label, ...]) -> dict[str, float]:
    """Rank features of unit length: a class by its synset, kinds of it by their names, fading with their distance."""
    features: dict[str, float] = {}
    for label in labels:
        features[label.synset] = features.get(label.synset, 0.0) + label.confidence
        for distance, kind in enumerate(label.hypernyms[:MAX_HYPERNYMS]):
            key = "k_" + "".join(c if c.isalnum() else "_" for c in kind)
            features[key] = features.get(key, 0.0) + HYPERNYM_WEIGHT * HYPERNYM_DECAY**distance * label.confidence
    length = math.sqrt(sum(value**2 for value in features.values()))
    return {key: round(value / length, 4) for key, value in features.items() if value / length >= MIN_WEIGHT}


def _product(asked: Mapping[str, float]) -> Json:
    """The inner product of these weights and a document's."""
    terms = [{"rank_feature": {"field": f"label_weights.{key}", "boost": value, "linear": {}}} for key, value in asked.items()]
    return {"bool": {"should": terms, "minimum_should_match": 1}}


def _as_json(label: Label) -> Json:
    return {
        "synset": label.synset,
        "names": list(label.names),
        "hypernyms": list(label.hypernyms),
        "confidence": round(label.confidence, 4),
    }


def _from_json(record: Mapping[str, Any]) -> Label:
    return Label(record["synset"], tuple(record["names"]), tuple(record["hypernyms"]), record["confidence"])
