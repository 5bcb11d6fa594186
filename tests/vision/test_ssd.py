"""The detector in ONNX Runtime finds what OpenCV finds with the package's graph."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import cv2
import pytest
from PIL import ImageDraw

from engine.installation import CHECKOUT, paths_of
from engine.settings import Settings
from tests.vision.drawing import photo, picture
from vision.extractors.backbone import BackboneExtractor
from vision.extractors.embedding import EmbeddingExtractor
from vision.extractors.objects import NAMES, SIDE, ObjectsExtractor, best, files
from vision.image_features import Box, Object
from vision.picture import Picture, decode

pytestmark = pytest.mark.models
SUFFIXES = {".jpg", ".jpeg", ".png"}
EACH = 40  # pictures of a folder
DATA = CHECKOUT.parent / "shared" / "data"
FOLDERS = (*(DATA / name for name in ("flickr8k", "grocery", "boxes_coco")), paths_of(Settings()).root / "demo" / "stamps")


def drawn() -> Iterator[Picture]:
    """Blobs of colour, and stop signs of several sizes and places."""
    yield from (picture(photo(300 + 20 * seed, 240, seed)) for seed in range(4))
    for radius, x, y in ((90, 200, 200), (60, 120, 160), (150, 190, 180), (40, 300, 90)):
        image = photo(400, 360, radius)
        pen = ImageDraw.Draw(image)
        pen.regular_polygon((x, y, radius), 8, rotation=22.5, fill=(190, 20, 30), outline="white", width=5)
        pen.text((x, y), "STOP", fill="white", anchor="mm", font_size=radius // 2)
        yield picture(image)


def pictures_of(folder: Path) -> list[Picture]:
    """Pictures at equal distances in the sorted names."""
    found = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)
    return [decode(path.read_bytes(), Settings()) for path in found[:: max(1, len(found) // EACH)][:EACH]]


@pytest.fixture(scope="module")
def extractor(models_home: Settings) -> ObjectsExtractor:
    """The detector, with a threshold low enough that most pictures have objects."""
    settings = models_home.model_copy(update={"object_confidence": 0.2})
    made = ObjectsExtractor(settings, EmbeddingExtractor(settings, BackboneExtractor(settings)))
    made.load()
    return made


@pytest.fixture(scope="module")
def reference() -> Any:
    """The package's graph in OpenCV, for which the package was made."""
    return cv2.dnn.readNetFromTensorflow(*map(str, files()))


def by_opencv(network: Any, pixels: Any, confidence: float) -> list[Object]:
    """Objects without embeddings; a row is _, class, confidence, left, top, right, bottom."""
    network.setInput(cv2.dnn.blobFromImage(cv2.resize(pixels, (SIDE, SIDE), interpolation=cv2.INTER_AREA)))
    rows = [row for row in network.forward()[0, 0] if row[2] >= confidence and int(row[1]) in NAMES]
    return best([Object(NAMES[int(row[1])], float(row[2]), Box.of_corners(*map(float, row[3:7]))) for row in rows])


def compare(extractor: ObjectsExtractor, reference: Any, pictures: Sequence[Picture]) -> int:
    """Assert that the same objects are found; their number."""
    count = 0
    for one in pictures:
        found, expected = extractor.detect(one), by_opencv(reference, one.pixels, extractor.settings.object_confidence)
        assert [o.label for o in found] == [o.label for o in expected], one.id
        for mine, other in zip(found, expected, strict=True):
            assert [mine.confidence, *corners(mine.box)] == pytest.approx([other.confidence, *corners(other.box)], abs=1e-3)
        count += len(found)
    return count


def corners(box: Box) -> list[float]:
    """Left, top, width, height."""
    return [box.x, box.y, box.w, box.h]


def test_drawn_objects_are_those_of_opencv(extractor: ObjectsExtractor, reference: Any) -> None:
    assert compare(extractor, reference, list(drawn())) >= 4


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_objects_of_photos_are_those_of_opencv(extractor: ObjectsExtractor, reference: Any, folder: Path) -> None:
    if not folder.exists():
        pytest.skip(f"{folder.name} is not here")
    assert compare(extractor, reference, pictures_of(folder)) >= EACH // 4
