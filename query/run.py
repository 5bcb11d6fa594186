"""One search on its way through the stages: what is known so far."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from factors.base import Clause, Factor, Question, Rescored
from query.answer import AskedQuestion, Cutoff, Facet, Landmark, Result
from query.engine_calls import Calls, RefusedError, check_shards
from query.request import SearchRequest
from ranking.candidate_set import CandidateSet, QueryFeatures
from ranking.cutoff import Thresholds
from ranking.fusion import NAME, ReciprocalRank
from ranking.order import Ranked, Ranker
from ranking.selection import RankerSelector

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Row:
    """One candidate: its value in every column that has one, and its doc values."""

    id: str
    values: Mapping[str, float]
    fields: Mapping[str, list[Any]]


@dataclass(frozen=True, slots=True)
class Alike:
    """Which candidates show the same picture: `same[i, j]`, by the places of their ids."""

    places: Mapping[str, int]
    same: NDArray[np.bool_]


@dataclass(slots=True)
class Group:
    """A result and its near-duplicates, best first."""

    best: Ranked
    others: list[Ranked] = field(default_factory=list)


@dataclass(slots=True)
class Run:
    """What the question was understood as, then what each stage adds; a stage reads what those before it wrote."""

    request: SearchRequest
    calls: Calls
    factors: Sequence[Factor]
    asked: AskedQuestion
    question: Question = field(default_factory=Question)
    columns: dict[str, tuple[Factor, Clause]] = field(default_factory=dict)
    query_features: QueryFeatures = field(default_factory=QueryFeatures)
    fusion: ReciprocalRank = field(default_factory=ReciprocalRank)
    ranker_selector: RankerSelector | None = None  # without them, rank fusion
    rankers_used: dict[str, Ranker] = field(default_factory=dict)  # document -> what placed it
    ranker_name: str = NAME
    teams: dict[str, str] = field(default_factory=dict)  # document -> team, while two ranker_selector are compared
    thresholds: Thresholds | None = None
    left_out: frozenset[str] = frozenset()  # the document asked with does not answer
    max_rescored: int = 0
    landmark_thresholds: Thresholds | None = None
    fingerprints: Mapping[str, str] = field(default_factory=dict)  # of the weights that made the index
    duplicate_bits: int = 0
    diversity: float = 0.0
    warnings: list[str] = field(default_factory=list)

    proposals: dict[str, list[str]] = field(default_factory=dict)  # column -> ids, best first
    candidates: list[str] = field(default_factory=list)
    more: bool = False
    rows: dict[str, Row] = field(default_factory=dict)
    rescored: dict[tuple[str, str], Rescored] = field(default_factory=dict)  # by document and column
    alike: Alike | None = None
    candidate_set: CandidateSet = field(default_factory=lambda: CandidateSet(table={}))
    ranked: list[Ranked] = field(default_factory=list)
    cutoff: Cutoff = field(default_factory=lambda: Cutoff(thresholds={}, removed=0))
    groups: list[Group] = field(default_factory=list)
    total: int = 0
    facets: dict[str, list[Facet]] = field(default_factory=dict)
    results: list[Result] = field(default_factory=list)
    landmarks: list[Landmark] = field(default_factory=list)

    @property
    def asks(self) -> bool:
        """Whether anything is looked for, even if no factor can; filters alone only narrow down."""
        return self.request.has_picture or bool(self.question.words)

    def clauses(self) -> list[Clause]:
        """All columns still in play."""
        return [clause for _, clause in self.columns.values()]

    def drop(self, column: str, why: str) -> None:
        """Go on without a column, and say so."""
        factor, _ = self.columns.pop(column)
        self.warnings.append(f"{factor.title} ({column}) was left out: {why}")

    def sound(self, clauses: Sequence[Clause], responses: Sequence[Json]) -> Iterator[tuple[Clause, list[Json]]]:
        """Each column with the hits of its response; a column that the engine refused is dropped."""
        for clause, response in zip(clauses, responses, strict=True):
            try:
                check_shards(response)
            except RefusedError as error:
                self.drop(clause.name, str(error))
            else:
                yield clause, response.get("hits", {}).get("hits", [])

    def shown(self) -> list[Group]:
        """The groups of the page asked for."""
        start = (self.request.page - 1) * self.request.number
        return self.groups[start : start + self.request.number]
