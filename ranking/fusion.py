"""Reciprocal-rank fusion: the order until a model is trained.

Cormack, Clarke, Büttcher: Reciprocal Rank Fusion outperforms Condorcet and individual rank learning methods (SIGIR
2009): score(d) = sum over rankings of weight / (k + rank(d)).
"""

from collections.abc import Iterable, Mapping, Sequence
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
        columns = sorted({column for values in table.values() for column in values})
        ranks = {column: _ranks(table, column) for column in columns}
        best = sum(self._part(column, 1) for column in columns)
        placed = [self._place(document, columns, ranks, best) for document in table]
        return sorted(placed, key=lambda ranked: (-ranked.score, ranked.id))

    def _place(self, document: str, columns: Iterable[str], ranks: Mapping[str, Mapping[str, int]], best: float) -> Ranked:
        own = {column: ranks[column][document] for column in columns if document in ranks[column]}
        parts = {column: self._part(column, rank) for column, rank in own.items()}
        total = sum(parts.values())
        shares = {column: part / total for column, part in parts.items()} if total else {}
        unknown = sum(self._part(column, (len(ranks[column]) + 1) / 2) for column in columns if self._unknown(column, own))
        return Ranked(document, (total + unknown) / best if best else 0.0, own, shares)

    def _unknown(self, column: str, own: Mapping[str, int]) -> bool:
        return column in self.neutral and column not in own

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
