"""Objects: an object in the image looks like the image asked with, or the words name it."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from factors import knn
from factors.base import Clause, Description, DescriptionItem, Evidence, Factor, Feature, Json, Question, Task, TextUse
from vision.image_features import Box, ImageFeatures, Object

VECTOR_FIELD = "objects.embedding"
WHOLE_IMAGE_WEIGHT = 0.1  # for a whole image, which whole images of documents answer better


class Objects(Factor):
    """Nested k-NN over the embeddings of the detector's crops, and the words that name them."""

    name: ClassVar[str] = "objects"
    title: ClassVar[str] = "Object in the image"
    about: ClassVar[str] = (
        "The embedding of the chosen object, or of the whole picture where none is chosen, against the embedding of every "
        "object found in a document's picture. The best object counts ((1 + cosine) / 2), and its box is shown. "
        "`objects.words` matches the words of the question with the names of the objects found."
    )
    reads: ClassVar[tuple[str, ...]] = ("objects", "embedding")
    weight: ClassVar[float] = 1.0
    features: ClassVar[tuple[Feature, ...]] = (
        Feature("objects", missing_as="median", task=Task("same object")),
        Feature("objects.words", compares="words", scale="per-query", retrieval_is_evidence=True),
    )

    def fields(self, dimensions: Mapping[str, int]) -> Json:
        """Nested objects, and their names once more for words and facets."""
        parts: Json = {
            "label": {"type": "keyword"},
            "confidence": {"type": "half_float"},
            "box": {"type": "float", "index": False, "doc_values": False},
            "embedding": knn.field(dimensions["embedding"], data_type="byte"),
        }
        return {
            "objects": {"type": "nested", "properties": parts},
            "object_names": {"type": "text", "analyzer": "english", "norms": False},
        }

    def image_fields(self, image_features: ImageFeatures) -> Json:
        """Every object; an empty list means that the detector ran and found nothing."""
        if image_features.objects is None:
            return {}
        names = sorted({found.label for found in image_features.objects})
        return {"objects": [_as_json(found) for found in image_features.objects], "object_names": names}

    def restore(self, document: Mapping[str, Any]) -> dict[str, Any]:
        """The objects with their embeddings."""
        if "objects" not in document:
            return {}
        return {"objects": tuple(_from_json(found) for found in document["objects"])}

    def clauses(self, question: Question) -> list[Clause]:
        """A column for what the picture shows, another for what the words name."""
        return [*self._by_picture(question), *self._by_words(question)]

    def _by_picture(self, question: Question) -> list[Clause]:
        embedding = question.vector()
        if embedding is None:
            return []
        vector = knn.as_bytes(embedding)
        retrieve = nested(knn.retrieve(VECTOR_FIELD, vector, question.k, question.filters))
        weight = 1.0 if question.region else WHOLE_IMAGE_WEIGHT
        return [Clause("objects", score=nested(knn.exact(VECTOR_FIELD, vector, "byte")), retrieve=retrieve, weight=weight)]

    def _by_words(self, question: Question) -> list[Clause]:
        if not question.words:
            return []
        match = {"match": {"object_names": {"query": " ".join(question.words.content)}}}
        return [Clause("objects.words", score=match, retrieve=match)]

    def text_fields(self) -> tuple[str, ...]:
        """The names."""
        return ("object_names",)

    def refining_fields(self) -> Mapping[str, TextUse]:
        """The names."""
        return {"object_names": "names"}

    def unshown_fields(self) -> tuple[str, ...]:
        """The vectors."""
        return (VECTOR_FIELD,)

    def inner(self, clause: Clause) -> Json | None:
        """The best object of each result comes back as an inner hit."""
        return {"size": 1, "_source": ["objects.box", "objects.label"]} if clause.name == "objects" else None

    def box(self, evidence: Evidence) -> list[float] | None:
        """The best object's box."""
        return list(evidence.inner[0]["box"]) if evidence.inner else None

    def describe(self, image_features: ImageFeatures, document: Mapping[str, Any]) -> Sequence[Description]:
        """Every object with its box."""
        items = tuple(DescriptionItem(found.label, found.confidence, found.box) for found in image_features.objects or ())
        return [Description("Objects", items)] if items else []

    def explain(self, evidence: Evidence) -> str:
        """The object and its similarity, or the names."""
        if evidence.clause == "objects.words":
            return f"Shows what your words name: {', '.join(_names(evidence.document))}."
        what = evidence.inner[0]["label"] if evidence.inner else "an object"
        return f"The {what} in it looks like what you asked with (cosine {knn.cosine(evidence.value):.2f})."


def nested(query: Json) -> Json:
    """A query on each object; the best one counts."""
    return {"nested": {"path": "objects", "score_mode": "max", "query": query}}


def _names(document: Mapping[str, Any]) -> list[str]:
    return list(dict.fromkeys(found["label"] for found in document.get("objects", [])))


def _as_json(found: Object) -> Json:
    record: Json = {"label": found.label, "confidence": round(found.confidence, 3), "box": found.box.as_list()}
    return record if found.embedding is None else record | {"embedding": knn.as_bytes(found.embedding)}


def _from_json(record: Mapping[str, Any]) -> Object:
    vector = record.get("embedding")
    embedding = None if vector is None else knn.as_vector(vector)
    return Object(record["label"], record["confidence"], Box(*record["box"]), embedding)
