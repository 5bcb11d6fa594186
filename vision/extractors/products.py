"""The embedding of products: a head on the same features as the embedding of any image, fitted by metric learning.

It knows groceries, garments and drawings, of which it was shown what belongs together; `omma train products` fits it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import ClassVar

import numpy as np

from vision.extractor import Extractor, fingerprint_of_files
from vision.extractors import backbone, centre
from vision.image_features import ImageFeatures, Vector, unit
from vision.picture import Picture

WEIGHTS = Path(__file__).parents[1] / "weights" / "products-lite2.npz"


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


class ProductsExtractor(Extractor[Vector]):
    """A unit vector."""

    name: ClassVar[str] = "products"
    needs: ClassVar[tuple[str, ...]] = ("backbone", "centre")

    @property
    def dimension(self) -> int:  # type: ignore[override]
        """Length of the vector."""
        return int(projection(WEIGHTS).matrix.shape[1])

    @property
    def fingerprint(self) -> str:
        """Backbone and weights."""
        return f"{backbone.MODEL}+products{self.dimension}@{fingerprint_of_files(backbone.weights(), WEIGHTS)}"

    def files(self) -> tuple[Path, ...]:
        """The weights, which are part of the repository."""
        return (WEIGHTS,)

    def _observe(self, pictures: Sequence[Picture], seen: Sequence[ImageFeatures]) -> list[Vector]:
        return list(projection(WEIGHTS)(centre.features_of(seen)))


@lru_cache(maxsize=2)
def projection(path: Path) -> Projection:
    """The weights in a file."""
    with np.load(path) as kept:
        return Projection(**{name: kept[name].astype(np.float32) for name in Projection.__slots__})
