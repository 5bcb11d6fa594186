"""The similar-image embedding: the backbone's features through weights that metric learning fitted."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from engine.settings import Settings
from vision import fingerprints
from vision.perception import Perception, Vector
from vision.picture import Picture
from vision.sense import Sense
from vision.senses import backbone

WEIGHTS = Path(__file__).parents[1] / "weights" / "similar-lite2.npz"
SMALLEST = 1e-9


@dataclass(frozen=True, slots=True)
class Projection:
    """A linear map plus one hidden layer: mean [1280], matrix [1280, d], hidden [1280, h], bias [h], output [h, d]."""

    mean: Vector
    matrix: Vector
    hidden: Vector
    bias: Vector
    output: Vector

    @classmethod
    def linear(cls, mean: Vector, matrix: Vector) -> "Projection":
        """The map alone."""
        inputs, outputs = matrix.shape
        empty = np.zeros((0, outputs), dtype=np.float32)
        return cls(mean, matrix, np.zeros((inputs, 0), dtype=np.float32), np.zeros(0, dtype=np.float32), empty)

    def __call__(self, features: Vector) -> Vector:
        """Features [n, 1280] to unit vectors [n, d]."""
        return unit(self.mapped(features))

    def mapped(self, features: Vector) -> Vector:
        """The same before it is brought to unit length."""
        centred = backbone.evened(features) - self.mean
        inner: Vector = np.maximum(centred @ self.hidden + self.bias, np.float32(0))
        return centred @ self.matrix + inner @ self.output

    def save(self, path: Path) -> None:
        """Half precision is enough."""
        parts = {name: getattr(self, name).astype(np.float16) for name in self.__slots__}
        np.savez_compressed(path, allow_pickle=False, **parts)


class EmbeddingSense(Sense):
    """Features to a unit vector; `omma train similar` fits the weights."""

    def __init__(self, settings: Settings, network: backbone.BackboneSense) -> None:
        """`network` looks at images that are no whole pictures."""
        super().__init__(settings)
        self._network = network

    name: ClassVar[str] = "embedding"
    needs: ClassVar[tuple[str, ...]] = ("backbone",)

    @property
    def dimension(self) -> int:  # type: ignore[override]
        """Length of the vector."""
        return int(projection(WEIGHTS).matrix.shape[1])

    @property
    def fingerprint(self) -> str:
        """Backbone and weights."""
        mark = fingerprints.of_files(backbone.weights(), WEIGHTS)
        return f"{backbone.MODEL}+similar{self.dimension}@{mark}"

    def files(self) -> tuple[Path, ...]:
        """The weights, which the repository ships."""
        return (WEIGHTS,)

    def _observe(self, pictures: Sequence[Picture], seen: Sequence[Perception]) -> list[Any]:
        return list(project(np.stack([p.backbone.features for p in seen if p.backbone is not None])))

    def embed(self, images: Sequence[NDArray[np.uint8]]) -> Vector:
        """Unit vectors [n, d] of any RGB images [h, w, 3], crops among them."""
        return project(np.stack([seen.features for seen in self._network.look(images)]))


@lru_cache(maxsize=2)
def projection(path: Path) -> Projection:
    """The weights of that file."""
    with np.load(path) as kept:
        return Projection(**{name: kept[name].astype(np.float32) for name in Projection.__slots__})


def project(features: Vector, path: Path | None = None) -> Vector:
    """Features [n, 1280] to unit vectors [n, d] by the weights of a file, by default those that ship."""
    return projection(path or WEIGHTS)(features)


def unit(vectors: Vector) -> Vector:
    """Rows of unit length."""
    scaled: Vector = vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), SMALLEST)
    return scaled
