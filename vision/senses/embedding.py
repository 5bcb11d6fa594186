"""The similar-image embedding: the backbone's features, reduced by a fitted projection."""

from collections.abc import Sequence
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

PROJECTION = Path(__file__).parents[1] / "weights" / "projection-lite2.npz"
SMALLEST = 1e-9


class EmbeddingSense(Sense):
    """Features to a unit vector; `training/projection.py` fits the matrix."""

    def __init__(self, settings: Settings, network: backbone.BackboneSense) -> None:
        """`network` looks at images that are no whole pictures."""
        super().__init__(settings)
        self._network = network

    name: ClassVar[str] = "embedding"
    needs: ClassVar[tuple[str, ...]] = ("backbone",)

    @property
    def dimension(self) -> int:  # type: ignore[override]
        """Length of the vector."""
        return int(projection(PROJECTION)[1].shape[1])

    @property
    def fingerprint(self) -> str:
        """Backbone and projection."""
        mark = fingerprints.of_files(backbone.weights(), PROJECTION)
        return f"{backbone.MODEL}+projection{self.dimension}@{mark}"

    def files(self) -> tuple[Path, ...]:
        """The projection, which the repository ships."""
        return (PROJECTION,)

    def _observe(self, pictures: Sequence[Picture], seen: Sequence[Perception]) -> list[Any]:
        return list(project(np.stack([p.backbone.features for p in seen if p.backbone is not None])))

    def embed(self, images: Sequence[NDArray[np.uint8]]) -> Vector:
        """Unit vectors [n, d] of any RGB images [h, w, 3], crops among them."""
        return project(np.stack([seen.features for seen in self._network.look(images)]))


@lru_cache(maxsize=2)
def projection(path: Path) -> tuple[Vector, Vector]:
    """Mean [1280] and matrix [1280, d]."""
    with np.load(path) as kept:
        return kept["mean"].astype(np.float32), kept["matrix"].astype(np.float32)


def project(features: Vector, path: Path = PROJECTION) -> Vector:
    """Features [n, 1280] to unit vectors [n, d]: unit length, centred, projected, unit length again."""
    mean, matrix = projection(path)
    reduced = (unit(features) - mean) @ matrix
    return unit(reduced.astype(np.float32))


def unit(vectors: Vector) -> Vector:
    """Rows of unit length."""
    scaled: Vector = vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), SMALLEST)
    return scaled
