"""Reciprocal-rank fusion: the order without a learned model.

Cormack, Clarke, Büttcher: Reciprocal Rank Fusion outperforms Condorcet and individual rank learning methods (SIGIR
2009): score(d) = sum over rankings of weight / (k + rank(d)).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from engine.settings import Settings
from factors.base import Clause, Factor
from ranking.candidate_set import CandidateSet, FusionConfig, Ranked, Table, columns_of, ranks

NAME = "fusion"
GUARANTEED = 10  # of the first documents of every ranking that are candidates, however the other rankings place them


@dataclass(frozen=True, slots=True)
class ReciprocalRank:
    """The ranker, and the same rule for merging lists of candidates.

    `weights` are by column; 1 where none is given. In the columns `median_if_missing`, a missing value means that nothing is
    known: the document gets the middle rank, so that documents with a poor value do not pass it for having any.
    """

    k: int = 5
    weights: Mapping[str, float] = field(default_factory=dict)
    median_if_missing: frozenset[str] = frozenset()

    @classmethod
    def of(cls, fusion_config: FusionConfig) -> "ReciprocalRank":
        """The ranker with these parameters."""
        return cls(fusion_config.k, fusion_config.weights, frozenset(fusion_config.median_if_missing))

    @property
    def fusion_config(self) -> FusionConfig:
        """Its parameters, which a candidate set keeps."""
        return FusionConfig(k=self.k, weights=dict(self.weights), median_if_missing=sorted(self.median_if_missing))

    def merge(self, rankings: Mapping[str, Sequence[str]]) -> list[str]:
        """Ids of several rankings (each best first) as one."""
        scores: dict[str, float] = {}
        for column, ids in rankings.items():
            for rank, document in enumerate(ids, start=1):
                scores[document] = scores.get(document, 0.0) + self._part(column, rank)
        return sorted(scores, key=lambda document: (-scores[document], document))

    def candidates(self, rankings: Mapping[str, Sequence[str]], number: int) -> list[str]:
        """At most `number` ids of several rankings, in the order of fusion: the first of each ranking, then the best by fusion.

        Without the first of each, what one feature is sure of (matched keypoints) would be lost to many documents that are
        halfway good by several features.
        """
        merged = self.merge(rankings)
        sure = {document for ids in rankings.values() for document in ids[:GUARANTEED]}
        first = [document for document in merged if document in sure]
        others = [document for document in merged if document not in sure]
        chosen = {*first[:number], *others[: max(0, number - len(first))]}
        return [document for document in merged if document in chosen]

    @property
    def name(self) -> str:
        """The ranker's name in answers."""
        return NAME

    def order(self, candidate_set: CandidateSet) -> list[Ranked]:
        """By all columns: a score within 0..1 (1: first in every column).

        Documents of equal value share the worse rank, so a column with one value for all of them decides nothing.
        """
        table = candidate_set.table
        by_column = {column: ranks(table, column) for column in columns_of(table)}
        parts = self._parts(table, by_column)
        places: dict[str, dict[str, int]] = {document: {} for document in table}
        for column, found in by_column.items():
            for document, rank in found.items():
                places[document][column] = rank
        placed = [Ranked(document, sum(parts[document].values()), places[document]) for document in table]
        return sorted(placed, key=lambda ranked: (-ranked.score, ranked.id))

    def contributions(self, candidate_set: CandidateSet, documents: Sequence[str]) -> dict[str, dict[str, float]]:
        """Each column's part of the score; a median_if_missing column gives its part to those without a value, too."""
        table = candidate_set.table
        parts = self._parts(table, {column: ranks(table, column) for column in columns_of(table)})
        return {document: parts[document] for document in documents}

    def _parts(self, table: Table, by_column: Mapping[str, Mapping[str, int]]) -> dict[str, dict[str, float]]:
        """document -> column -> part, as a share of the score of a document that is first in every column."""
        best = sum(self._part(column, 1) for column in by_column) or 1.0
        parts: dict[str, dict[str, float]] = {document: {} for document in table}
        for column, found in by_column.items():
            middle = self._part(column, (len(found) + 1) / 2) if column in self.median_if_missing else None
            for document, own in parts.items():
                part = self._part(column, found[document]) if document in found else middle
                if part is not None:
                    own[column] = part / best
        return parts

    def _part(self, column: str, rank: float) -> float:
        return self.weights.get(column, 1.0) / (self.k + rank)


class Fusion:
    """Rank fusion with the parameters of each candidate set: the ranker that a first model is compared with."""

    name = NAME

    def order(self, candidate_set: CandidateSet) -> list[Ranked]:
        """By the candidate set's own weights."""
        return ReciprocalRank.of(candidate_set.fusion_config).order(candidate_set)

    def contributions(self, candidate_set: CandidateSet, documents: Sequence[str]) -> dict[str, dict[str, float]]:
        """By the candidate set's own weights."""
        return ReciprocalRank.of(candidate_set.fusion_config).contributions(candidate_set, documents)


def weights(columns: Mapping[str, tuple[Factor, Clause]], settings: Settings) -> dict[str, float]:
    """Weights by column: the share of the factor's own weight, or of the one that the settings give the factor.

    The settings may also name a column (`labels.words`) outright.
    """
    given = settings.fusion_weights
    found = {name: given.get(f.name, f.weight) * _share(f, clause) for name, (f, clause) in columns.items()}
    factors = {factor.name for factor, _ in columns.values()}
    return found | {name: weight for name, weight in given.items() if name in found and name not in factors}


def _share(factor: Factor, clause: Clause) -> float:
    """The clause's share of its factor's weight: its own for this question, or the one that its feature declares."""
    if clause.weight is not None:
        return clause.weight
    return next(feature.weight for feature in factor.features if feature.name == clause.name)
