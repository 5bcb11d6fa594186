"""The interface between a factor table and an order: reciprocal-rank fusion now, a learned ranker later."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

Table = Mapping[str, Mapping[str, float]]  # document -> column -> value (higher is better); missing stays missing


@dataclass(frozen=True, slots=True)
class Ranked:
    """A document's place: its score, and by column its rank and its share of the score (shares add up to 1)."""

    id: str
    score: float
    ranks: Mapping[str, int]
    shares: Mapping[str, float]


class Ranker(Protocol):
    """Puts documents in order by what the factor table says of them."""

    def order(self, table: Table) -> list[Ranked]:
        """All documents of the table, best first; ties by id, so that the order is always the same."""
