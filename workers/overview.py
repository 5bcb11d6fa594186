"""How much there is: documents, refused pictures, waiting work. For `omma status`."""

from collections.abc import Callable
from typing import Any

from opensearchpy.exceptions import NotFoundError

from engine.client import connect, guard
from engine.settings import Settings
from ingest.reextraction import failed_counts
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
    "queues": queue_lengths,
}
