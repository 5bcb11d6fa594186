"""Meaning: the image shows the subject of the question, which may be an image, words or both."""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from factors import knn
from factors.base import Clause, Evidence, Factor, Feature, Json, Question, Task
from vision.image_features import ImageFeatures, Vector, unit

WORDS_WEIGHT = 2.0  # of words, relative to the image they are asked with (measured by `omma train joint`)


class Semantic(Factor):
    """k-NN over the vectors of images in the joint embedding of images and words."""

    name: ClassVar[str] = "semantic"
    title: ClassVar[str] = "Same meaning"
    about: ClassVar[str] = (
        "In the joint embedding, pictures lie near the words that describe them. `semantic` compares the question's picture "
        "with every document's; where words come with it, they move the question "
        f"(picture + {WORDS_WEIGHT:g} x words), so that “red” with a blue chair looks for red chairs. "
        "`semantic.words` compares the words alone, so that pictures without any text are found. "
        "Words with a minus are taken away from the others. The value is (1 + cosine) / 2, computed exactly."
    )
    reads: ClassVar[tuple[str, ...]] = ("joint",)
    needs_text_embedding: ClassVar[bool] = True
    weight: ClassVar[float] = 1.0
    features: ClassVar[tuple[Feature, ...]] = (
        Feature("semantic", missing_as="median", task=Task("same kind")),
        Feature("semantic.words", compares="words", missing_as="median"),
    )

    def fields(self, dimensions: Mapping[str, int]) -> Json:
        """One vector."""
        return {"semantic": knn.field(dimensions["joint"])}

    def image_fields(self, image_features: ImageFeatures) -> Json:
        """The image's vector, or nothing where its extractor failed."""
        return {} if image_features.joint is None else {"semantic": knn.as_list(image_features.joint)}

    def restore(self, document: Mapping[str, Any]) -> dict[str, Any]:
        """The image's vector."""
        vector = document.get("semantic")
        return {} if vector is None else {"joint": knn.as_vector(vector)}

    def clauses(self, question: Question) -> list[Clause]:
        """A column for an image, moved by words; another for the words alone."""
        columns = []
        if question.image_features is not None and question.image_features.joint is not None:
            columns.append(
                knn.clause("semantic", "semantic", composed(question.image_features.joint, question.text_embedding), question)
            )
        if question.words and question.text_embedding is not None:
            columns.append(knn.clause("semantic.words", "semantic", question.text_embedding, question))
        return columns

    def unshown_fields(self) -> tuple[str, ...]:
        """The vector."""
        return ("semantic",)

    def explain(self, evidence: Evidence) -> str:
        """The cosine, and what it compares."""
        cosine = f"(cosine {knn.cosine(evidence.value):.2f})"
        if evidence.clause == "semantic.words":
            return f"The picture shows what your words mean {cosine}."
        if evidence.question.text_embedding is not None:
            return f"Means the same as your picture together with your words {cosine}."
        return f"Shows the same as your picture, by its meaning {cosine}."


def composed(picture: Vector, words: Vector | None) -> Vector:
    """The vector of an image, moved by words: a weighted sum of unit length."""
    return picture if words is None else unit(picture + np.float32(WORDS_WEIGHT) * words)
