"""The embedding without labels, from which metric learning starts and beside which it is measured.

Principal components of square roots of features, each divided by a power of its spread. Full whitening (power 1) makes noisy
directions as loud as telling ones, none (0) lets a few directions drown all others.
"""

from dataclasses import dataclass

import numpy as np

from vision.extractors.backbone import evened
from vision.extractors.embedding import Projection
from vision.image_features import Vector

DIMENSION = 256  # of the embedding
SPACE = 384  # components that metric learning reads
LEAST = 1e-7  # of the largest variance: what is less is rounding
POWER = 0.75  # with 0.5 the best of 0, 0.25, ... 1 by leave-one-out precision on grocery training photos


@dataclass(frozen=True, slots=True)
class Components:
    """Mean [2560] and matrix [2560, d] of features, the strongest component first; a row has about length sqrt(d)."""

    mean: Vector
    matrix: Vector

    @classmethod
    def of(cls, features: Vector) -> "Components":
        """Those of features [n, 2560] of any pictures."""
        rows = evened(features)
        mean: Vector = rows.mean(axis=0)
        variances, directions = np.linalg.eigh(np.cov((rows - mean).T))
        kept = min(SPACE, int((variances > LEAST * variances[-1]).sum()))
        spreads = np.sqrt(variances[: -kept - 1 : -1])
        matrix = directions[:, : -kept - 1 : -1] / spreads**POWER
        return cls(mean, (matrix / np.sqrt(np.mean(spreads ** (2 - 2 * POWER)))).astype(np.float32))

    def __call__(self, features: Vector) -> Vector:
        """Features [..., 2560] in these components."""
        rows: Vector = ((evened(features) - self.mean) @ self.matrix).astype(np.float32)
        return rows

    def untrained(self) -> Projection:
        """The embedding that they make by themselves."""
        return Projection.linear(self.mean, self.matrix[:, :DIMENSION])
