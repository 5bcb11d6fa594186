"""The interface between a factor table and an order: rank fusion, or a learned model."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from ranking.candidate_set import CandidateSet, Table


@dataclass(frozen=True, slots=True)
class Ranked:
    """A document's place: its score, and its rank in each column (equal values share the better rank; 1 is first)."""

    id: str
    score: float
    ranks: Mapping[str, int]


class Ranker(Protocol):
    """Puts documents in order by what the factor table says of them."""

    @property
    def name(self) -> str:
        """`fusion`, or the id of a learned model."""

    def order(self, candidate_set: CandidateSet) -> list[Ranked]:
        """All documents of the table, best first; ties by id, so that the order is always the same."""

    def contributions(self, candidate_set: CandidateSet, documents: Sequence[str]) -> dict[str, dict[str, float]]:
        """What each column adds to the scores of these documents, or takes from them: document -> column -> part.

        The parts of a document, with what is the same for all of them, add up to its score. Names that are no columns
        stand for what the ranker reads beside them (`list`, `question`).
        """


def shares(parts: Mapping[str, float]) -> dict[str, float]:
    """Each part's share of all of them, whatever their sign; adds up to 1 where there is any."""
    total = sum(abs(part) for part in parts.values())
    return {name: abs(part) / total for name, part in parts.items()} if total else {}


def ranks(table: Table, column: str) -> dict[str, int]:
    """The rank of every document that has a value in the column."""
    valued = sorted(((values[column], document) for document, values in table.items() if column in values), reverse=True)
    found: dict[str, int] = {}
    last, rank = None, 0
    for position, (value, document) in enumerate(valued, start=1):
        rank = rank if value == last else position
        found[document], last = rank, value
    return found


def columns_of(table: Table) -> list[str]:
    """Every column in which some document has a value, by name."""
    return sorted({column for values in table.values() for column in values})
