"""The similar-image embedding: the backbone's features of two crops, projected by weights from metric learning.

The subject of a photo is seldom at its edge, and the backbone's input is small: a second crop, the centre alone, shows the
subject larger and with less background (multi-crop).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from engine.settings import Settings
from vision.extractor import Extractor, fingerprint_of_files
from vision.extractors import backbone
from vision.image_features import Backbone, ImageFeatures, Vector, unit
from vision.picture import Picture

WEIGHTS = Path(__file__).parents[1] / "weights" / "similar-lite2.npz"
CENTRE_CROP = 0.65  # of width and of height


@dataclass(frozen=True, slots=True)
class Projection:
    """Principal components of features, then the sum of a linear map and a network of one hidden layer.

    mean [2560], components [2560, k], matrix [k, d], hidden [k, h], bias [h], output [h, d].
    """

    mean: Vector
    components: Vector
    matrix: Vector
    hidden: Vector
    bias: Vector
    output: Vector

    @classmethod
    def linear(cls, mean: Vector, components: Vector) -> "Projection":
        """The components without a hidden layer."""
        size = components.shape[1]
        hidden, bias = np.zeros((size, 0), dtype=np.float32), np.zeros(0, dtype=np.float32)
        return cls(mean, components, np.eye(size, dtype=np.float32), hidden, bias, hidden.T)

    def __call__(self, features: Vector) -> Vector:
        """Features [n, 2560] to unit vectors [n, d]."""
        return unit(self.mapped(features))

    def mapped(self, features: Vector) -> Vector:
        """Features [n, 2560] to vectors [n, d] that are not scaled to unit length."""
        rows = (backbone.square_root(features) - self.mean) @ self.components
        inner: Vector = np.maximum(rows @ self.hidden + self.bias, np.float32(0))
        return rows @ self.matrix + inner @ self.output

    def save(self, path: Path) -> None:
        """Write the weights, in half precision."""
        parts = {name: getattr(self, name).astype(np.float16) for name in self.__slots__}
        np.savez_compressed(path, allow_pickle=False, **parts)


class EmbeddingExtractor(Extractor[Vector]):
    """A unit vector; `omma train similar` fits the weights."""

    name: ClassVar[str] = "embedding"
    needs: ClassVar[tuple[str, ...]] = ("backbone",)
    borrows: ClassVar[tuple[str, ...]] = ("backbone",)

    def __init__(self, settings: Settings, network: backbone.BackboneExtractor) -> None:
        """`network` computes the features of crops."""
        super().__init__(settings)
        self._network = network

    @property
    def dimension(self) -> int:  # type: ignore[override]
        """Length of the vector."""
        return int(projection(WEIGHTS).matrix.shape[1])

    @property
    def fingerprint(self) -> str:
        """Backbone and weights."""
        mark = fingerprint_of_files(backbone.weights(), WEIGHTS)  # fitted for one CENTRE_CROP, which needs no mark
        return f"{backbone.MODEL}+similar{self.dimension}@{mark}"

    def files(self) -> tuple[Path, ...]:
        """The weights, which are part of the repository."""
        return (WEIGHTS,)

    def _observe(self, pictures: Sequence[Picture], seen: Sequence[ImageFeatures]) -> list[Vector]:
        wholes = [p.backbone for p in seen if p.backbone is not None]
        return list(project(multi_crop(self._network, [picture.pixels for picture in pictures], wholes)))

    def embed(self, images: Sequence[NDArray[np.uint8]]) -> Vector:
        """Unit vectors [n, d] of any RGB images [h, w, 3], such as crops."""
        return project(multi_crop(self._network, images))


def multi_crop(
    network: backbone.BackboneExtractor, images: Sequence[NDArray[np.uint8]], wholes: Sequence[Backbone] | None = None
) -> Vector:
    """Features [n, 2560] of RGB images [h, w, 3]: of the whole image and of the centre crop, concatenated. `wholes` are the
    features of the whole images, if they are known.
    """
    crops = (wholes or network.run(images), network.run([centre_crop(image) for image in images]))
    return np.concatenate([np.stack([one.features for one in outputs]) for outputs in crops], axis=1)


def centre_crop(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The centre of an image [h, w, 3]; never empty."""
    top, left = (round(side * (1 - CENTRE_CROP) / 2) for side in image.shape[:2])
    return image[top : image.shape[0] - top, left : image.shape[1] - left]


@lru_cache(maxsize=2)
def projection(path: Path) -> Projection:
    """The weights in a file."""
    with np.load(path) as kept:
        return Projection(**{name: kept[name].astype(np.float32) for name in Projection.__slots__})


def project(features: Vector, path: Path | None = None) -> Vector:
    """Features [n, 2560] to unit vectors [n, d] by the weights in a file, by default those of the repository."""
    return projection(path or WEIGHTS)(features)
