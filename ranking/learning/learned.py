"""LambdaMART: gradient-boosted trees over the features of a candidate set, fitted and as a ranker."""

from collections import Counter
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from engine.errors import ConfigurationError
from ranking.candidate_set import CandidateSet, Ranked, columns_of
from ranking.fusion import ReciprocalRank
from ranking.judgements.judgement import BEST
from ranking.learning.examples import Example, useful
from ranking.learning.features import FeatureSet, Matrix, ranks_of, values

if TYPE_CHECKING:
    import lightgbm

Objective = Literal["lambdarank", "rank_xendcg", "pointwise"]
LISTWISE: tuple[Objective, ...] = ("lambdarank", "rank_xendcg")
STOPPING_ROUNDS = 40  # trees without a better NDCG@10 on the validation side, after which fitting stops
GAINS = [2**grade - 1 for grade in range(BEST + 1)]


class Learned:
    """The ranker of one model. Scores have no unit: only their differences within a question mean something."""

    def __init__(self, name: str, features: FeatureSet, booster: "lightgbm.Booster", blend: float = 0.0) -> None:
        """`booster` was trained on exactly these features; `blend` is the weight of rank fusion's score beside the trees'."""
        self.name, self.features, self.booster, self.blend = name, features, booster, blend

    def order(self, candidate_set: CandidateSet) -> list[Ranked]:
        """By the sum of the trees and of rank fusion's weighted score.

        Equal scores, of which a model of few trees has many, are ordered by the agreement of the columns.
        """
        if not candidate_set.table:
            return []
        table = values(candidate_set, self.features.columns)
        matrix = self.features.of_values(table, candidate_set)
        scores, agreed = self.scores(matrix).tolist(), dict(zip(candidate_set.table, self.features.fused(matrix), strict=True))
        fusion = self._fusion(candidate_set)
        fused = {one.id: self.blend * one.score for one in fusion.order(candidate_set)} if fusion else {}
        ranks = ranks_of(table)
        columns = self.features.columns
        placed = [
            Ranked(document, score + fused.get(document, 0.0), {columns[at]: int(row[at]) for at in known})
            for document, score, row, known in zip(candidate_set.table, scores, ranks, map(_known, ranks), strict=True)
        ]
        return sorted(placed, key=lambda ranked: (-ranked.score, -agreed[ranked.id], ranked.id))

    def scores(self, matrix: Matrix) -> Matrix:
        """One score per row of features."""
        # One thread: a few hundred rows take less time than threads take to begin.
        found: Matrix = np.asarray(self.booster.predict(matrix, num_threads=1), dtype=np.float64)
        return found

    def _fusion(self, candidate_set: CandidateSet) -> ReciprocalRank | None:
        """Rank fusion of the columns that the model knows; None where it has no weight."""
        if not self.blend:
            return None
        config = candidate_set.fusion_config
        unknown = dict.fromkeys(self.features.unknown(columns_of(candidate_set.table)), 0.0)
        return ReciprocalRank.of(config.model_copy(update={"weights": {**config.weights, **unknown}}))

    def contributions(self, candidate_set: CandidateSet, documents: Sequence[str]) -> dict[str, dict[str, float]]:
        """TreeSHAP (Lundberg et al.: From local explanations to global understanding with explainable AI for trees, 2020).

        The parts of a column are those of all of its features and its part of rank fusion's weighted score; a document's parts
        and the model's mean make its score.
        """
        places = {document: place for place, document in enumerate(candidate_set.table)}
        if not documents:
            return {}
        rows = self.features.matrix(candidate_set)[[places[document] for document in documents]]
        parts = np.asarray(self.booster.predict(rows, pred_contrib=True, num_threads=1))[:, :-1] @ self._owners
        found = [dict(zip(self._groups, row.tolist(), strict=True)) for row in parts]
        fusion = self._fusion(candidate_set)
        fused = fusion.contributions(candidate_set, documents) if fusion else {}
        for document, row in zip(documents, found, strict=True):
            for column, part in fused.get(document, {}).items():
                row[column] = row.get(column, 0.0) + self.blend * part
        return {d: {name: part for name, part in row.items() if part} for d, row in zip(documents, found, strict=True)}

    @cached_property
    def _groups(self) -> list[str]:
        """Names of the contributions: columns, `list`, `question`."""
        return list(dict.fromkeys(name.partition("@")[0] for name in self.features.names))

    @cached_property
    def _owners(self) -> Matrix:
        """The group of each feature, as a matrix of zeros and ones [features, groups]."""
        owners = [name.partition("@")[0] for name in self.features.names]
        return np.array([[float(owner == group) for group in self._groups] for owner in owners])


def _known(ranks: Matrix) -> list[int]:
    """Positions of the columns in which a document has a rank."""
    at: list[int] = np.flatnonzero(~np.isnan(ranks)).tolist()
    return at


class Recipe(BaseModel):
    """How to train; examples and recipe determine the model, to the last bit on one machine."""

    model_config = ConfigDict(frozen=True)

    objective: Objective = "lambdarank"
    features: FeatureSet
    trees: int = 300
    leaves: int = 12
    depth: int = 4  # the cost of explaining a score grows with its square
    learning_rate: float = 0.1
    fewest_rows: int = 40  # in a leaf
    l2: float = 5.0
    columns_per_tree: float = 0.7
    seed: int = 7
    monotone: bool = True
    blend: float = 0.0  # weight of rank fusion's score beside the trees' sum

    def parameters(self) -> dict[str, Any]:
        """As LightGBM takes them."""
        objective = "regression" if self.objective == "pointwise" else self.objective
        return {
            "objective": objective, "metric": "ndcg", "eval_at": [10], "label_gain": GAINS, "lambdarank_truncation_level": 20,
            "num_leaves": self.leaves, "max_depth": self.depth, "learning_rate": self.learning_rate,
            "min_data_in_leaf": self.fewest_rows,
            "lambda_l2": self.l2, "feature_fraction": self.columns_per_tree, "seed": self.seed, "deterministic": True,
            "force_row_wise": True, "verbosity": -1, "num_threads": 1,
            "monotone_constraints": list(self.features.directions) if self.monotone else None,
            "monotone_constraints_method": "intermediate", "use_missing": True, "zero_as_missing": False,
        }  # fmt: skip


def fit(train: Sequence[Example], validation: Sequence[Example], recipe: Recipe) -> "lightgbm.Booster":
    """Trees, as many as are best on the validation side. ConfigurationError where there is nothing to learn from."""
    import lightgbm  # noqa: PLC0415  (see ranking.learning.models.load)

    learned, checked = ([e for e in side if useful(e)] for side in (train, validation))
    if not learned or not checked:
        raise ConfigurationError("there is nothing to learn: no question has documents of different grades")
    data = dataset(learned, recipe.features)
    stopping = lightgbm.early_stopping(STOPPING_ROUNDS, verbose=False)
    booster = lightgbm.train(
        recipe.parameters(),
        data,
        num_boost_round=recipe.trees,
        valid_sets=[dataset(checked, recipe.features, data)],
        callbacks=[stopping],
    )
    return lightgbm.Booster(model_str=booster.model_to_string(num_iteration=booster.best_iteration))


def dataset(
    examples: Sequence[Example], features: FeatureSet, reference: "lightgbm.Dataset | None" = None
) -> "lightgbm.Dataset":
    """Rows of all questions one after the other; documents without a grade count in list-wise features only."""
    import lightgbm  # noqa: PLC0415

    rows, grades, groups = matrices(examples, features)
    weights = np.repeat(question_weights(examples), groups)
    return lightgbm.Dataset(
        rows, label=grades, group=groups, weight=weights, feature_name=list(features.names), reference=reference
    )


def question_weights(examples: Sequence[Example]) -> Matrix:
    """One weight per question, 1 on average: a collection counts as the square root of its number of questions.

    Otherwise the largest one decides, and what holds in several is worth no more than what holds in one.
    """
    counts = Counter(map(_collection, examples))
    found = np.array([counts[_collection(example)] ** -0.5 for example in examples])
    return np.asarray(found / found.mean())


def _collection(example: Example) -> str:
    """What a question is asked of: `covers` of `covers: photo to cover`."""
    return example.set.partition(":")[0]


def matrices(examples: Sequence[Example], features: FeatureSet) -> tuple[Matrix, NDArray[np.int64], list[int]]:
    """Features [rows, features], grades [rows], and the number of rows of each question."""
    rows, grades, groups = [], [], []
    for example in examples:
        own = np.array([_grade(example, document) for document in example.candidate_set.table])
        judged = own >= 0
        rows.append(features.matrix(example.candidate_set)[judged])
        grades.append(own[judged])
        groups.append(int(judged.sum()))
    return np.vstack(rows), np.concatenate(grades), groups


def _grade(example: Example, document: str) -> int:
    """The grade of a document; -1 where it was not judged."""
    return example.grades.get(document, 0 if example.complete else -1)
