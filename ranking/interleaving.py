"""Team draft: two orders as one list, so that the same people compare them at the same time.

Radlinski, Kurup, Joachims: How does clickthrough data reflect retrieval quality? (CIKM 2008). In each round a coin decides
which team chooses first; each team takes its best document that is not taken yet.
"""

import random
from collections.abc import Iterator, Sequence

TEAMS = ("a", "b")


def team_draft(first: Sequence[str], second: Sequence[str], seed: int) -> list[tuple[str, str]]:
    """Document and team (`a`: of the first order), best first; every document of either order once; alike for a seed."""
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
    """What nobody has when its turn comes."""
    return (document for document in order if document not in taken)
