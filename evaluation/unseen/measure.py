"""Measure unseen collections: the table of each kind of question, each variant, and the questions that nothing answers."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from engine.settings import Settings
from evaluation import candidate_log, pages
from evaluation.candidate_log import Asked
from evaluation.unseen import asking, table
from evaluation.unseen.collection import UnseenSources, unseen_collections
from evaluation.unseen.table import Row
from evaluation.unseen.variants import VARIANTS
from factors.registry import FactorRegistry
from ranking.candidate_set import Ranker
from ranking.fusion import Fusion
from ranking.learning.examples import Example
from ranking.learning.models import Models
from ranking.learning.train import fitted_on

Json = dict[str, Any]
Tell = Callable[[str], None]


def ask(data: Path, settings: Settings, tell: Tell, names: Sequence[str] = ()) -> Iterator[Asked]:
    """The answers to all questions to the collections that `data` has (or to the named ones)."""
    found = {name: one for name, one in unseen_collections(tuple(settings.plugin_path)).items() if one.is_there(data)}
    chosen = {name: one for name, one in found.items() if not names or name in names}
    sources = UnseenSources(data, settings, settings.home / "evaluation" / "drawn")
    return asking.everything(chosen, sources, tell)


def measure(asked: Sequence[Asked], settings: Settings, learned_from: Sequence[Path], tell: Tell) -> Json:
    """All figures of the page. `learned_from` are the logs that the order was trained on: for collections whose kind is in
    them, an order is trained without these questions; else the order in use answers.
    """
    collections = unseen_collections(tuple(settings.plugin_path))
    orders = Orders(settings, learned_from, tell)
    there = {one.set.partition(":")[0] for one in asked}
    rows = table.rows(asked, collections, orders, FactorRegistry.of(settings).feature_names())
    return {
        "surroundings": pages.surroundings(settings), "order": orders.name, "trained_without": orders.trained,
        "rows": rows, "verdicts": [row.verdict for row in rows], "nothing": table.nothings(asked), "summary": summary(rows),
        "collections": {name: one.about for name, one in collections.items() if name in there},
        "variants": {variant.name: variant.about for variant in VARIANTS},
    }  # fmt: skip


def summary(rows: Sequence[Row]) -> Json:
    """How many rows are below, level with, and above the best single factor; means over all rows."""
    counts = {verdict: sum(row.verdict == verdict for row in rows) for verdict in ("below", "level", "above")}
    means = {name: float(np.mean([getattr(row, name)[table.MEASURE] for row in rows])) for name in ("alone", "fusion", "whole")}
    return counts | means | {"at_least": sum(row.against.change >= 0 for row in rows), "lost": _mean([r.lost for r in rows])}


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values)) if values else 0.0


class Orders:
    """The order for a collection: the one in use, or one that is trained without the questions about such images."""

    def __init__(self, settings: Settings, learned_from: Sequence[Path], tell: Tell) -> None:
        """`learned_from`: the logs that the order in use was trained on, if they are at hand."""
        models = Models(settings)
        current = models.state().current or models.packaged()
        self._current: Ranker = models.load(current) if current not in ("", "fusion") else Fusion()
        self._recipe = models.card(current).recipe if current not in ("", "fusion") else None
        self._log = [one for file in learned_from for one in candidate_log.read(file)]
        self._tell = tell
        self._made: dict[tuple[str, ...], Ranker] = {}
        self.name = self._current.name
        self.trained: list[str] = []

    def __call__(self, left_out: tuple[str, ...]) -> Ranker:
        """The order that learned nothing from these evaluation sets and collections; the one in use without a log."""
        if not left_out or not self._log or self._recipe is None:
            return self._current
        if left_out not in self._made:
            self._tell(f"training without {', '.join(left_out)}")
            self.trained.append(", ".join(left_out))
            used = [one for one in self._log if one.set not in left_out and one.set.partition(":")[0] not in left_out]
            examples: list[Example] = [one.example(self._recipe.features.columns) for one in used]
            self._made[left_out] = fitted_on(examples, self._recipe)
        return self._made[left_out]
