"""Entities follow the collection: after an ingest, those that its documents make are made anew, and WordNet is loaded once.

Celery's beat asks every minute whether this is due (`omma.entities`): where no ingest runs, and documents were added, changed
or deleted since the last time.
"""

from collections.abc import Callable
from typing import Any

from opensearchpy.exceptions import NotFoundError as MissingError
from redis import Redis

from answers.entities.loading import load
from answers.entities.store import EncodesNames
from engine.connections import Context, guard
from engine.errors import ConfigurationError, EngineUnavailable
from mappings.versions import alias
from workers.learning.adapting import is_ingesting

LOCK_SECONDS = 1800  # after which the lock of a lost process expires
LOADED_AT_ONCE = 1000  # entities of WordNet, between two checks whether an ingest runs
LOADED = "loaded"  # all of WordNet; until then, how many of its entities were loaded
DEFAULT, OWN = "wordnet", "collection"  # loaders
Extractor = Callable[[], EncodesNames]


def follow(context: Context, extractor: Extractor) -> str:
    """Make the entities anew if that is due and no other process does; the outcome in words."""
    redis, key = context.redis, f"{context.settings.index_prefix}:entities"
    try:
        state = state_of(context)
    except EngineUnavailable as error:
        return f"waiting for the engine: {error}"
    if is_ingesting(redis, context.settings):
        return "an ingest runs"
    is_due = redis.hget(key, OWN) != state
    if not state or (not is_due and redis.hget(key, DEFAULT) == LOADED):
        return "not due"
    lock = redis.lock(f"{key}:lock", timeout=LOCK_SECONDS)
    if not lock.acquire(blocking=False):
        return "another process does"
    try:
        written = load(context, extractor, OWN).written if is_due else 0
        redis.hset(key, OWN, state)
        return f"{written} entities of the collection; {_default(redis, key, context, extractor)}"
    finally:
        lock.release()


def state_of(context: Context) -> str:
    """Changes whenever documents do: their number, and when the last one changed; empty without documents."""
    body: dict[str, Any] = {"size": 0, "track_total_hits": True, "aggs": {"last": {"max": {"field": "changed"}}}}
    try:
        with guard():
            found = context.client.search(index=alias(context.settings), body=body)
    except MissingError:
        return ""
    number = found["hits"]["total"]["value"]
    return f"{number} {found['aggregations']['last']['value']}" if number else ""


def _default(redis: Redis, key: str, context: Context, extractor: Extractor) -> str:
    """Load WordNet the first time only: who deletes it does not get it back. It gives way to an ingest, and goes on later."""
    known, written = redis.hget(key, DEFAULT), 0
    if known == LOADED:
        return "WordNet was loaded before"
    start = int(known or 0)
    try:
        while not is_ingesting(redis, context.settings):
            done = load(context, extractor, DEFAULT, start=start, limit=LOADED_AT_ONCE)
            start, written = start + LOADED_AT_ONCE, written + done.written
            redis.hset(key, DEFAULT, start if done.written == LOADED_AT_ONCE else LOADED)
            if done.written < LOADED_AT_ONCE:
                return f"{written} of WordNet"
    except ConfigurationError as error:
        return str(error)
    return f"{written} of WordNet, and the rest after an ingest"
