"""Why one result is above another: what each factor says of both, and what the difference does to the order."""

from collections.abc import Sequence

from pydantic import BaseModel, Field

from engine.errors import NotFoundError
from query.answer import AskedQuestion, Result, Why
from query.page import results_of
from query.run import Run
from ranking.order import Ranked

TELLING = 0.15  # share of all differences from which a factor is named


class Difference(BaseModel):
    """One factor's part in the difference of two scores."""

    factor: str
    title: str
    above: float | None = Field(None, description="Its value for the upper result; empty where it has none")
    below: float | None = Field(None, description="Its value for the lower result")
    contribution: float = Field(description="What it adds to the upper score beyond what it adds to the lower one")


class ResultComparison(BaseModel):
    """Two results of one question; `above` is the one that ranks higher, whichever was named first."""

    question: AskedQuestion
    ranker: str
    above: Result
    below: Result
    places: tuple[int, int] = Field(description="Their places among all candidates; the first is 1")
    differences: list[Difference] = Field(description="The weightiest first; they add up to the difference of the scores")
    text: str
    warnings: list[str] = []


def compare(run: Run, one: str, other: str) -> ResultComparison:
    """Compare two candidates of a question that was put in order; NotFoundError where either is none."""
    places = {ranked.id: place for place, ranked in enumerate(run.ranked)}
    for document in (one, other):
        if document not in places:
            raise NotFoundError(f"{document[:80]!r} is no candidate for this question")
    first, second = sorted((places[one], places[other]))
    pair: Sequence[Ranked] = (run.ranked[first], run.ranked[second])
    above, below = results_of(run, pair)
    differences = _differences(above.why, below.why)
    return ResultComparison(
        question=run.asked, ranker=run.ranker_name, above=above, below=below, places=(first + 1, second + 1),
        differences=differences, text=_told(differences),
        warnings=run.warnings,
    )  # fmt: skip


def _differences(above: Sequence[Why], below: Sequence[Why]) -> list[Difference]:
    upper, lower = ({why.factor: why for why in whys} for whys in (above, below))
    found = [_difference(upper.get(name), lower.get(name)) for name in upper | lower]
    return sorted(found, key=lambda difference: (-abs(difference.contribution), difference.factor))


def _difference(upper: Why | None, lower: Why | None) -> Difference:
    known = upper or lower
    assert known is not None
    return Difference(
        factor=known.factor,
        title=known.title,
        above=upper.value if upper else None,
        below=lower.value if lower else None,
        contribution=round((upper.contribution if upper else 0.0) - (lower.contribution if lower else 0.0), 6),
    )


def _told(differences: Sequence[Difference]) -> str:
    """What decides, and what speaks against it, in a sentence."""
    total = sum(abs(difference.contribution) for difference in differences)
    telling = [d for d in differences if total and abs(d.contribution) >= TELLING * total]
    ahead = [f"{d.title} ({d.contribution:+.3f})" for d in telling if d.contribution > 0]
    against = [f"{d.title} ({d.contribution:+.3f})" for d in telling if d.contribution < 0]
    if not ahead:
        return (
            "No single factor decides: many small differences do."
            if total
            else "Nothing tells them apart: their scores are equal."
        )
    more = f", although {' and '.join(against)} speaks for the lower one" if against else ""
    return f"The upper one is ahead by {' and '.join(ahead)}{more}."
