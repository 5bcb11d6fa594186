"""A learned ranker: gradient-boosted trees over the features of a candidate_set."""

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from ranking.candidate_set import CandidateSet
from ranking.learning.features import FeatureSet, Matrix, ranks_of, values
from ranking.order import Ranked

if TYPE_CHECKING:
    import lightgbm


class Learned:
    """The ranker of one model. Scores have no unit: only their differences within a question mean something."""

    def __init__(self, name: str, features: FeatureSet, booster: "lightgbm.Booster") -> None:
        """`booster` was trained on exactly these features."""
        self.name, self.features, self.booster = name, features, booster

    def order(self, candidate_set: CandidateSet) -> list[Ranked]:
        """By the sum of the trees."""
        if not candidate_set.table:
            return []
        table = values(candidate_set, self.features.columns)
        scores = self.scores(self.features.of_values(table, candidate_set)).tolist()
        ranks = ranks_of(table)
        columns = self.features.columns
        placed = [
            Ranked(document, score, {columns[at]: int(row[at]) for at in known})
            for document, score, row, known in zip(candidate_set.table, scores, ranks, map(_known, ranks), strict=True)
        ]
        return sorted(placed, key=lambda ranked: (-ranked.score, ranked.id))

    def scores(self, matrix: Matrix) -> Matrix:
        """One score per row of features."""
        # One thread: a few hundred rows take less time than threads take to begin.
        found: Matrix = np.asarray(self.booster.predict(matrix, num_threads=1), dtype=np.float64)
        return found

    def contributions(self, candidate_set: CandidateSet, documents: Sequence[str]) -> dict[str, dict[str, float]]:
        """TreeSHAP (Lundberg et al.: From local explanations to global understanding with explainable AI for trees, 2020).

        The parts of a column are those of all of its features; a document's parts and the model's mean make its score.
        """
        places = {document: place for place, document in enumerate(candidate_set.table)}
        if not documents:
            return {}
        rows = self.features.matrix(candidate_set)[[places[document] for document in documents]]
        parts = np.asarray(self.booster.predict(rows, pred_contrib=True, num_threads=1))[:, :-1] @ self._owners
        return {
            document: {name: float(part) for name, part in zip(self._groups, row, strict=True) if part}
            for document, row in zip(documents, parts, strict=True)
        }

    @cached_property
    def _groups(self) -> list[str]:
        """What contributions are told by: columns, `list`, `question`."""
        return list(dict.fromkeys(name.partition("@")[0] for name in self.features.names))

    @cached_property
    def _owners(self) -> Matrix:
        """Which group a feature belongs to, as a matrix of zeros and ones [features, groups]."""
        owners = [name.partition("@")[0] for name in self.features.names]
        return np.array([[float(owner == group) for group in self._groups] for owner in owners])


def _known(ranks: Matrix) -> list[int]:
    at: list[int] = np.flatnonzero(~np.isnan(ranks)).tolist()
    return at
