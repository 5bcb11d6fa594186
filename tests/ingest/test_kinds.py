"""Every image format from a file to its document, through the same steps as in a worker."""

import io
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pillow_heif
import pytest
from PIL import Image

from engine.settings import Settings
from engine.store import Store
from ingest.batches import Batch, BatchProcessor
from ingest.documents import new_document
from ingest.fields import ExtractedImage
from ingest.item import Item
from ingest.jobs import Outcome
from ingest.sources import open_source
from ingest.writing import Built, Written
from mappings.bulk import Stored
from tests.factors.scenes import FACTORS
from tests.ingest.pictures import encoded
from tests.ingest.seeing import TestFeatureExtractor
from vision.image_features import ImageFeatures
from vision.picture import Picture

RED = (200, 40, 30)
SIZE = (64, 48)
red = Image.new("RGB", SIZE, RED)
frames = [red, Image.new("RGB", SIZE, "lime"), Image.new("RGB", SIZE, "blue")]
see_through = Image.new("RGBA", SIZE, (*RED, 255))
see_through.paste((0, 0, 0, 0), (0, 0, 16, 16))
deep = np.full((*SIZE[::-1], 3), [level * 257 for level in RED[::-1]], dtype=np.uint16)  # blue, green, red


def moving(kind: str, **options: Any) -> bytes:
    return encoded(red, kind, save_all=True, append_images=frames[1:], **options)


def deep_file(suffix: str) -> bytes:
    return bytes(cv2.imencode(suffix, deep)[1])


def deep_heic() -> bytes:
    out = io.BytesIO()
    pillow_heif.from_bytes("RGB;16", SIZE, deep[:, :, ::-1].tobytes()).save(out)
    return out.getvalue()


KINDS: dict[str, tuple[Callable[[], bytes], str]] = {
    "photo.heic": (lambda: encoded(red, "HEIF"), "HEIF"),
    "see-through.heic": (lambda: encoded(see_through, "HEIF"), "HEIF"),
    "several.heic": (lambda: moving("HEIF"), "HEIF"),
    "deep.heic": (deep_heic, "HEIF"),
    "photo.avif": (lambda: encoded(red, "AVIF"), "AVIF"),
    "see-through.avif": (lambda: encoded(see_through, "AVIF"), "AVIF"),
    "moving.avif": (lambda: moving("AVIF"), "AVIF"),
    "moving.gif": (lambda: moving("GIF", duration=100), "GIF"),
    "moving.webp": (lambda: moving("WEBP", duration=100, lossless=True), "WEBP"),
    "moving.png": (lambda: moving("PNG", duration=100), "PNG"),
    "pages.tiff": (lambda: moving("TIFF"), "TIFF"),
    "stereo.jpg": (lambda: moving("MPO"), "MPO"),
    "deep.png": (lambda: deep_file(".png"), "PNG"),
    "deep.tiff": (lambda: deep_file(".tiff"), "TIFF"),
    "deep.jp2": (lambda: deep_file(".jp2"), "JPEG2000"),
    "print.jpg": (lambda: encoded(red.convert("CMYK"), "JPEG", quality=95), "JPEG"),
    "print.tiff": (lambda: encoded(red.convert("CMYK"), "TIFF"), "TIFF"),
    "palette.png": (lambda: encoded(red.convert("P", palette=Image.Palette.ADAPTIVE)), "PNG"),
    "palette.bmp": (lambda: encoded(red.convert("P", palette=Image.Palette.ADAPTIVE), "BMP"), "BMP"),
    "palette.gif": (lambda: encoded(red.convert("P", palette=Image.Palette.ADAPTIVE), "GIF"), "GIF"),
    "see-through-palette.png": (lambda: encoded(see_through.quantize(8)), "PNG"),
}


# Further pictures of the files, each an item of its own. All three of them differ.
FRAMES, PAGES = (["frame 2", "frame 3"], ["page 2", "page 3"])
VIEWS = {
    name: [f"{name} > {view}" for view in views]
    for views, names in (
        (FRAMES, ("moving.avif", "moving.gif", "moving.webp", "moving.png")),
        (PAGES, ("pages.tiff",)),
    )
    for name in names
}


class Books:
    """Jobs, quarantine and writer in memory: what was counted, refused and written."""

    def __init__(self) -> None:
        self.outcomes: list[Outcome] = []
        self.refused: list[str] = []
        self.documents: dict[str, dict[str, Any]] = {}

    def counted(self, _job: str, _run: int, numbers: Sequence[int]) -> list[bool]:
        return [False for _ in numbers]

    def count_extracted(self, _job: str, _run: int, _pictures: int) -> None:
        pass

    def count(self, _job: str, _run: int, _number: int, outcome: Outcome, failure: object = None, *, note: str = "") -> bool:
        self.outcomes.append(outcome)
        self.refused += [str(failure)] if failure else []
        return True

    def add(self, entries: Sequence[Any]) -> None:
        self.refused += [entry.message for entry in entries]

    def drop(self, _entries: Sequence[str]) -> int:
        return 0

    def read(self, _images: Iterable[str]) -> dict[str, Stored]:
        return {}

    def build(self, items: Sequence[Item], _stored: None, extracted: ExtractedImage, job: str) -> Built:
        return Built(new_document(extracted, items, job, FACTORS.active), None, [Outcome.INDEXED for _ in items])

    def write(self, built: Mapping[str, Built]) -> Written:
        self.documents |= {image: made.document for image, made in built.items() if made.document}
        return Written({image: made.outcomes for image, made in built.items()})


class QueryEncoder(TestFeatureExtractor):
    """Keeps what it was shown."""

    __test__ = False

    def __init__(self) -> None:
        super().__init__()
        self.shown: list[Picture] = []

    def extract(self, pictures: Sequence[Picture], extractors: Collection[str] | None = None) -> list[ImageFeatures]:
        self.shown += pictures
        return super().extract(pictures, extractors)


def made(name: str) -> bytes:
    """The bytes; the test is skipped where the libraries here were built without a writer of that kind."""
    make, kind = KINDS[name]
    try:
        return make()
    except (OSError, KeyError, RuntimeError) as error:
        if kind not in {"HEIF", "AVIF"}:
            raise
        pytest.skip(f"no writer of {kind} here: {error}")


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_of_picture_becomes_a_document(name: str, tmp_path: Path, settings: Settings) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    (folder / name).write_bytes(made(name))
    items = [one for one in open_source(str(folder), settings=settings).items() if isinstance(one, Item)]
    assert [item.reference for item in items] == [name, *VIEWS.get(name, [])]
    books, extractor_double = Books(), QueryEncoder()
    BatchProcessor(settings, books, books, books, extractor_double).process(Batch("job", 1, ((0, items[0]),)))  # type: ignore[arg-type]
    assert (books.outcomes, books.refused) == ([Outcome.INDEXED], [])
    document = books.documents[items[0].original]
    assert (document["width"], document["height"], document["format"]) == (*SIZE, KINDS[name][1])
    (shown,) = extractor_double.shown
    assert shown.pixels.shape == (48, 64, 3) and shown.pixels.dtype == np.uint8
    assert np.abs(shown.pixels[32:, 32:].astype(int) - RED).max() <= 12, "the first picture of several, in its colours"
    assert (shown.alpha is not None) == name.startswith("see-through")
    small = Image.open(io.BytesIO(Store(settings).thumbnail(items[0].original)))
    assert np.abs(np.asarray(small.convert("RGB"))[40, 50].astype(int) - RED).max() <= 24
