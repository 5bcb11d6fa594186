"""Linked meaning: the text linked to a document is about what the question asks for, in whatever words."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from factors import knn
from factors.base import Clause, Evidence, Factor, Json, Question
from factors.linked import Piece
from vision.perception import Vector
from vision.senses.embedding import unit


class LinkedMeaning(Factor):
    """k-NN over the mean place of linked text in the joint space of pictures and words."""

    name: ClassVar[str] = "linked_meaning"
    title: ClassVar[str] = "Meaning of the text linked to it"
    about: ClassVar[str] = (
        "Texts linked to a document lie in the joint space of pictures and words, too; their mean, each counting by how much "
        "it is about the picture, is one vector. `linked_meaning` compares the question's picture with it: pictures find texts "
        "without a word in common. `linked_meaning.words` compares the question's words: other words for the same thing are "
        "found. The value is (1 + cosine) / 2. Documents without text in a language that the text model reads have none."
    )
    reads: ClassVar[tuple[str, ...]] = ("joint",)
    takes_meaning: ClassVar[bool] = True
    weight: ClassVar[float] = 0.5

    def fields(self, dimensions: Mapping[str, int]) -> Json:
        """One vector."""
        return {"linked_meaning": knn.field(dimensions["joint"])}

    def linked(self, pieces: Sequence[Piece], seen: Mapping[str, Any]) -> Json:
        """The mean of what was read, by weight."""
        mean = mean_of(pieces)
        return {"linked_meaning": None if mean is None else knn.as_list(mean)}

    def clauses(self, question: Question) -> list[Clause]:
        """A column for the picture, another for the words."""
        columns = []
        if question.perception is not None and question.perception.joint is not None:
            columns.append(_column("linked_meaning", question.perception.joint, question))
        if question.words and question.meaning is not None:
            columns.append(_column("linked_meaning.words", question.meaning, question))
        return columns

    def unshown_fields(self) -> tuple[str, ...]:
        """The vector."""
        return ("linked_meaning",)

    def explain(self, evidence: Evidence) -> str:
        """What was compared, as a cosine."""
        asked = "words" if evidence.clause == "linked_meaning.words" else "picture"
        return f"Text linked to it is about what your {asked} {_verb(asked)} (cosine {knn.cosine(evidence.value):.2f})."


def mean_of(pieces: Sequence[Piece]) -> Vector | None:
    """The mean place of pieces by weight, of unit length; None where nothing was read that is kept."""
    read = [(piece.weight, piece.meaning) for piece in pieces if piece.meaning is not None and not piece.is_trash]
    if not read:
        return None
    return unit(np.sum([np.float32(weight) * meaning for weight, meaning in read], axis=0))


def _verb(asked: str) -> str:
    return "mean" if asked == "words" else "shows"


def _column(name: str, vector: Vector, question: Question) -> Clause:
    asked = knn.as_list(vector)
    find = knn.find("linked_meaning", asked, question.k, question.filters)
    return Clause(name, score=knn.exact("linked_meaning", asked), find=find, neutral=True)
