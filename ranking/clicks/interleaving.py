"""Team-draft interleaving: two orders as one list, and the ranker that had more clicks.

Radlinski, Kurup, Joachims: How does clickthrough data reflect retrieval quality? (CIKM 2008).
"""

import random
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from opensearchpy import OpenSearch
from pydantic import BaseModel, Field

from engine.settings import Settings
from ranking.clicks.models import Session, sessions
from ranking.clicks.ubi import Behaviour, Served

TEAMS = ("a", "b")


def team_draft(first: Sequence[str], second: Sequence[str], seed: int) -> list[tuple[str, str]]:
    """Documents with their teams (`a`: the first order), best first; each document once; the same for the same seed."""
    coin, taken = random.Random(seed), set[str]()  # noqa: S311  (fairness, no secret)
    waiting = {team: _untaken(order, taken) for team, order in zip(TEAMS, (first, second), strict=True)}
    drafted: list[tuple[str, str]] = []
    while True:
        before = len(drafted)
        for team in coin.sample(TEAMS, 2):
            document = next(waiting[team], None)
            if document is not None:
                taken.add(document)
                drafted.append((document, team))
        if len(drafted) == before:
            return drafted


def _untaken(order: Sequence[str], taken: set[str]) -> Iterator[str]:
    """The documents of an order that are not taken when their turn comes."""
    return (document for document in order if document not in taken)


class Outcome(BaseModel):
    """The searches that two rankers shared, by which of them had more clicks."""

    first: str
    second: str
    searches: int = Field(description="Searches with clicks")
    wins: int = Field(description="Searches in which the first had more clicks")
    losses: int
    ties: int
    preference: float = Field(description="Wins less losses, as a share of searches with clicks: -1..1, above 0 for the first")
    low: float = Field(description="95 % of the interval of the preference begins here")
    high: float
    p: float = Field(description="Two-sided sign test over wins and losses")


def report(client: OpenSearch, settings: Settings) -> list[Outcome]:
    """One outcome for every pair of rankers that shared searches."""
    behaviour = Behaviour(client, settings)
    served = [search for search in behaviour.served() if search.teams]
    return outcomes(served, sessions(served, behaviour.done()))


def outcomes(served: Iterable[Served], seen: Iterable[Session]) -> list[Outcome]:
    """By pair of rankers. A search without clicks prefers neither and is not counted: it is no tie."""
    shared = {search.query_id: search for search in served}
    scores: dict[str, list[int]] = {}
    for session in seen:
        if session.clicked:
            search = shared[session.query_id]
            scores.setdefault(search.ranker, []).append(score(search.teams, session))
    return [outcome(ranker, found) for ranker, found in sorted(scores.items())]


def score(teams: dict[str, str], session: Session) -> int:
    """Clicks on the first team's results minus clicks on the second's; 0 without clicks."""
    counted = [teams.get(document) for document in session.clicked]
    return counted.count(TEAMS[0]) - counted.count(TEAMS[1])


def outcome(ranker: str, scores: Iterable[int]) -> Outcome:
    """Wins, losses, and their certainty; `ranker` names both as `first|second`."""
    found = np.sign(np.array(list(scores), dtype=np.int64))
    first, _, second = ranker.partition("|")
    wins, losses = int((found > 0).sum()), int((found < 0).sum())
    decided = wins + losses
    mean = float(found.mean()) if len(found) else 0.0
    error = 1.96 * float(found.std(ddof=1)) / len(found) ** 0.5 if len(found) > 1 else 1.0
    from scipy import stats  # noqa: PLC0415  (takes a second to import; most readers of this module do not test)

    p = float(stats.binomtest(wins, decided).pvalue) if decided else 1.0
    return Outcome(
        first=first, second=second, searches=len(found), wins=wins, losses=losses, ties=len(found) - decided,
        preference=round(mean, 4), low=round(mean - error, 4), high=round(mean + error, 4), p=p,
    )  # fmt: skip
