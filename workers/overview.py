"""Figures of an installation for `omma status`: documents, quarantine, waiting tasks, and what orders and cuts results."""

from collections.abc import Callable
from typing import Any

from redis.exceptions import RedisError

from engine.connections import Context
from engine.errors import EngineUnavailable
from engine.plugins import has_plugins
from factors.registry import FactorRegistry
from ingest.reextraction import failed_counts
from ingest.sources.registry import broken_sources
from mappings.versions import alias, count
from query.engine_calls import Index
from ranking import selection
from ranking.calibrations import Calibrations
from workers.dispatch import Dispatcher
from workers.learning.adapting import latest


def documents(context: Context) -> int:
    """Documents behind the alias; EngineUnavailable."""
    return count(context.client, alias(context.settings))


def quarantined(context: Context) -> int:
    """Images in quarantine; EngineUnavailable."""
    return count(context.client, f"{context.settings.index_prefix}-quarantine")


def missing(context: Context) -> dict[str, int]:
    """Extractor, or `factor:NAME` -> number of documents on which it failed; EngineUnavailable."""
    return failed_counts(context.client, alias(context.settings))


def left_out(context: Context) -> list[str]:
    """Parts of plugins that are broken or not used, each with the reason; empty where there are no plugins."""
    settings = context.settings
    if not has_plugins(settings.plugin_path):
        return []
    from vision.registry import registered  # noqa: PLC0415  (it imports model libraries, needed here only for plugins)

    factors = FactorRegistry.of(settings)
    broken = (*registered(settings).broken, *factors.broken, *broken_sources(settings))
    unused = (f"factor {name} takes no part: {why}" for name, why in factors.ignored.items())
    return list(dict.fromkeys([*map(str, broken), *unused]))


def queues(context: Context) -> dict[str, int]:
    """Number of waiting tasks, by queue; EngineUnavailable."""
    return Dispatcher(context).queue_lengths()


def order(context: Context) -> str:
    """What orders results, and why; EngineUnavailable."""
    return selection.in_words(context.settings, Index(context.client, context.settings).fingerprints())


def cutoff(context: Context) -> str:
    """By what results are cut; EngineUnavailable, ConfigurationError."""
    return Calibrations(context.settings).in_words(Index(context.client, context.settings).fingerprints())


def adapted(context: Context) -> str:
    """When Omma adapted to the collection, and with what outcome; EngineUnavailable."""
    settings = context.settings
    if not settings.adapt:
        return "switched off (OMMA_ADAPT)"
    try:
        last = latest(context.redis, settings)
    except RedisError as error:
        raise EngineUnavailable(f"Redis cannot be reached ({error})") from error
    return f"{last.made:%Y-%m-%d %H:%M} UTC to {last.documents:,} documents: {last.outcome}" if last else "not yet"


FIGURES: dict[str, Callable[[Context], Any]] = {
    "documents": documents,
    "quarantined": quarantined,
    "missing": missing,
    "left_out": left_out,
    "queues": queues,
    "order": order,
    "cutoff": cutoff,
    "adapted": adapted,
}
