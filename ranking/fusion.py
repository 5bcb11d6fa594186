"""Reciprocal-rank fusion: the order until a model is trained.

Cormack, Clarke, Büttcher: Reciprocal Rank Fusion outperforms Condorcet and individual rank learning methods (SIGIR
2009): score(d) = sum over rankings of weight / (k + rank(d)).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from engine.settings import Settings
from factors.base import Clause, Factor
from ranking.order import Ranked, Table


@dataclass(frozen=True, slots=True)
class ReciprocalRank:
    """The ranker, and the same rule for merging lists of candidates.

    `weights` are by column; 1 where none is given. `neutral` names columns in which a missing value means that nothing is
    known: there a document stands in the middle, so that those with a poor value do not pass it for having any.
    """

    k: int = 10
    weights: Mapping[str, float] = field(default_factory=dict)
    neutral: frozenset[str] = frozenset()

    def merge(self, rankings: Mapping[str, Sequence[str]]) -> list[str]:
        """Ids of several rankings (each best first) as one."""
        scores: dict[str, float] = {}
        for column, ids in rankings.items():
            for rank, document in enumerate(ids, start=1):
                scores[document] = scores.get(document, 0.0) + self._part(column, rank)
        return sorted(scores, key=lambda document: (-scores[document], document))

    def order(self, table: Table) -> list[Ranked]:
        """By all columns: a score within 0..1 (1: first in every column).

        Documents of equal value share the better rank, so a column that says the same of all of them decides nothing.
        """
        places: dict[str, dict[str, int]] = {document: {} for document in table}
        scores = dict.fromkeys(table, 0.0)
        best = 0.0
        for column in sorted({column for values in table.values() for column in values}):
            ranks = _ranks(table, column)
            middle = self._part(column, (len(ranks) + 1) / 2) if column in self.neutral else 0.0
            best += self._part(column, 1)
            for document in table:
                rank = ranks.get(document)
                scores[document] += middle if rank is None else self._part(column, rank)
                if rank is not None:
                    places[document][column] = rank
        placed = [self._placed(document, places[document], scores[document], best) for document in table]
        return sorted(placed, key=lambda ranked: (-ranked.score, ranked.id))

    def _placed(self, document: str, ranks: Mapping[str, int], score: float, best: float) -> Ranked:
        parts = {column: self._part(column, rank) for column, rank in ranks.items()}
        total = sum(parts.values())
        shares = {column: part / total for column, part in parts.items()} if total else {}
        return Ranked(document, score / best if best else 0.0, ranks, shares)

    def _part(self, column: str, rank: float) -> float:
        return self.weights.get(column, 1.0) / (self.k + rank)


def weights(columns: Mapping[str, tuple[Factor, Clause]], settings: Settings) -> dict[str, float]:
    """Weights by column: the share of the factor's own weight, or of the one that the settings give the factor.

    The settings may also name a column (`labels.words`) outright.
    """
    given = settings.fusion_weights
    found = {name: given.get(f.name, f.weight) * clause.weight for name, (f, clause) in columns.items()}
    factors = {factor.name for factor, _ in columns.values()}
    return found | {name: weight for name, weight in given.items() if name in found and name not in factors}


def _ranks(table: Table, column: str) -> dict[str, int]:
    valued = sorted(((values[column], document) for document, values in table.items() if column in values), reverse=True)
    ranks: dict[str, int] = {}
    last, rank = None, 0
    for position, (value, document) in enumerate(valued, start=1):
        rank = rank if value == last else position
        ranks[document], last = rank, value
    return ranks
