"""How far raters agree beyond chance, over documents that all of them judged."""

from collections.abc import Iterable, Sequence
from itertools import combinations

import numpy as np
from pydantic import BaseModel, Field

from ranking.judgements.judgement import BEST, Judgement

GRADES = list(range(BEST + 1))


class Pair(BaseModel):
    """Two raters: Cohen's kappa (1960), and with quadratic weights (1968), by which near misses count less."""

    raters: tuple[str, str]
    documents: int
    kappa: float | None = Field(None, description="Empty where it says nothing: nothing in common, or one grade only")
    weighted: float | None = None


class Agreement(BaseModel):
    """All raters together: Fleiss' kappa over what all of them judged; then pair by pair."""

    raters: list[str]
    documents: int = Field(description="Judged by all of them")
    fleiss: float | None = None
    pairs: list[Pair]
    summary: str


def agreement(judgements: Iterable[Judgement]) -> Agreement:
    """Of people; what was clicked or generated has no opinion."""
    said: dict[str, dict[tuple[str, str], int]] = {}
    for judgement in judgements:
        if judgement.source == "person":
            said.setdefault(judgement.rater, {})[judgement.topic, judgement.document] = judgement.grade
    raters = sorted(said)
    common = sorted(set.intersection(*(set(own) for own in said.values()))) if said else []
    counts = [[sum(said[rater][key] == grade for rater in raters) for grade in GRADES] for key in common]
    kappa = fleiss(counts) if len(raters) > 1 else None
    pairs = [_pair(one, other, said) for one, other in combinations(raters, 2)]
    return Agreement(
        raters=raters, documents=len(common), fleiss=kappa, pairs=pairs, summary=_summary(raters, len(common), kappa)
    )


def fleiss(counts: Sequence[Sequence[int]]) -> float | None:
    """Fleiss: Measuring nominal scale agreement among many raters (1971).

    `counts` [subjects, grades]: how many raters gave each grade, the same number for every subject. None where there is no
    subject, or only one grade was ever given: chance alone would agree as much.
    """
    table = np.asarray(counts, dtype=np.float64)
    if table.size == 0:
        return None
    raters = table[0].sum()
    by_chance = float(((table.sum(axis=0) / table.sum()) ** 2).sum())
    if raters <= 1 or np.isclose(by_chance, 1.0):
        return None
    agreed = float((((table**2).sum(axis=1) - raters) / (raters * (raters - 1))).mean())
    return round((agreed - by_chance) / (1 - by_chance), 4)


def _pair(one: str, other: str, said: dict[str, dict[tuple[str, str], int]]) -> Pair:
    from sklearn.metrics import cohen_kappa_score  # noqa: PLC0415  (takes seconds to import)

    common = sorted(said[one].keys() & said[other].keys())
    ours, theirs = ([said[rater][key] for key in common] for rater in (one, other))
    if len({*ours, *theirs}) <= 1:
        return Pair(raters=(one, other), documents=len(common))
    plain, weighted = (round(float(cohen_kappa_score(ours, theirs, labels=GRADES, weights=w)), 4) for w in (None, "quadratic"))
    return Pair(raters=(one, other), documents=len(common), kappa=plain, weighted=weighted)


def _summary(raters: Sequence[str], documents: int, kappa: float | None) -> str:
    """The scale of Landis and Koch (1977), for people."""
    if len(raters) <= 1:
        return "Agreement takes two people who judged the same results."
    if not documents:
        return "No result was judged by all of them."
    if kappa is None:
        return "Only one grade was given, which chance alone would agree on."
    steps = ((0.0, "poor"), (0.2, "slight"), (0.4, "fair"), (0.6, "moderate"), (0.8, "substantial"))
    word = next((name for limit, name in steps if kappa <= limit), "almost perfect")
    return f"Agreement is {word} (Fleiss' kappa {kappa:.2f} over {documents} results)."
