"""The embedding of any image: the backbone's features of the whole and of its centre crop, whitened.

Whitening (Jegou, Chum, Negative evidences and co-occurrences in image retrieval: the benefit of PCA and whitening, ECCV 2012)
takes away what all images share, so that cosines of unrelated images are near 0 in every collection. Nothing is learned about
any kind of thing; what was learned about products is an extractor of its own.
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
from vision.extractors import backbone, centre
from vision.image_features import ImageFeatures, Vector, unit
from vision.picture import Picture

WEIGHTS = Path(__file__).parents[1] / "weights" / "embedding-lite2.npz"


@dataclass(frozen=True, slots=True)
class Whitening:
    """Features, centred and turned to whitened principal components: mean [2560], matrix [2560, d]."""

    mean: Vector
    matrix: Vector

    def __call__(self, features: Vector) -> Vector:
        """Features [n, 2560] to unit vectors [n, d]."""
        return unit(np.asarray((features - self.mean) @ self.matrix, dtype=np.float32))

    def save(self, path: Path) -> None:
        """Write the weights, in half precision."""
        np.savez_compressed(path, allow_pickle=False, mean=self.mean.astype(np.float16), matrix=self.matrix.astype(np.float16))


class EmbeddingExtractor(Extractor[Vector]):
    """A unit vector; `omma train embedding` fits the weights."""

    name: ClassVar[str] = "embedding"
    needs: ClassVar[tuple[str, ...]] = ("backbone", "centre")
    borrows: ClassVar[tuple[str, ...]] = ("backbone",)

    def __init__(self, settings: Settings, network: backbone.BackboneExtractor) -> None:
        """`network` computes the features of crops."""
        super().__init__(settings)
        self._network = network

    @property
    def dimension(self) -> int:  # type: ignore[override]
        """Length of the vector."""
        return int(whitening(WEIGHTS).matrix.shape[1])

    @property
    def fingerprint(self) -> str:
        """Backbone and weights."""
        mark = fingerprint_of_files(backbone.weights(), WEIGHTS)  # fitted for one share of the centre, which needs no mark
        return f"{backbone.MODEL}+whitened{self.dimension}@{mark}"

    def files(self) -> tuple[Path, ...]:
        """The weights, which are part of the repository."""
        return (WEIGHTS,)

    def _observe(self, pictures: Sequence[Picture], seen: Sequence[ImageFeatures]) -> list[Vector]:
        return list(whitening(WEIGHTS)(centre.features_of(seen)))

    def embed(self, images: Sequence[NDArray[np.uint8]]) -> Vector:
        """Unit vectors [n, d] of any RGB images [h, w, 3], such as crops."""
        return whitening(WEIGHTS)(centre.multi_crop(self._network, images))


@lru_cache(maxsize=2)
def whitening(path: Path) -> Whitening:
    """The weights in a file."""
    with np.load(path) as kept:
        return Whitening(kept["mean"].astype(np.float32), kept["matrix"].astype(np.float32))
