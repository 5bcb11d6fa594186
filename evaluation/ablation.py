"""More factors, more quality: models with one factor more at a time, and with one factor less.

Each model is trained anew on the candidates and features of its factors alone, and measured in the same way on collections that
nothing was trained on: a factor that is left out neither retrieves nor orders.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import matplotlib as mpl
import numpy as np

from evaluation.candidate_log import Asked, factor_of
from evaluation.compare import alone, outcome
from evaluation.pages import DOCS
from evaluation.unseen.collection import UnseenCollection
from evaluation.unseen.table import collection_of
from evaluation.unseen.variants import AS_IT_IS
from ranking.learning.features import FeatureSet
from ranking.learning.learned import Recipe
from ranking.learning.measures import Compared, compare, interval, ndcg
from ranking.learning.train import BLEND, fitted_on

CURVE = DOCS / "images" / "more-factors.svg"
INK, SOFT, ACCENT = "#1c2024", "#8a8780", "#b4552d"


@dataclass(frozen=True, slots=True)
class Step:
    """One set of factors: mean NDCG@10 over questions, its 95 % interval, and the change to the set before."""

    factor: str
    factors: tuple[str, ...]
    mean: float
    low: float
    high: float
    against: Compared | None = None


@dataclass(frozen=True, slots=True)
class Curve:
    """Factors added one by one, the strongest first; and all factors but one."""

    added: list[Step]
    dropped: list[Step]
    questions: int


def unseen_of(asked: Sequence[Asked], collections: Mapping[str, UnseenCollection]) -> list[Asked]:
    """The questions to collections, as they are, from which nothing ever learns."""
    found = [one for one in asked if one.variant == AS_IT_IS.name and one.grades and not one.own]
    return [one for one in found if not collections[collection_of(one.set)].learnable]


def draw_curve(
    learned_from: Sequence[Asked], unseen: Sequence[Asked], columns: Sequence[str], tell: Callable[[str], None]
) -> Curve:
    """Train every step on the first questions, but for those that quality is measured by, and measure it on the others.

    `columns` are those of all factors.
    """
    known = [one for one in learned_from if one.grades and one.side != "test"]
    factors = strongest_first(known, list(dict.fromkeys(map(factor_of, columns))))
    prefixes = [tuple(factors[: n + 1]) for n in range(len(factors))]
    without = {factor: tuple(f for f in factors if f != factor) for factor in factors}
    measured: dict[tuple[str, ...], dict[str, float]] = {}
    for chosen in dict.fromkeys([*prefixes, *without.values()]):
        measured[chosen] = _measured(known, unseen, [c for c in columns if factor_of(c) in chosen], set(chosen))
        tell(f"{len(chosen)} factors ({', '.join(chosen)}): NDCG@10 {np.mean([*measured[chosen].values()]):.4f}")
    before = [None, *(measured[prefix] for prefix in prefixes)]
    added = [_step(factors[n], prefix, measured[prefix], before[n]) for n, prefix in enumerate(prefixes)]
    whole = measured[prefixes[-1]]
    dropped = [_step(factor, others, measured[others], whole) for factor, others in without.items()]
    return Curve(added, dropped, len(whole))


def strongest_first(known: Sequence[Asked], factors: Sequence[str]) -> list[str]:
    """Factors by the NDCG@10 of each alone, on the questions that models learn from."""
    strength = {f: float(np.mean([*outcome(known, alone(f)).figures["NDCG@10"].values()])) for f in factors}
    return sorted(factors, key=lambda factor: (-strength[factor], factor))


def plot(curve: Curve, path: Path) -> None:
    """The curve as SVG: mean NDCG@10 by number of factors, with intervals."""
    mpl.use("svg")
    from matplotlib import pyplot  # noqa: PLC0415  (only after the backend is chosen)

    with mpl.rc_context({"svg.hashsalt": "omma", "font.family": "sans-serif", "text.color": INK, "axes.edgecolor": SOFT}):
        figure, axes = pyplot.subplots(figsize=(7.6, 4.2))
        at = np.arange(1, len(curve.added) + 1)
        axes.fill_between(at, [s.low for s in curve.added], [s.high for s in curve.added], color=ACCENT, alpha=0.15, lw=0)
        axes.plot(at, [step.mean for step in curve.added], color=ACCENT, marker="o")
        axes.set_xticks(at, [f"+ {step.factor}" if n else step.factor for n, step in enumerate(curve.added)], rotation=28)
        axes.set_ylabel("NDCG@10")
        axes.set_title(
            f"More factors, more quality ({curve.questions} questions to unseen collections)", loc="left", fontsize=11
        )
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(axis="y", color=SOFT, alpha=0.25)
        figure.tight_layout()
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path, format="svg", metadata={"Date": None})
        pyplot.close(figure)


def _measured(
    known: Sequence[Asked], unseen: Sequence[Asked], columns: Sequence[str], factors: Collection[str]
) -> dict[str, float]:
    """NDCG@10 of unseen questions by a model that has only these columns."""
    learned, measured = ([one.example(one.columns_of(factors)) for one in side] for side in (known, unseen))
    return ndcg(measured, fitted_on(learned, Recipe(features=FeatureSet(columns=tuple(columns)), blend=BLEND)))


def _step(factor: str, factors: tuple[str, ...], values: dict[str, float], before: dict[str, float] | None) -> Step:
    low, high = interval(values.values())
    against = None if before is None else compare(before, values)
    return Step(factor, factors, float(np.mean([*values.values()])), low, high, against)
