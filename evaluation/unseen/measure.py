"""Measure unseen collections: the table of each kind of question, each variant, and the questions that nothing answers."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Collection as Names
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from engine.errors import ConfigurationError
from engine.settings import Settings
from evaluation import candidate_log, pages
from evaluation.candidate_log import Asked, weights_of
from evaluation.unseen import asking, table
from evaluation.unseen.collection import UnseenSources, unseen_collections
from evaluation.unseen.table import Row
from evaluation.unseen.variants import VARIANTS
from factors.registry import FactorRegistry
from ranking.candidate_set import Ranker
from ranking.learning.examples import Example
from ranking.learning.learned import Learned
from ranking.learning.models import Models
from ranking.learning.train import fitted_on, in_use

Json = dict[str, Any]
Tell = Callable[[str], None]


def ask(data: Path, settings: Settings, tell: Tell, names: Sequence[str] = ()) -> Iterator[Asked]:
    """The answers to all questions to the collections that `data` has (or to the named ones); ConfigurationError if there are
    none.
    """
    there = {name: one for name, one in unseen_collections(settings).items() if one.is_there(data)}
    chosen = {name: one for name, one in there.items() if not names or name in names}
    if not chosen:
        raise ConfigurationError(f"there is no such unseen collection; {data.name} has {', '.join(there)}")
    return asking.everything(chosen, UnseenSources(data, settings, settings.home / "evaluation" / "drawn"), tell)


def measure(
    asked: Sequence[Asked], settings: Settings, learned_from: Sequence[Path], tell: Tell, names: Sequence[str] = ()
) -> Json:
    """All figures of the page, as plain JSON; of the named collections, or of all. ConfigurationError where there are none.

    `learned_from` are the logs that the order was trained on: for collections whose kind is in them, an order is trained
    without these questions; else the order in use answers.
    """
    collections = unseen_collections(settings)
    there = _collections(asked, collections, names)
    chosen = [one for one in asked if table.collection_of(one.set) in there]
    orders = Orders(settings, learned_from, weights_of(chosen), tell)
    rows = table.rows(chosen, collections, orders, FactorRegistry.of(settings).feature_names())
    return {
        "surroundings": pages.surroundings(settings), "order": orders.name, "trained_without": orders.trained,
        "rows": [asdict(row) for row in rows], "nothing": [asdict(one) for one in table.nothings(chosen)],
        "summary": summary(rows), "collections": {name: one.about for name, one in collections.items() if name in there},
        "variants": {variant.name: variant.about for variant in VARIANTS},
    }  # fmt: skip


def _collections(asked: Sequence[Asked], collections: Names[str], names: Sequence[str]) -> set[str]:
    """The collections that were asked, as far as they are named. ConfigurationError where one is not known, or none is left."""
    there = {table.collection_of(one.set) for one in asked}
    if unknown := sorted(there - set(collections)):
        raise ConfigurationError(
            f"{', '.join(unknown)}: not an unseen collection; `omma rank collect FILE --data FOLDER --unseen` makes such a log"
        )
    chosen = {name for name in there if not names or name in names}
    if not chosen:
        raise ConfigurationError(f"there is no such collection in the log; it has {', '.join(sorted(there)) or 'no question'}")
    return chosen


def summary(rows: Sequence[Row]) -> Json:
    """How many rows are below, level with, and above the best single factor; means over all rows."""
    counts = {verdict: sum(row.verdict == verdict for row in rows) for verdict in ("below", "level", "above")}
    means = {name: _mean([getattr(row, name)[table.MEASURE] for row in rows]) for name in ("alone", "fusion", "whole")}
    return counts | means | {"at_least": sum(row.against.change >= 0 for row in rows), "lost": _mean([r.lost for r in rows])}


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values)) if values else 0.0


class Orders:
    """The order for a collection: the one in use, or one that is trained without the questions about such images."""

    def __init__(self, settings: Settings, learned_from: Sequence[Path], weights: Mapping[str, str], tell: Tell) -> None:
        """`learned_from`: the logs that the order in use was trained on, if they are at hand; `weights`: of the questions."""
        models = Models(settings)
        self._current = in_use(models, settings, weights)
        self.name = self._current.name
        self._recipe = models.card(self.name).recipe if isinstance(self._current, Learned) else None
        self._log = [one for file in learned_from for one in candidate_log.read(file)]
        self._tell = tell
        self._made: dict[tuple[str, ...], Ranker] = {}
        self.trained: list[str] = []

    def __call__(self, left_out: tuple[str, ...]) -> Ranker:
        """The order that learned nothing from these evaluation sets and collections; the one in use without a log."""
        if not left_out or not self._log or self._recipe is None:
            return self._current
        if left_out not in self._made:
            self._tell(f"training without {', '.join(left_out)}")
            self.trained.append(", ".join(left_out))
            used = [one for one in self._log if not {one.set, table.collection_of(one.set)} & set(left_out)]
            examples: list[Example] = [one.example(self._recipe.features.columns) for one in used]
            self._made[left_out] = fitted_on(examples, self._recipe)
        return self._made[left_out]
