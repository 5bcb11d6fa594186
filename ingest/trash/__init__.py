"""The trash filter: a weight for each text snippet, how far it is about its image, and a reason below 1."""

from ingest.trash.filter import PageContext, filtered, filtered_alone

__all__ = ["PageContext", "filtered", "filtered_alone"]
