"""Taking a model into use: only one by which the ranker of the settings can order.

With `OMMA_RANKER=sltr` that ranker is the engine, so the model is put into the Learning to Rank plugin's store first. A model
that is promoted without that would leave every later search to rank fusion.
"""

from collections.abc import Callable

from opensearchpy import OpenSearch

from engine.client import connect
from engine.errors import ConfigurationError, NotFoundError
from engine.settings import Settings
from ranking.fusion import NAME as FUSION
from ranking.learning.learned import Learned
from ranking.learning.models import Models
from ranking.plugin.upload import Export, export, upload
from ranking.versions import State

IN_ENGINE = "sltr"
Connect = Callable[[Settings], OpenSearch]


def promote(model: str, settings: Settings, connected: Connect = connect) -> State:
    """Take a model (or `fusion`) into use; with `OMMA_RANKER=sltr` put it into the engine first.

    NotFoundError; ConfigurationError where the model cannot be loaded, or cannot be held by the
    engine; EngineUnavailable. Nothing changes then.
    """
    models = Models(settings)
    _prepare(model, models, settings, connected)
    return models.promote(model)


def rollback(settings: Settings, connected: Connect = connect) -> State:
    """Return to the model in use before, under the same conditions; NotFoundError where there was none."""
    models = Models(settings)
    previous = models.state().previous
    if not previous:
        raise NotFoundError("no model was in use before this one")
    _prepare(previous[0], models, settings, connected)
    return models.rollback()


def is_orderable(learned: Learned, settings: Settings) -> bool:
    """Whether the ranker of the settings can compute what the model reads."""
    try:
        _exported(learned, settings)
    except ConfigurationError:
        return False
    return True


def _prepare(model: str, models: Models, settings: Settings, connected: Connect) -> None:
    """Raise what keeps the model from being used; put it into the engine where that ranks."""
    if model in ("", FUSION):
        return
    learned = models.load(model)
    exported = _exported(learned, settings)
    if exported is not None:
        upload(connected(settings), exported)


def _exported(learned: Learned, settings: Settings) -> Export | None:
    """The model in the engine's form, None where the engine does not rank; ConfigurationError where it cannot be held there."""
    if settings.ranker != IN_ENGINE:
        return None
    try:
        return export(learned)
    except ConfigurationError as error:
        raise ConfigurationError(
            f"model {learned.name} cannot be used with OMMA_RANKER=sltr: {error}; or set OMMA_RANKER=model"
        ) from error
