"""The trash filter: how much a piece of text is about its picture, and why it is not."""

from ingest.trash.filter import Around, judged, judged_alone

__all__ = ["Around", "judged", "judged_alone"]
