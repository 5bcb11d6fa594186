"""How good an embedding finds, on pictures that it was not fitted on: the share of questions whose first answer is right."""

from collections.abc import Sequence

import numpy as np

from vision.image_features import Vector


def first_hits(asked: Vector, wanted: Sequence[str], gallery: Vector, classes: Sequence[str]) -> float:
    """Share of unit vectors [n, d] whose nearest of the gallery has the wanted class (R@1)."""
    nearest = np.argmax(asked @ gallery.T, axis=1)
    return float(np.mean(np.asarray(classes)[nearest] == np.asarray(wanted)))


def own_hits(asked: Vector, gallery: Vector) -> float:
    """Share of questions whose nearest is the gallery's picture in the same place."""
    return float(np.mean(np.argmax(asked @ gallery.T, axis=1) == np.arange(len(asked))))


def first_others(vectors: Vector, classes: Sequence[str]) -> float:
    """The same among the vectors themselves, each asked of all others."""
    likeness = vectors @ vectors.T
    np.fill_diagonal(likeness, -np.inf)
    names = np.asarray(classes)
    return float(np.mean(names[np.argmax(likeness, axis=1)] == names))
