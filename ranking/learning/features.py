"""The features that a model reads of a candidate set: one row per document, one number per feature.

Each column of the factor table is a feature. List-wise features compare its value with the other candidates: as a share of the
list's best, as the distance from the list's mean, and by rank. `list@...` features measure how the columns agree on a document,
`question@...` features describe the question. A missing value is NaN in every feature of its column.

Contributions are summed by the part of a feature's name before `@`: a column, `list` or `question`.
"""

from collections.abc import Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from ranking.candidate_set import VERTICALS, CandidateSet, QueryFeatures

Matrix = NDArray[np.float64]
VIEWS = ("best", "mean", "rank")  # of a column within its list
LIST = ("list@fused", "list@fused_rank", "list@agreement", "list@missing", "list@duplicates_above")
QUESTION = ("question@picture", "question@part", "question@words", *(f"question@is_{name}" for name in VERTICALS))
FUSION_K = 5
TOP_SHARE = 0.1  # of the list, which counts as the top of a column


class FeatureSet(BaseModel):
    """The columns that a model reads, and whether it has list-wise features."""

    model_config = ConfigDict(frozen=True)

    columns: tuple[str, ...]
    listwise: bool = True

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Feature names, in column order of the matrix."""
        views = [f"{column}@{view}" for view in VIEWS for column in self.columns] if self.listwise else []
        return (*self.columns, *views, *(LIST if self.listwise else ()), *QUESTION)

    @cached_property
    def directions(self) -> tuple[int, ...]:
        """Monotone constraints by feature: 1 (a higher value never lowers the score) for values of columns, 0 for the others.

        A list-wise feature has none, because its meaning depends on the list: the best of poor values is still poor.
        """
        return (*[1] * len(self.columns), *[0] * (len(self.names) - len(self.columns)))

    def unknown(self, there: Sequence[str]) -> list[str]:
        """The columns among these that the model was trained without, and ignores."""
        return sorted(set(there) - set(self.columns))

    def matrix(self, candidate_set: CandidateSet) -> Matrix:
        """Features of the documents, in the order of the table: [documents, features]."""
        return self.of_values(values(candidate_set, self.columns), candidate_set)

    def fused(self, matrix: Matrix) -> Matrix:
        """`list@fused` of the documents of a matrix; zeros where the model has no list-wise features."""
        found: Matrix = matrix[:, self.names.index(LIST[0])] if self.listwise else np.zeros(len(matrix))
        return found

    def of_values(self, table: Matrix, candidate_set: CandidateSet) -> Matrix:
        """`matrix` for given values of the columns [documents, columns]."""
        asked = np.broadcast_to(_question(candidate_set.query_features), (len(table), len(QUESTION)))
        if not self.listwise:
            return np.hstack([table, asked])
        ranks = ranks_of(table)
        return np.hstack([table, *_relative(table), ranks, _agreement(ranks, candidate_set), asked])


def values(candidate_set: CandidateSet, columns: Sequence[str]) -> Matrix:
    """The factor table as an array [documents, columns]; NaN where a value is missing."""
    nan = float("nan")
    rows = [[row.get(column, nan) for column in columns] for row in candidate_set.table.values()]
    return np.array(rows, dtype=np.float64).reshape(len(rows), len(columns))


def ranks_of(table: Matrix) -> Matrix:
    """Ranks by column; the first is 1, equal values share the worse rank, NaN has none."""
    ranks = np.full(table.shape, np.nan)
    for at in range(table.shape[1]):
        known = ~np.isnan(table[:, at])
        if known.any():
            falling = -table[known, at]
            ranks[known, at] = np.searchsorted(np.sort(falling), falling, side="right").astype(np.float64)
    return ranks


def _relative(table: Matrix) -> tuple[Matrix, Matrix]:
    """Each value as a share of the list's best, and its distance from the list's mean."""
    known = ~np.isnan(table)
    filled = np.where(known, table, 0.0)
    best = np.where(known, table, -np.inf).max(axis=0, initial=-np.inf)
    mean = filled.sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    share = table / np.where(best > 0, best, 1.0)
    return share, table - mean


def _agreement(ranks: Matrix, candidate_set: CandidateSet) -> Matrix:
    """The `list@` features [documents, 5]: reciprocal-rank fusion with equal weights and its rank, tops, gaps, duplicates."""
    asked = ~np.isnan(ranks).all(axis=0)
    count = max(int(asked.sum()), 1)
    known = ~np.isnan(ranks)
    parts = np.where(known, 1.0 / (FUSION_K + np.where(known, ranks, 1.0)), 0.0)
    fused = parts.sum(axis=1) * (FUSION_K + 1) / count
    tops = np.where(known, ranks <= max(1.0, TOP_SHARE * len(ranks)), False).sum(axis=1) / count
    missing = 1 - known.sum(axis=1) / count
    placed = ranks_of(fused[:, None])[:, 0]
    return np.column_stack([fused, placed, tops, missing, _duplicates_above(fused, candidate_set)])


def _duplicates_above(fused: Matrix, candidate_set: CandidateSet) -> Matrix:
    """The number of near-duplicates above each document, by fusion; of equals, the one proposed first is above."""
    above = np.zeros(len(fused))
    if candidate_set.duplicate_pairs:
        places = {document: place for place, document in enumerate(candidate_set.table)}
        for one, other in candidate_set.duplicate_pairs:
            if one in places and other in places:
                lower = max(places[one], places[other], key=lambda place: (-fused[place], place))
                above[lower] += 1
    return above


def _question(query_features: QueryFeatures) -> Matrix:
    """The `question@` features."""
    kinds = [float(query_features.category == name) for name in VERTICALS]
    return np.array(
        [query_features.intent != "words", query_features.intent == "part", query_features.words, *kinds], dtype=np.float64
    )
