"""The detector of the profile `hub`: YOLO11, exported by ultralytics with its non-maximum suppression inside."""

import ast
import logging
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.settings import Settings
from vision import runtime
from vision.extractor import HUB, Extractor, fingerprint_of_files, fingerprint_of_values
from vision.extractors.objects import Embedder, best, with_embeddings
from vision.hub import unreachable, yolo
from vision.hub.yolo import SIDE
from vision.image_features import Box, ImageFeatures, Object
from vision.picture import Picture
from vision.runtime import Array

logger = logging.getLogger(__name__)
DEFAULT_MODEL = "yolo11n.pt"  # where the settings name none
PADDING = 114  # grey level around a picture that is not square, as in the model's training
BATCH = 8


class HubObjects(Extractor[tuple[Object, ...]]):
    """Objects found by YOLO, each with the embedding of its crop."""

    name: ClassVar[str] = "objects"
    variant: ClassVar[str] = HUB
    borrows: ClassVar[tuple[str, ...]] = ("embedding",)

    def __init__(self, settings: Settings, crops: Embedder) -> None:
        """`crops` embeds the crops of objects."""
        super().__init__(settings)
        self._crops = crops

    @property
    def fingerprint(self) -> str:
        """Detector, embedding of crops, and the least confidence of an object."""
        path = weights(self.settings)
        rest = fingerprint_of_values(self._crops.fingerprint, self.settings.object_confidence)
        return f"{path.stem}@{fingerprint_of_files(path)}+crops@{rest}"

    def files(self) -> tuple[Path, ...]:
        """The weights."""
        return (weights(self.settings),)

    def export(self, *, force: bool = False) -> None:
        """The network as ONNX, written once per machine."""
        self._onnx(force=force)

    def _load(self) -> None:
        self._session = runtime.Session(self._onnx(), self.settings)
        self._names: dict[int, str] = ast.literal_eval(self._session.metadata["names"])

    def _onnx(self, *, force: bool = False) -> Path:
        source = weights(self.settings)

        def export(path: Path) -> None:
            _run_task("export", str(source.resolve()), path.resolve())

        return runtime.exported(self.settings, f"{source.stem}-{fingerprint_of_files(source)}", export, force=force)

    def _observe(self, pictures: Sequence[Picture], seen: Sequence[ImageFeatures]) -> list[tuple[Object, ...]]:
        found: list[list[Object]] = []
        for start in range(0, len(pictures), BATCH):
            part = pictures[start : start + BATCH]
            rows = self._session.run(np.stack([prepare(picture.pixels) for picture in part]))[0]
            found += [self._objects(r, picture) for r, picture in zip(rows, part, strict=True)]
        return with_embeddings(pictures, found, self._crops)

    def detect(self, picture: Picture, confidence: float | None = None) -> list[Object]:
        """Objects without embeddings, the most confident first; `confidence` is the least, by default that of the settings."""
        with self.in_use():
            rows = self._session.run(prepare(picture.pixels)[np.newaxis])[0][0]
        return self._objects(rows, picture, confidence)

    def _objects(self, rows: Array, picture: Picture, confidence: float | None = None) -> list[Object]:
        """Objects from rows of the network: left, top, right, bottom in pixels of its input, confidence, class."""
        scale, left, top = fit(picture.pixels.shape)
        height, width = picture.pixels.shape[:2]
        sure = rows[rows[:, 4] >= (confidence or self.settings.object_confidence)]
        corners = (sure[:, :4] - (left, top, left, top)) / (scale * np.array([width, height, width, height]))
        boxes = [Box.of_corners(*row) for row in corners.tolist()]
        return best([Object(self._names[int(r[5])], float(r[4]), box) for r, box in zip(sure, boxes, strict=True)])


def fit(shape: tuple[int, ...]) -> tuple[float, int, int]:
    """Scale, left and top of a picture in the network's square input."""
    height, width = shape[:2]
    scale = SIDE / max(height, width)
    return scale, (SIDE - round(width * scale)) // 2, (SIDE - round(height * scale)) // 2


def prepare(image: NDArray[np.uint8]) -> Array:
    """RGB [h, w, 3] as the network takes it: float32 [3, 640, 640], with the aspect ratio kept."""
    scale, left, top = fit(image.shape)
    width, height = max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale))
    square = np.full((SIDE, SIDE, 3), PADDING, dtype=np.uint8)
    interpolation = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    square[top : top + height, left : left + width] = cv2.resize(image, (width, height), interpolation=interpolation)
    planes: Array = np.ascontiguousarray(square.transpose(2, 0, 1), dtype=np.float32) / np.float32(255)
    return planes


def weights(settings: Settings) -> Path:
    """The file that the setting names, or published weights of that name, downloaded once. Raise ConfigurationError if neither
    exists.
    """
    model = settings.objects_model or DEFAULT_MODEL
    if Path(model).is_file():
        return Path(model)
    downloaded = settings.home / "models" / Path(model).name
    if not downloaded.exists():
        downloaded.parent.mkdir(parents=True, exist_ok=True)
        with runtime.locked(downloaded.with_suffix(".lock")):
            if not downloaded.exists():
                _run_task("fetch", model, downloaded.resolve())
    return downloaded


def _run_task(task: str, source: str, to: Path) -> None:
    try:
        yolo.run_task(task, source, to)
    except subprocess.CalledProcessError as error:
        logger.error("%s of %s failed: %s", task, source, str(error.stderr).strip()[-500:])
        raise unreachable("OMMA_OBJECTS_MODEL", source, "a .pt file that ultralytics wrote") from error
