"""The metadata inside an image's file, added to the item that brought the image, wherever it came from."""

from collections.abc import Iterable
from dataclasses import replace

from factors.text import TextSnippet
from ingest.item import Item
from ingest.metadata import Metadata
from ingest.trash import filtered_alone


def with_metadata(item: Item, metadata: Metadata, names: Iterable[TextSnippet] = ()) -> Item:
    """The item with the texts of its image's metadata, and with the metadata's date, place and facets where it has none itself.

    `names` are weighed and added behind them. An item that has its metadata already is returned unchanged.
    """
    if item.has_metadata:
        return item
    snippets = (*item.snippets, *filtered_alone((*metadata.snippets, *names)))
    date, place = item.date or metadata.date, item.place or metadata.place
    facets = {**metadata.facets, **item.facets}
    return replace(item, snippets=snippets, date=date, place=place, facets=facets, has_metadata=True)
