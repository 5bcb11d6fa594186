"""Pages of a PDF as pictures, by PDFium. Scripts and forms in it are not run."""

from collections.abc import Iterator
from pathlib import Path

import pypdfium2

from engine.errors import BadPicture
from vision.picture import WORKING_SIDE
from vision.views import MAX_PAGES, View, encoded


def pages(path: Path) -> Iterator[View]:
    """All pages, the longer side as long as pictures are processed. Raise BadPicture where the file cannot be read as a PDF."""
    try:
        document = pypdfium2.PdfDocument(path)
    except (pypdfium2.PdfiumError, OSError, ValueError) as error:
        raise BadPicture("unsupported", f"it cannot be read as a PDF, or needs a password: {error}") from error
    with document:
        for number in range(min(len(document), MAX_PAGES)):
            yield _page(document, number)


def left_out(path: Path) -> int:
    """The number of pages beyond those of which views are made."""
    with pypdfium2.PdfDocument(path) as document:
        return max(0, len(document) - MAX_PAGES)


def _page(document: pypdfium2.PdfDocument, number: int) -> View:
    name = f"page {number + 1}"
    try:
        page = document[number]
        image = page.render(scale=WORKING_SIDE / max(*page.get_size(), 1.0)).to_pil()
        return View(name, encoded(image.convert("RGB")))
    except (pypdfium2.PdfiumError, OSError, ValueError, MemoryError) as error:
        return View(name, error=BadPicture("truncated", f"the page cannot be drawn: {error}"))
