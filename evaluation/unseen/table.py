"""The table of unseen collections: the whole product beside rank fusion and the best single factor, and the cutoff.

The best single factor is the one with the highest mean on the very questions of the row: nobody could have known it before,
so it is a strict bar. P-values are corrected for the number of rows (Holm, A Simple Sequentially Rejective Multiple Test
Procedure, 1979).
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from evaluation.candidate_log import Asked, factor_of
from evaluation.compare import Outcome, System, alone, fusion, outcome
from evaluation.unseen.collection import UnseenCollection
from evaluation.unseen.variants import AS_IT_IS, OFF
from ranking.candidate_set import Ranker
from ranking.learning.measures import Compared, compare

MEASURE = "NDCG@10"
SHOWN = ("NDCG@10", "R@1", "R@5", "R@10")
SIGNIFICANT = 0.05
Models = Callable[[tuple[str, ...]], Ranker]  # sets and collections that the order must not have learned from -> the order


@dataclass(frozen=True, slots=True)
class Row:
    """One kind of question to one variant of a collection.

    `recall`: share of the right documents among the candidates. `best`: the best single factor. `against`: the whole product
    against it; `holm` is its corrected p. `lost`: share of the questions whose right document is a candidate and is cut off.
    """

    set: str
    variant: str
    questions: int
    recall: float
    best: str
    alone: dict[str, float]
    fusion: dict[str, float]
    whole: dict[str, float]
    against: Compared
    lost: float
    holm: float = 1.0

    @property
    def verdict(self) -> str:
        """`below`, `above` or `level`, outside noise."""
        if self.holm >= SIGNIFICANT:
            return "level"
        return "above" if self.against.change > 0 else "below"


def rows(
    asked: Iterable[Asked], collections: Mapping[str, UnseenCollection], models: Models, columns: Sequence[str]
) -> list[Row]:
    """Every row, with corrected p-values; `columns` are the features in use."""
    found = []
    for (name, variant), group in grouped(asked).items():
        one = collections[collection_of(name)]
        model = models(one.left_out)
        found.append(_row(name, variant, group, model, columns))
        for off in OFF if variant == AS_IT_IS.name else ():
            left = [column for column in columns if factor_of(column) not in off.without]
            if _matters(group, off.without, columns):
                found.append(_row(name, off.name, group, model, left))
    return corrected(found)


def collection_of(name: str) -> str:
    """The collection that a set of questions is about: `covers` of `covers: photo to cover`."""
    return name.partition(":")[0]


def grouped(asked: Iterable[Asked]) -> dict[tuple[str, str], list[Asked]]:
    """Questions with answers, but for a collection's own, by set and variant."""
    found: dict[tuple[str, str], list[Asked]] = {}
    for one in asked:
        if one.grades and not one.own:
            found.setdefault((one.set, one.variant), []).append(one)
    return found


def corrected(found: Sequence[Row]) -> list[Row]:
    """The rows with Holm's p-values: the smallest times the number of rows, the next times one less, never falling."""
    by_p = sorted(range(len(found)), key=lambda at: found[at].against.p)
    holm, largest = list(found), 0.0
    for place, at in enumerate(by_p):
        largest = max(largest, min(1.0, (len(found) - place) * found[at].against.p))
        holm[at] = replace(found[at], holm=largest)
    return holm


def _matters(group: Sequence[Asked], factors: Collection[str], columns: Collection[str]) -> bool:
    """Whether the questions have a feature of these factors, and others beside."""
    there = {column for one in group for column in one.wide.fusion_config.weights if column in columns}
    off = {column for column in there if factor_of(column) in factors}
    return bool(off) and bool(there - off)


def _row(name: str, variant: str, group: Sequence[Asked], model: Ranker, columns: Sequence[str]) -> Row:
    whole, fused = outcome(group, _ordered(model, columns)), outcome(group, fusion(columns))
    best, single = _best(group, columns)
    return Row(
        set=name, variant=variant, questions=len(group), recall=float(np.mean([*whole.recall.values()])), best=best,
        alone=_means(single), fusion=_means(fused), whole=_means(whole),
        against=compare(single.figures[MEASURE], whole.figures[MEASURE]), lost=float(np.mean([_is_lost(one) for one in group])),
    )  # fmt: skip


def _ordered(model: Ranker, columns: Collection[str]) -> System:
    return lambda one: (one.example(columns), model)


def _best(group: Sequence[Asked], columns: Collection[str]) -> tuple[str, Outcome]:
    """The single factor with the highest mean, over its own candidates in its own order."""
    factors = sorted({factor_of(column) for one in group for column in one.wide.fusion_config.weights if column in columns})
    singles = {factor: outcome(group, alone(factor)) for factor in factors}
    best = max(factors, key=lambda factor: float(np.mean([*singles[factor].figures[MEASURE].values()])))
    return best, singles[best]


def _means(found: Outcome) -> dict[str, float]:
    return {measure: float(np.mean([*found.figures[measure].values()])) for measure in SHOWN}


def _is_lost(one: Asked) -> bool:
    """Whether a right document is among the candidates, and none passes the cutoff."""
    ids = list(one.wide.table)
    there = [at for at, document in enumerate(ids) if document in one.grades]
    return bool(there) and not set(there) & set(one.kept)
