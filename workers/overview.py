"""Figures of an installation for `omma status`: documents, quarantine, waiting work, and plugins that were left out."""

from collections.abc import Callable
from typing import Any

from opensearchpy.exceptions import NotFoundError

from engine.client import connect, guard
from engine.plugins import has_plugins
from engine.settings import Settings
from factors.registry import broken_factors, ignored_factors
from ingest.reextraction import failed_counts
from ingest.sources.registry import broken_sources
from mappings.versions import alias
from workers.dispatch import queue_lengths


def documents(settings: Settings) -> int:
    """Documents behind the alias; EngineUnavailable."""
    return _count(settings, alias(settings))


def quarantined(settings: Settings) -> int:
    """Pictures in quarantine; EngineUnavailable."""
    return _count(settings, f"{settings.index_prefix}-quarantine")


def missing(settings: Settings) -> dict[str, int]:
    """Extractor, or `factor:NAME` -> documents on which it failed; EngineUnavailable."""
    return failed_counts(connect(settings), alias(settings))


def left_out(settings: Settings) -> list[str]:
    """Parts of plugins that are broken or take no part, each with the reason; empty where there are no plugins."""
    if not has_plugins(settings.plugin_path):
        return []
    from vision.registry import registered  # noqa: PLC0415  (imports model libraries, for which plugins are the only need here)

    broken = (*registered(settings).broken, *broken_factors(), *broken_sources(settings))
    unused = (f"factor {name} takes no part: {why}" for name, why in ignored_factors().items())
    return list(dict.fromkeys([*map(str, broken), *unused]))


def _count(settings: Settings, index: str) -> int:
    try:
        with guard():
            return int(connect(settings).count(index=index)["count"])
    except NotFoundError:
        return 0


FIGURES: dict[str, Callable[[Settings], Any]] = {
    "documents": documents,
    "quarantined": quarantined,
    "missing": missing,
    "left_out": left_out,
    "queues": queue_lengths,
}
