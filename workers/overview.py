"""Figures of an installation for `omma status`: documents, quarantine, waiting tasks, and plugins that were left out."""

from collections.abc import Callable
from typing import Any

from opensearchpy.exceptions import NotFoundError

from engine.connections import Context, guard
from engine.plugins import has_plugins
from factors.registry import FactorRegistry
from ingest.reextraction import failed_counts
from ingest.sources.registry import broken_sources
from mappings.versions import alias
from workers.dispatch import Dispatcher


def documents(context: Context) -> int:
    """Documents behind the alias; EngineUnavailable."""
    return _count(context, alias(context.settings))


def quarantined(context: Context) -> int:
    """Images in quarantine; EngineUnavailable."""
    return _count(context, f"{context.settings.index_prefix}-quarantine")


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


def _count(context: Context, index: str) -> int:
    try:
        with guard():
            return int(context.client.count(index=index)["count"])
    except NotFoundError:
        return 0


FIGURES: dict[str, Callable[[Context], Any]] = {
    "documents": documents,
    "quarantined": quarantined,
    "missing": missing,
    "left_out": left_out,
    "queues": queues,
}
