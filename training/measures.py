"""How good an embedding finds: copies of pictures that it was not fitted on, and the share of right first answers."""

from collections.abc import Callable, Sequence

import cv2
import numpy as np

from training import transforms
from training.transforms import OPAQUE, Pixels
from vision.image_features import Vector

CENTRE = 0.6  # of each side
DARK, ASKEW = 0.6, 15.0  # of the light; degrees
LARGE = 0.5  # of the photograph's shorter side, what is pasted


def centre(pixels: Pixels, scene: Pixels) -> Pixels:
    """The middle 60 % of each side."""
    h, w = pixels.shape[:2]
    high, wide = max(1, int(h * CENTRE)), max(1, int(w * CENTRE))
    top, left = (h - high) // 2, (w - wide) // 2
    return _on_paper(pixels[top : top + high, left : left + wide])


def dim(pixels: Pixels, scene: Pixels) -> Pixels:
    """Out of focus, in the dark, askew."""
    turned = _on_paper(_turned(pixels, ASKEW))
    blurred = cv2.GaussianBlur(turned, (0, 0), max(turned.shape[:2]) / 100)
    return np.asarray(blurred * DARK, dtype=np.uint8)


def pasted(pixels: Pixels, scene: Pixels) -> Pixels:
    """Askew in the middle of a photograph."""
    return _laid(pixels, scene)[0]


def part(pixels: Pixels, scene: Pixels) -> Pixels:
    """The part of that photograph in which the picture is."""
    whole, (top, left, h, w) = _laid(pixels, scene)
    return np.ascontiguousarray(whole[top : top + h, left : left + w])


COPIES: dict[str, Callable[[Pixels, Pixels], Pixels]] = {"centre": centre, "dim": dim, "pasted": pasted, "part": part}


def _laid(pixels: Pixels, scene: Pixels) -> tuple[Pixels, tuple[int, int, int, int]]:
    """RGBA on RGB, and where: top, left, height, width."""
    whole = scene.copy()
    turned = _turned(pixels, -ASKEW)
    size = LARGE * min(whole.shape[:2]) / max(turned.shape[:2])
    laid = np.asarray(cv2.resize(turned, None, fx=size, fy=size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    h, w = laid.shape[:2]
    top, left = (whole.shape[0] - h) // 2, (whole.shape[1] - w) // 2
    whole[top : top + h, left : left + w] = transforms.over(laid, whole[top : top + h, left : left + w])
    return whole, (top, left, h, w)


def _turned(pixels: Pixels, degrees: float) -> Pixels:
    """The whole picture askew; its corners are see-through."""
    h, w = pixels.shape[:2]
    matrix = cv2.getRotationMatrix2D((w / 2, h / 2), degrees, 0.8)
    return np.asarray(cv2.warpAffine(pixels, matrix, (w, h)), dtype=np.uint8)


def _on_paper(pixels: Pixels) -> Pixels:
    return transforms.over(pixels, np.full_like(pixels[..., :3], OPAQUE))


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
