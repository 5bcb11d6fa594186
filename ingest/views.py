"""Items of the further views of a picture file: pages of a scan, frames of an animation, parts of a long picture.

A view is a picture of its own, with all that is known of its file. Its title says which it is; `file` and `view` are facets, so
that `--filter file=scan.tif` finds all views of a file.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace

from engine.settings import Settings
from engine.store import Store
from factors.text import Kind, TextSnippet
from ingest.item import Item, Refusal
from vision.views import View, left_out, views

SEPARATOR = " > "  # between the reference of a file and the name of a view
TITLE_WEIGHT = 0.5  # it says which part of a file a view is, and little of what it shows
PAGES = "pages beyond the first ones of long scans"


def with_views(
    item: Item, data: bytes, store: Store, settings: Settings, note: Callable[[str, str, int], None] | None = None
) -> Iterator[Item | Refusal]:
    """The item of a picture file, then those of its views, whose bytes are put into the store.

    `note` takes what is left out: what, of which file, how many.
    """
    yield item
    for view in views(data, settings):
        yield _item(item, view, store)
    if note and (number := left_out(data)):
        note(PAGES, item.reference, number)


def file_of(reference: str) -> str:
    """The reference of the file that a view belongs to; of what is no view, the same."""
    return reference.rpartition(SEPARATOR)[0] or reference


def _item(item: Item, view: View, store: Store) -> Item | Refusal:
    reference = f"{item.reference}{SEPARATOR}{view.name}"
    if view.error:
        return Refusal(reference, view.error.reason, str(view.error))
    file = item.reference.rpartition("/")[2]
    title = TextSnippet(Kind.TITLE, f"{file}, {view.name}", weight=TITLE_WEIGHT, reason="a part of a file")
    facets = {**item.facets, "file": file, "view": view.name}
    original = store.put_original(view.data)
    return replace(item, reference=reference, original=original, snippets=(title, *item.snippets), facets=facets, notes=())
