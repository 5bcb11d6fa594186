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
from evaluation.calibration import of_logs
from evaluation.candidate_log import Asked, weights_of
from evaluation.unseen import adapted, asking, certainty, table
from evaluation.unseen.certainty import Certainty
from evaluation.unseen.collection import UnseenCollection, UnseenSources, unseen_collections
from evaluation.unseen.table import Row
from evaluation.unseen.variants import AS_IT_IS, VARIANTS
from factors.registry import FactorRegistry
from ranking import cutoff
from ranking.calibrations import Calibrations
from ranking.candidate_set import Ranker
from ranking.evidence import Evidence, Evidences
from ranking.learning.examples import Example
from ranking.learning.learned import Learned
from ranking.learning.models import Models
from ranking.learning.train import fitted_on, in_use

Json = dict[str, Any]
Tell = Callable[[str], None]
UNCALIBRATED = Evidence(prior=0.0, curves={})


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

    `learned_from` are the logs that the order and the evidence were learned from: for collections whose kind is in them, both
    are learned without these questions; else those in use answer.
    """
    collections = unseen_collections(settings)
    there = _collections(asked, collections, names)
    surroundings = pages.surroundings(settings)  # before what takes long: without a server all of it would be for nothing
    factors = FactorRegistry.of(settings)
    learned = LearnedParts(settings, learned_from, weights_of(asked), factors, tell)
    posed = [one for one in asked if table.collection_of(one.set) in there]
    chosen = [learned.cut(one, collections) for one in posed if not one.own]
    adapting = adapted.Adapting(adapted.by_place(posed, factors), learned.features)
    changes = adapting.changes(chosen, lambda one: learned.evidence_for(one, collections))
    rows = table.rows(chosen, collections, learned.order, factors.feature_names())
    certain = [learned.certainty(one, collections) for one in chosen if one.variant == AS_IT_IS.name]
    return {
        "surroundings": surroundings, "order": learned.name, "trained_without": learned.trained,
        "rows": [asdict(row) for row in rows], "certainty": certainty.figures(certain), "adapted": adapted.figures(changes),
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


class LearnedParts:
    """The order and the evidence for a collection: those in use, or learned without the questions about such images."""

    def __init__(
        self, settings: Settings, learned_from: Sequence[Path], weights: Mapping[str, str], factors: FactorRegistry, tell: Tell
    ) -> None:
        """`learned_from`: the logs that both were learned from, if they are at hand; `weights`: of the questions."""
        models = Models(settings)
        self._current = in_use(models, settings, weights)
        self._evidence, self._factors = Calibrations(settings).in_use(weights).evidence, factors
        self.features = {feature.name: feature for feature in factors.every_feature}
        self.name = self._current.name
        self._recipe = models.card(self.name).recipe if isinstance(self._current, Learned) else None
        self._log = [one for file in learned_from for one in candidate_log.read(file)]
        self._tell = tell
        self._orders: dict[tuple[str, ...], Ranker] = {}
        self._evidences: dict[tuple[str, ...], Evidences] = {}
        self.trained: list[str] = []

    def order(self, left_out: tuple[str, ...]) -> Ranker:
        """The order that learned nothing from these evaluation sets and collections; the one in use without a log."""
        if not left_out or not self._log or self._recipe is None:
            return self._current
        if left_out not in self._orders:
            self._tell(f"training without {', '.join(left_out)}")
            self.trained.append(", ".join(left_out))
            examples: list[Example] = [one.example(self._recipe.features.columns) for one in self._without(left_out)]
            self._orders[left_out] = fitted_on(examples, self._recipe)
        return self._orders[left_out]

    def evidence(self, left_out: tuple[str, ...]) -> Evidences:
        """The same for the evidence of the cutoff."""
        if not left_out or not self._log:
            return self._evidence
        if left_out not in self._evidences:
            self._tell(f"calibrating without {', '.join(left_out)}")
            self._evidences[left_out] = of_logs(self._without(left_out), self._factors, "").evidence
        return self._evidences[left_out]

    def cut(self, asked: Asked, collections: Mapping[str, UnseenCollection]) -> Asked:
        """The question with the candidates that the cutoff keeps at present, whatever it kept when it was asked."""
        candidates = asked.example().candidate_set
        kept = cutoff.apply(candidates, self.evidence_for(asked, collections), self.features).documents
        return asked.model_copy(update={"kept": [at for at, i in enumerate(asked.wide.table) if i in kept]})

    def certainty(self, asked: Asked, collections: Mapping[str, UnseenCollection]) -> Certainty:
        """How certain the answer is, and whether it is right."""
        return certainty.certainty(asked, self.evidence_for(asked, collections), self.features)

    def evidence_for(self, asked: Asked, collections: Mapping[str, UnseenCollection]) -> Evidence:
        """The evidence for a question."""
        one = collections[table.collection_of(asked.set)]
        found = self.evidence(one.left_out)
        return found.of(asked.wide.query_features.intent) or UNCALIBRATED

    def _without(self, left_out: Names[str]) -> list[Asked]:
        return [one for one in self._log if not {one.set, table.collection_of(one.set)} & set(left_out)]
