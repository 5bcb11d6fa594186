"""Which ranker orders results: the model in use, or rank fusion where no model can be used."""

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from engine.errors import ConfigurationError, OmmaError
from engine.settings import Settings
from ranking.candidate_set import CandidateSet
from ranking.fusion import NAME as FUSION
from ranking.learning.learned import Learned
from ranking.learning.models import Card, Models

logger = logging.getLogger(__name__)
REMEDY = "`omma calibrate` and `omma rank train --generate`"
COOLDOWN_SECONDS = 60.0  # during which a slow model is not used
MAX_FAILURES = 3  # consecutive slow answers: a single one may be due to a busy machine
WARM_UP = CandidateSet(table={"any": {}})


@dataclass(frozen=True, slots=True)
class Selection:
    """The ranker, and one that shares searches with it; None is rank fusion. `warning` says why a model is not used."""

    model: Learned | None = None
    challenger: Learned | None = None
    compared: bool = False  # whether there is a challenger, which may be rank fusion
    in_engine: bool = False  # whether the engine scores by the model, with its Learning to Rank plugin
    warning: str = ""


def in_words(settings: Settings, fingerprints: Mapping[str, str]) -> str:
    """What orders results on an index of these weights, and why, for people."""
    if settings.ranker == "fusion":
        return "rank fusion (OMMA_RANKER)"
    models = Models(settings)
    try:
        chosen = models.state().current
        name = chosen or models.packaged()
        if name in ("", FUSION):
            return "rank fusion: no model is in use"
        card = models.card(name)
    except OmmaError as error:
        return f"rank fusion: {error}"
    if differing := card.differing(fingerprints):
        return f"rank fusion: model {name} learned on an index of other weights ({', '.join(differing)})"
    origin = "promoted here" if chosen else "comes with Omma"
    return f"model {name} ({origin}), learned from {sum(card.examples.values()):,} questions{_quality(card)}"


def _quality(card: Card) -> str:
    """Its NDCG@10 beside that of rank fusion, where both were measured."""
    own, fused = (card.metrics.get(name, {}).get("NDCG@10") for name in (card.recipe.objective, FUSION))
    if own is None or fused is None:
        return ""
    return f"; NDCG@10 on {card.examples.get('test', 0):,} held-out ones {own:.3f}, by rank fusion {fused:.3f}"


class RankerSelector:
    """The rankers of an installation, safe to share between threads. A promoted model is used from the next question."""

    def __init__(
        self, settings: Settings, columns: Callable[[], Sequence[str]], fingerprints: Callable[[], Mapping[str, str]] = dict
    ) -> None:
        """`columns` names the features that the factor table can have now, `fingerprints` the weights that made the index.

        A model ignores features that it was trained without; a feature that it knows and the table lacks is missing (NaN). A
        model that was trained on an index of other weights is not used, because features have other values there.
        """
        self._settings, self._columns, self._fingerprints = settings, columns, fingerprints
        self._models = Models(settings)
        self._lock = threading.Lock()
        self._mark: object = None  # of the state and the weights that the selection was made for
        self._selection = Selection()
        self._news = ""
        self._cooldowns: dict[str, float] = {}  # model -> end of its cooldown
        self._failures: dict[str, int] = {}  # model -> consecutive slow answers

    def choose(self) -> Selection:
        """The ranker in use now; never raises: a model that cannot be used becomes a warning."""
        if self._settings.ranker == "fusion":
            return Selection()
        mark = (self._models.mark(), tuple(sorted(self._fingerprints().items())))
        if mark != self._mark:
            with self._lock:
                if mark != self._mark:
                    self._selection, self._mark = self._load(), mark
        selection = self._selection
        if selection.model and self._cooldowns.get(selection.model.name, 0.0) > time.monotonic():
            return Selection(
                warning=f"model {selection.model.name} was too slow; results are in the order of rank fusion for a while"
            )
        return selection

    def news(self) -> str:
        """A remark for the first question after a model was loaded; empty afterwards."""
        with self._lock:
            news, self._news = self._news, ""
        return news

    def took(self, model: str, milliseconds: float) -> None:
        """Record the time of one order; after repeated slow ones the model is not used for a while."""
        slow = milliseconds > self._settings.rank_patience
        self._failures[model] = self._failures.get(model, 0) + 1 if slow else 0
        if self._failures[model] >= MAX_FAILURES:
            logger.warning(
                "model %s took %.0f ms (OMMA_RANK_PATIENCE); it is not used for %.0f s", model, milliseconds, COOLDOWN_SECONDS
            )
            self._cooldowns[model], self._failures[model] = time.monotonic() + COOLDOWN_SECONDS, 0

    def _load(self) -> Selection:
        try:
            state = self._models.state()
            model = self._ranker(state.current or self._models.packaged())
        except OmmaError as error:
            return self._without(str(error))
        if self._settings.ranker == "sltr":
            return (
                Selection(model, in_engine=True) if model else self._without("no model is in use (`omma rank train --plain`)")
            )
        if model is None and not state.current and self._settings.ranker == "model":
            return self._without("no model is in use (`omma rank train`)")
        try:
            challenger = self._ranker(state.challenger)
        except OmmaError as error:
            return Selection(model, warning=f"not compared with {state.challenger}: {error}")
        return Selection(model, challenger, compared=bool(state.challenger))

    def _ranker(self, name: str) -> Learned | None:
        """A model that fits this installation; None for rank fusion."""
        if name in ("", FUSION):
            return None
        card = self._models.card(name)
        if differing := card.differing(self._fingerprints()):
            raise ConfigurationError(
                f"model {name} learned on an index of other weights ({', '.join(differing)}); {REMEDY} make this one complete"
            )
        model = self._models.load(name)
        if unknown := model.features.unknown(self._columns()):
            self._news = f"{name} was learned without {', '.join(unknown)} and ignores it; `omma rank train` learns it"
            logger.info("%s", self._news)
        try:
            model.contributions(WARM_UP, list(WARM_UP.table))  # the first call is slow
        except Exception as error:  # whatever it is: a model is data, and data must not take the search away
            raise ConfigurationError(f"model {name} failed ({error})") from error
        return model

    def _without(self, why: str) -> Selection:
        logger.warning("no learned model: %s", why)
        return Selection(warning=f"results are in the order of rank fusion: {why}")
