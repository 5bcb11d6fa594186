"""Items of the views of a file: pages of scans and PDFs, frames of animations and films, parts of long pictures.

A view is a picture of its own, with all that is known of its file. Its title says which it is; `file` and `view` are facets, so
that `--filter file=scan.tif` finds all views of a file.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from engine.errors import BadPicture
from engine.settings import Settings
from engine.store import Store
from factors.text import Kind, TextSnippet
from ingest.item import Item, Refusal
from vision.views import View, left_out, views

SEPARATOR = " > "  # between the reference of a file and the name of a view
TITLE_WEIGHT = 0.5  # it says which part of a file a view is, and little of what it shows
PAGES = "pages beyond the first ones of long scans and documents"
PDF_SUFFIXES = frozenset({".pdf"})
FILM_SUFFIXES = frozenset(
    ".3gp .avi .flv .lrv .m2ts .m4v .mkv .mov .mp4 .mpeg .mpg .mts .ogv .webm .wmv".split()  # noqa: SIM905
)
SUFFIXES = PDF_SUFFIXES | FILM_SUFFIXES


def with_views(
    item: Item, data: bytes, store: Store, settings: Settings, note: Callable[[str, str, int], None] | None = None
) -> Iterator[Item | Refusal]:
    """The item of a picture file, then those of its views, whose bytes are put into the store.

    `note` takes what is left out: what, of which file, how many.
    """
    yield item
    yield from _items(item, views(data, settings), store)
    if note and (number := left_out(data)):
        note(PAGES, item.reference, number)


def is_recording(path: Path) -> bool:
    """Whether a file, by its ending, has views and is no picture itself: a PDF or a film."""
    return path.suffix.lower() in SUFFIXES


def views_alone(
    item: Item, path: Path, store: Store, settings: Settings, note: Callable[[str, str, int], None]
) -> Iterator[Item | Refusal]:
    """The items of the views of a PDF or a film, as those of `with_views`; a refusal where it has none."""
    from vision import film, pdf  # noqa: PLC0415  (large libraries, which most folders do not need)

    is_pdf = path.suffix.lower() in PDF_SUFFIXES
    try:
        yield from _items(item, pdf.pages(path) if is_pdf else film.key_frames(path, settings), store)
    except BadPicture as error:
        yield Refusal(item.reference, error.reason, str(error))
        return
    if is_pdf and (number := pdf.left_out(path)):
        note(PAGES, item.reference, number)


def file_of(reference: str) -> str:
    """The reference of the file that a view belongs to; of what is no view, the same."""
    return reference.rpartition(SEPARATOR)[0] or reference


def _items(item: Item, found: Iterable[View], store: Store) -> Iterator[Item | Refusal]:
    return (_item(item, view, store) for view in found)


def _item(item: Item, view: View, store: Store) -> Item | Refusal:
    reference = f"{item.reference}{SEPARATOR}{view.name}"
    if view.error:
        return Refusal(reference, view.error.reason, str(view.error))
    file = item.reference.rpartition("/")[2]
    title = TextSnippet(Kind.TITLE, f"{file}, {view.name}", weight=TITLE_WEIGHT, reason="a part of a file")
    facets = {**item.facets, "file": file, "view": view.name}
    original = store.put_original(view.data)
    return replace(item, reference=reference, original=original, snippets=(title, *item.snippets), facets=facets, notes=())
