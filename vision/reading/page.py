"""A page to read: pixels that may have been turned, straightened or enlarged, and the way back to the picture."""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.image_features import Box
from vision.picture import Picture

Points = NDArray[np.float32]  # [..., 2]: x, y
QUARTERS = 4
PAPER_SAMPLE = 4  # px at the rim, from which the colour beyond the edge of a straightened page is taken


@dataclass(frozen=True, slots=True, eq=False)
class Page:
    """Pixels uint8 [height, width, 3] RGB; `back` [3, 3] takes their coordinates to fractions of the picture."""

    pixels: NDArray[np.uint8]
    back: NDArray[np.float64]

    @classmethod
    def of(cls, picture: Picture) -> "Page":
        """The picture as it stands."""
        rows, columns = picture.pixels.shape[:2]
        return cls(picture.pixels, np.diag([1 / columns, 1 / rows, 1.0]))

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        return self.pixels.shape[1], self.pixels.shape[0]

    def turned(self, quarters: int) -> "Page":
        """Turned clockwise by quarters of a full turn; no pixel changes."""
        page = np.ascontiguousarray(np.rot90(self.pixels, -quarters))
        return Page(page, self.back @ np.linalg.inv(turning(self.size, quarters)))

    def straightened(self, degrees: float) -> "Page":
        """Turned clockwise about its middle by a small angle, and enlarged so that nothing is cut off."""
        width, height = self.size
        matrix = np.vstack([cv2.getRotationMatrix2D((width / 2, height / 2), -degrees, 1.0), [0, 0, 1]])
        cos, sin = abs(matrix[0, 0]), abs(matrix[0, 1])
        wide, high = round(width * cos + height * sin), round(width * sin + height * cos)
        matrix[:2, 2] += (wide - width) / 2, (high - height) / 2
        paper = tuple(float(v) for v in np.median(self._rim(), axis=0))
        pixels = cv2.warpAffine(self.pixels, matrix[:2], (wide, high), flags=cv2.INTER_CUBIC, borderValue=paper)
        return Page(np.asarray(pixels, dtype=np.uint8), self.back @ np.linalg.inv(matrix))

    def scaled(self, factor: float) -> "Page":
        """Enlarged or shrunk."""
        width, height = (max(1, round(side * factor)) for side in self.size)
        way = cv2.INTER_CUBIC if factor > 1 else cv2.INTER_AREA
        pixels = np.asarray(cv2.resize(self.pixels, (width, height), interpolation=way), dtype=np.uint8)
        return Page(pixels, self.back @ np.diag([self.size[0] / width, self.size[1] / height, 1.0]))

    def box(self, points: Any) -> Box:
        """The rectangle of the picture around points [n, 2] of the page."""
        there = moved(np.asarray(points, dtype=np.float32), self.back)
        (left, top), (right, bottom) = there.min(axis=0), there.max(axis=0)
        box = Box.of_corners(*(round(float(v), 4) for v in (left, top, right, bottom)))
        return Box(*box.as_list())

    def _rim(self) -> NDArray[np.uint8]:
        rows, columns = self.pixels[:: max(1, self.size[1] - 1)], self.pixels[:, :: max(1, self.size[0] - 1)]
        return np.concatenate([rows.reshape(-1, 3), columns.reshape(-1, 3)])[::PAPER_SAMPLE]


def turning(size: tuple[int, int], quarters: int) -> NDArray[np.float64]:
    """The matrix [3, 3] that turns a page of this size (width, height) clockwise by quarters, its corner back at the origin."""
    width, height = size
    matrix = np.eye(3)
    for _ in range(quarters % QUARTERS):
        matrix = np.array([[0.0, -1.0, height], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]) @ matrix
        width, height = height, width
    return matrix


def moved(points: Points, matrix: NDArray[np.float64]) -> Points:
    """Points [..., 2] through a matrix [3, 3] whose last row is (0, 0, 1)."""
    return np.asarray(points @ matrix[:2, :2].T + matrix[:2, 2], dtype=np.float32)
