"""Meaning: the picture shows what the question is about, whether it asks with a picture, with words or with both."""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from factors import knn
from factors.base import Clause, Evidence, Factor, Feature, Json, Question, Task
from vision.image_features import ImageFeatures, Vector, unit

WORDS = 2.0  # what words count beside the picture they are asked with (`omma train joint` measured it)


class Semantic(Factor):
    """k-NN over the pictures' places in the joint embedding of pictures and words."""

    name: ClassVar[str] = "semantic"
    title: ClassVar[str] = "Same meaning"
    about: ClassVar[str] = (
        "In the joint embedding, pictures lie near the words that describe them. `semantic` compares the question's picture "
        f"with every document's; where words come with it, they move the question (picture + {WORDS:g} x words), so that “red” "
        "with a blue chair looks for red chairs. `semantic.words` compares the words alone, so that pictures without any text "
        "are found. Words with a minus are taken away from the others. The value is (1 + cosine) / 2, computed exactly."
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
        """The place of the picture, or nothing where its extractor failed."""
        return {} if image_features.joint is None else {"semantic": knn.as_list(image_features.joint)}

    def restore(self, document: Mapping[str, Any]) -> dict[str, Any]:
        """The place of the picture."""
        vector = document.get("semantic")
        return {} if vector is None else {"joint": np.asarray(vector, dtype=np.float32)}

    def clauses(self, question: Question) -> list[Clause]:
        """A column where there is a picture, moved by words; another for the words alone."""
        columns = []
        if question.image_features is not None and question.image_features.joint is not None:
            columns.append(_column("semantic", composed(question.image_features.joint, question.text_embedding), question))
        if question.words and question.text_embedding is not None:
            columns.append(_column("semantic.words", question.text_embedding, question))
        return columns

    def unshown_fields(self) -> tuple[str, ...]:
        """The vector."""
        return ("semantic",)

    def explain(self, evidence: Evidence) -> str:
        """What was compared, as a cosine."""
        told = f"(cosine {knn.cosine(evidence.value):.2f})"
        if evidence.clause == "semantic.words":
            return f"The picture shows what your words mean {told}."
        if evidence.question.text_embedding is not None:
            return f"Means the same as your picture together with your words {told}."
        return f"Shows the same as your picture, by its meaning {told}."


def composed(picture: Vector, words: Vector | None) -> Vector:
    """The place of a picture, moved by words: a weighted sum of unit length."""
    return picture if words is None else unit(picture + np.float32(WORDS) * words)


def _column(name: str, vector: Vector, question: Question) -> Clause:
    asked = knn.as_list(vector)
    retrieve = knn.retrieve("semantic", asked, question.k, question.filters)
    return Clause(name, score=knn.exact("semantic", asked), retrieve=retrieve)
