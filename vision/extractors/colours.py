"""Dominant colours: clusters of pixels in CIELAB, named by the eleven basic colour terms."""

from collections.abc import Sequence
from typing import ClassVar

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.extractor import Extractor, fingerprint_of_values
from vision.image_features import Colour, ImageFeatures, Vector
from vision.picture import Picture

SIDE = 64  # px of the copy whose pixels are clustered
CLUSTERS = 6
MERGE_DISTANCE = 12.0  # in CIELAB; clusters closer than this are one colour
MIN_SHARE = 0.03  # of the picture
MIN_ALPHA = 128  # of pixels that count
# Typical sRGB points of the basic colour terms (Berlin and Kay 1969); terms that cover a wide region have several.
BASIC: dict[str, list[tuple[int, int, int]]] = {
    "black": [(0, 0, 0), (30, 30, 30)],
    "white": [(255, 255, 255), (240, 240, 240)],
    "grey": [(128, 128, 128), (80, 80, 80), (180, 180, 180)],
    "red": [(200, 20, 30), (140, 15, 20), (230, 60, 60)],
    "orange": [(250, 130, 20), (220, 110, 40)],
    "yellow": [(250, 220, 40), (230, 200, 90), (255, 240, 130)],
    "green": [(40, 140, 50), (20, 80, 40), (130, 190, 80), (110, 130, 60)],
    "blue": [(30, 70, 190), (20, 40, 90), (110, 170, 230), (70, 150, 170)],
    "purple": [(120, 40, 140), (80, 50, 110), (170, 120, 200)],
    "pink": [(250, 170, 190), (230, 80, 150)],
    "brown": [(120, 70, 30), (80, 50, 30), (170, 120, 80), (200, 160, 120)],
}  # fmt: skip


class ColoursExtractor(Extractor[tuple[Colour, ...]]):
    """At most six colours with their shares, the largest first; transparent pixels do not count."""

    name: ClassVar[str] = "colours"

    @property
    def fingerprint(self) -> str:
        """The method's parameters."""
        return f"lab-kmeans@{fingerprint_of_values(SIDE, CLUSTERS, MERGE_DISTANCE, MIN_SHARE, BASIC)}"

    def _observe(self, pictures: Sequence[Picture], seen: Sequence[ImageFeatures]) -> list[tuple[Colour, ...]]:
        return [dominant(picture) for picture in pictures]


def dominant(picture: Picture) -> tuple[Colour, ...]:
    """The dominant colours of a picture."""
    pixels = to_lab(_opaque(picture))
    count = min(CLUSTERS, len(pixels))
    criteria = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 20, 0.5)
    cv2.setRNGSeed(0)
    _, nearest, centres = cv2.kmeans(pixels, count, np.empty(0), criteria, 1, cv2.KMEANS_PP_CENTERS)
    shares = np.bincount(nearest.ravel(), minlength=count) / len(pixels)
    merged = _merge(np.asarray(centres, dtype=np.float32), shares)
    return tuple(_colour(centre, share) for centre, share in merged if share >= MIN_SHARE)


def _opaque(picture: Picture) -> NDArray[np.uint8]:
    """Opaque pixels [n, 3] of a small copy; all pixels if none is opaque."""
    small = np.asarray(cv2.resize(picture.pixels, (SIDE, SIDE), interpolation=cv2.INTER_AREA), dtype=np.uint8).reshape(-1, 3)
    if picture.alpha is None:
        return small
    alpha = cv2.resize(picture.alpha, (SIDE, SIDE), interpolation=cv2.INTER_AREA).ravel()
    opaque = small[alpha >= MIN_ALPHA]
    return opaque if len(opaque) else small


def to_lab(rgb: NDArray[np.uint8]) -> Vector:
    """sRGB [n, 3] to CIELAB [n, 3] under D65."""
    lab: Vector = cv2.cvtColor(rgb[None].astype(np.float32) / 255, cv2.COLOR_RGB2LAB)[0]
    return np.ascontiguousarray(lab)


def _merge(centres: Vector, shares: NDArray[np.float64]) -> list[tuple[Vector, float]]:
    """Merge clusters of nearly the same colour; return the largest first."""
    merged: list[tuple[Vector, float]] = []
    for i in np.argsort(-shares):
        for n, (centre, share) in enumerate(merged):
            if np.linalg.norm(centre - centres[i]) < MERGE_DISTANCE:
                merged[n] = (centre, share + float(shares[i]))
                break
        else:
            merged.append((centres[i], float(shares[i])))
    return sorted(merged, key=lambda pair: -pair[1])


def _colour(lab: Vector, share: float) -> Colour:
    rgb = cv2.cvtColor(lab[None, None].astype(np.float32), cv2.COLOR_LAB2RGB)[0, 0]
    red, green, blue = (int(v) for v in np.clip(np.round(rgb * 255), 0, 255))
    return Colour(name_of(lab), (red, green, blue), share)


_POINTS = [(name, point) for name, points in BASIC.items() for point in points]
_LAB = to_lab(np.asarray([point for _, point in _POINTS], dtype=np.uint8))


def name_of(lab: Vector) -> str:
    """The basic term whose typical point is nearest in CIELAB."""
    return _POINTS[int(np.argmin(((_LAB - lab) ** 2).sum(axis=1)))][0]
