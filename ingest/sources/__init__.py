"""Sources of images: one file, one source."""

from ingest.item import Refusal
from ingest.sources.registry import Source, open_source

__all__ = ["Refusal", "Source", "open_source"]
