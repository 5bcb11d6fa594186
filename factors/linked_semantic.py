"""Linked meaning: the text linked to a document is about the subject of the question, in other words or other languages."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from factors import knn
from factors.base import Clause, Evidence, Factor, Feature, Json, Question, Task
from factors.text import TextSnippet
from vision.image_features import Vector, unit


class LinkedSemantic(Factor):
    """k-NN over the mean vector of linked text in the joint embedding of images and words."""

    name: ClassVar[str] = "linked_semantic"
    title: ClassVar[str] = "Meaning of the text linked to it"
    about: ClassVar[str] = (
        "Texts linked to a document lie in the joint embedding of pictures and words, too; their mean, each counting by how "
        "much it is about the picture, is one vector. `linked_semantic` compares the question's picture with it: pictures find "
        "texts without a word in common. `linked_semantic.words` compares the question's words: other words for the same thing "
        "are found. The value is (1 + cosine) / 2. Documents without text in a language that the text model reads have none."
    )
    reads: ClassVar[tuple[str, ...]] = ("joint",)
    needs_text_embedding: ClassVar[bool] = True
    weight: ClassVar[float] = 0.5
    snippet_fields: ClassVar[tuple[str, ...]] = ("linked_semantic",)
    features: ClassVar[tuple[Feature, ...]] = (
        Feature("linked_semantic", missing_as="median"),
        Feature("linked_semantic.words", compares="words", missing_as="median", task=Task("words to picture", "MRR")),
    )

    def fields(self, dimensions: Mapping[str, int]) -> Json:
        """One vector."""
        return {"linked_semantic": knn.field(dimensions["joint"])}

    def snippet_fields_of(self, snippets: Sequence[TextSnippet], document: Mapping[str, Any]) -> Json:
        """The mean of the encoded snippets, by weight."""
        mean = mean_of(snippets)
        return {"linked_semantic": None if mean is None else knn.as_list(mean)}

    def clauses(self, question: Question) -> list[Clause]:
        """A column for the image, another for the words."""
        columns = []
        if question.image_features is not None and question.image_features.joint is not None:
            columns.append(knn.clause("linked_semantic", "linked_semantic", question.image_features.joint, question))
        if question.words and question.text_embedding is not None:
            columns.append(knn.clause("linked_semantic.words", "linked_semantic", question.text_embedding, question))
        return columns

    def unshown_fields(self) -> tuple[str, ...]:
        """The vector."""
        return ("linked_semantic",)

    def explain(self, evidence: Evidence) -> str:
        """The cosine, and what it compares."""
        asked = "words" if evidence.clause == "linked_semantic.words" else "picture"
        return f"Text linked to it is about what your {asked} {_verb(asked)} (cosine {knn.cosine(evidence.value):.2f})."


def mean_of(snippets: Sequence[TextSnippet]) -> Vector | None:
    """The mean vector of the snippets by weight, of unit length; None where none was encoded, or all are trash."""
    read = [
        (snippet.weight, snippet.text_embedding)
        for snippet in snippets
        if snippet.text_embedding is not None and not snippet.is_trash
    ]
    if not read:
        return None
    return unit(np.sum([np.float32(weight) * meaning for weight, meaning in read], axis=0))


def _verb(asked: str) -> str:
    return "mean" if asked == "words" else "shows"
