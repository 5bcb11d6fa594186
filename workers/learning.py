"""Learning on a schedule: when there is enough new to learn from, or enough time has gone by. Never in a request."""

import logging
import time
from datetime import UTC, datetime

from redis import Redis

from engine.context import Context
from engine.errors import ConfigurationError
from engine.settings import Settings
from query.search import Searcher
from query.teaching import of_installation
from ranking.judgements.store import Judgements
from ranking.learning.train import retrain

logger = logging.getLogger(__name__)
LONGEST = 4 * 3600  # seconds after which a training that was lost no longer keeps others out
FEWEST = 10  # judged or clicked questions that are worth a training


def due(redis: Redis, store: Judgements, settings: Settings) -> bool:
    """Whether enough was judged since the last look, or enough time went by and anything was judged at all."""
    seen = redis.get(_key(settings, "looked"))
    last = float(str(seen)) if seen is not None else None
    if last is None or time.time() - last >= 3600 * settings.rank_hours:
        return True
    return store.since(datetime.fromtimestamp(last, UTC)) >= settings.rank_judgements


def learn(context: Context, *, force: bool = False) -> str:
    """Train if it is due, one at a time; what came of it, in words."""
    redis, settings = context.redis, context.settings
    if not force and not due(redis, Judgements(context.client, settings), settings):
        return "not due"
    lock = redis.lock(_key(settings, "training"), timeout=LONGEST)
    if not lock.acquire(blocking=False):
        return "another process is training"
    try:
        redis.set(_key(settings, "looked"), time.time())
        return _train(context)
    finally:
        lock.release()


def _train(context: Context) -> str:
    said: list[str] = []
    searcher = Searcher(context)
    examples = of_installation(searcher, context.client, said.append)
    if len(examples) < FEWEST:
        return f"{len(examples)} questions are too few to learn from ({FEWEST})"
    try:
        retrain(examples, context.settings, tell=said.append, weights=searcher.fingerprints())
    except ConfigurationError as error:
        said.append(str(error))
    for line in said:
        logger.info("%s", line)
    return said[-1]


def _key(settings: Settings, name: str) -> str:
    return f"{settings.index_prefix}:rank:{name}"
