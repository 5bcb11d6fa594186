"""The trash filter: how much a snippet of text is about its picture, and why it is not."""

from ingest.trash.filter import PageContext, filtered, filtered_alone

__all__ = ["PageContext", "filtered", "filtered_alone"]
