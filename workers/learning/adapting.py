"""Adapting to the collection: once it has changed enough, Omma calibrates on its own questions, which need no judgement.

Where no model fits the weights of the index, so that rank fusion orders results, an order is trained on transformed copies,
too, and the gate decides whether it is used. A model that fits is kept: copies alone would teach it less than it knows.

Celery's beat asks every minute whether this is due (`omma.adapt`). It is where an ingest has ended, and the collection is new,
has other weights, or its number of documents has changed by a fifth since the last time. Questions take at most
OMMA_ADAPT_MINUTES, and give way to an ingest that begins meanwhile.
"""

import logging
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from pydantic import BaseModel, Field, ValidationError
from redis import Redis

from engine.connections import Context
from engine.errors import ConfigurationError, EngineUnavailable
from engine.settings import Settings
from ingest.jobs import UNFINISHED, Jobs
from mappings.versions import alias, count
from query.encoder import CanEncode
from query.search import Searcher
from ranking.calibrations import Calibrations
from ranking.fusion import NAME as FUSION
from ranking.learning.models import Models
from workers.learning.calibration import of_installation
from workers.learning.generated import judge
from workers.learning.training import train

MIN_DOCUMENTS = 50  # of a collection that can be adapted to
MIN_CHANGE = 0.2  # of the number of documents, after which it is due again
QUESTIONS = 60  # of each kind
COPIES = 200  # of images, that an order is trained on
SEED = 7  # of the random choice of documents
LATEST_JOBS = 20  # among which one that runs is looked for
SPARE_SECONDS = 1800.0  # after the questions, for fitting; the lock of a lost process expires that much later
Extractor = Callable[[], CanEncode] | None  # that of `Searcher`
logger = logging.getLogger(__name__)


class Adaptation(BaseModel):
    """The latest adaptation, and the collection that it was made for."""

    made: datetime
    documents: int
    weights: dict[str, str] = Field({}, description="Extractor -> fingerprint of the index")
    questions: int = 0
    seconds: float = 0.0
    calibration: str = Field("", description="Id of the calibration; empty where there was none")
    outcome: str = Field(description="In words")


def adapt(context: Context, extractor: Extractor = None) -> str:
    """Adapt if that is due and no other process does; returns the outcome in words. `extractor` is that of `Searcher`."""
    redis, settings = context.redis, context.settings
    if not settings.adapt:
        return "switched off (OMMA_ADAPT)"
    searcher = Searcher.of_every_feature(context, extractor)
    try:
        number, weights = count(context.client, alias(settings)), searcher.fingerprints()
    except EngineUnavailable as error:
        return f"waiting for the engine: {error}"
    if why := not_due(redis, settings, number, weights):
        return why
    lock = redis.lock(_key(settings, "adapting"), timeout=60 * settings.adapt_minutes + SPARE_SECONDS)
    if not lock.acquire(blocking=False):
        return "another process is adapting"
    try:
        found = _adapted(context, searcher, number, weights, extractor)
        if found is None:
            return "gave way to an ingest"
        redis.set(_key(settings, "adaptation"), found.model_dump_json())
        return found.outcome
    finally:
        lock.release()


def not_due(redis: Redis, settings: Settings, documents: int, weights: Mapping[str, str]) -> str:
    """Why this collection is not adapted to now; empty where it is due."""
    if documents < MIN_DOCUMENTS:
        return f"{documents} documents are too few to adapt to ({MIN_DOCUMENTS})"
    if is_ingesting(redis, settings):
        return "an ingest runs"
    last = latest(redis, settings)
    if last and last.weights == dict(weights) and abs(documents - last.documents) < MIN_CHANGE * last.documents:
        return "not due"
    return ""


def is_ingesting(redis: Redis, settings: Settings) -> bool:
    """Whether a job is waiting or running."""
    return any(job.state in UNFINISHED for job in Jobs(redis, settings.index_prefix).list(LATEST_JOBS))


def latest(redis: Redis, settings: Settings) -> Adaptation | None:
    """The latest adaptation; None where there was none, or its record cannot be read."""
    try:
        return Adaptation.model_validate_json(str(redis.get(_key(settings, "adaptation")) or ""))
    except ValidationError:
        return None


def _adapted(
    context: Context, searcher: Searcher, documents: int, weights: Mapping[str, str], extractor: Extractor
) -> Adaptation | None:
    """Calibrate and take the result into use; None where an ingest began meanwhile, after which it is due again."""
    begun, gave_way = time.monotonic(), False

    def proceed() -> bool:
        nonlocal gave_way
        gave_way = is_ingesting(context.redis, context.settings)
        return not gave_way and time.monotonic() - begun < 60 * context.settings.adapt_minutes

    record = Adaptation(made=datetime.now(UTC), documents=documents, weights=dict(weights), outcome="")
    try:
        made = of_installation(context, QUESTIONS, SEED, logger.info, searcher=searcher, proceed=proceed)
    except ConfigurationError as error:
        return None if gave_way else record.model_copy(update={"outcome": str(error)})
    if gave_way:
        return None
    Calibrations(context.settings).add(made)
    outcome = f"calibrated on {made.card.questions} questions of its own documents"
    if lacks_model(context.settings, weights):
        outcome += f"; {_ordered(context, extractor)}"
    seconds = round(time.monotonic() - begun, 1)
    done = {"questions": made.card.questions, "seconds": seconds, "calibration": made.card.id, "outcome": outcome}
    return record.model_copy(update=done)


def lacks_model(settings: Settings, weights: Mapping[str, str]) -> bool:
    """Whether rank fusion orders results because no model fits the weights of the index."""
    models = Models(settings)
    name = models.state().current or models.packaged()
    return settings.ranker != FUSION and name not in ("", FUSION) and bool(models.card(name).differing(weights))


def _ordered(context: Context, extractor: Extractor) -> str:
    """Train an order on judgements of transformed copies; returns the outcome in words."""
    judge(COPIES, SEED, context.settings)
    return train(context, extractor)


def _key(settings: Settings, name: str) -> str:
    return f"{settings.index_prefix}:rank:{name}"
