"""Where pictures come from: one file, one source."""

from ingest.item import Refusal
from ingest.sources.base import Source
from ingest.sources.registry import open_source

__all__ = ["Refusal", "Source", "open_source"]
