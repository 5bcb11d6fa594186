"""A page to read and the outlines of its lines: rotated, deskewed or scaled, and mapped back to the picture."""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.image_features import Box
from vision.picture import Picture

Points = NDArray[np.float32]  # [..., 2]: x, y
QUARTERS = 4
RIM_STEP = 4  # px between samples of the edge, whose median colour fills the corners of a deskewed page
VERTICAL = 1.5  # height by width of an outline, above which its line is vertical
SKEW_SIDE = 600  # px of the longer side of the copy in which skew is measured
MAX_SKEW, SKEW_STEP = 15.0, 0.5  # degrees
MIN_SKEW = 0.75  # degrees; a smaller skew is not corrected
MIN_SKEW_GAIN = 1.15  # of the projection profile's contrast, by which the best angle must exceed 0 degrees


@dataclass(frozen=True, slots=True, eq=False)
class Page:
    """Pixels uint8 [height, width, 3] RGB; `back` [3, 3] maps their coordinates to fractions of the picture."""

    pixels: NDArray[np.uint8]
    back: NDArray[np.float64]

    @classmethod
    def of(cls, picture: Picture) -> "Page":
        """The whole picture, upright as it is."""
        rows, columns = picture.pixels.shape[:2]
        return cls(picture.pixels, np.diag([1 / columns, 1 / rows, 1.0]))

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        return self.pixels.shape[1], self.pixels.shape[0]

    def turned(self, quarters: int) -> "Page":
        """The page rotated clockwise by multiples of 90 degrees, without resampling."""
        page = np.ascontiguousarray(np.rot90(self.pixels, -quarters))
        return Page(page, self.back @ np.linalg.inv(rotation(self.size, quarters)))

    def deskewed(self, degrees: float) -> "Page":
        """The page rotated clockwise about its centre by a small angle, and extended so that nothing is cut off."""
        width, height = self.size
        matrix = np.vstack([cv2.getRotationMatrix2D((width / 2, height / 2), -degrees, 1.0), [0, 0, 1]])
        cos, sin = abs(matrix[0, 0]), abs(matrix[0, 1])
        wide, high = round(width * cos + height * sin), round(width * sin + height * cos)
        matrix[:2, 2] += (wide - width) / 2, (high - height) / 2
        paper = tuple(float(v) for v in np.median(self._rim(), axis=0))
        pixels = cv2.warpAffine(self.pixels, matrix[:2], (wide, high), flags=cv2.INTER_CUBIC, borderValue=paper)
        return Page(np.asarray(pixels, dtype=np.uint8), self.back @ np.linalg.inv(matrix))

    def scaled(self, factor: float) -> "Page":
        """The page scaled by a factor."""
        width, height = (max(1, round(side * factor)) for side in self.size)
        way = cv2.INTER_CUBIC if factor > 1 else cv2.INTER_AREA
        pixels = np.asarray(cv2.resize(self.pixels, (width, height), interpolation=way), dtype=np.uint8)
        return Page(pixels, self.back @ np.diag([self.size[0] / width, self.size[1] / height, 1.0]))

    def box(self, points: Any) -> Box:
        """The bounding box in the picture of points [n, 2] of the page."""
        there = transformed(np.asarray(points, dtype=np.float32), self.back)
        (left, top), (right, bottom) = there.min(axis=0), there.max(axis=0)
        box = Box.of_corners(*(round(float(v), 4) for v in (left, top, right, bottom)))
        return Box(*box.as_list())

    def _rim(self) -> NDArray[np.uint8]:
        rows, columns = self.pixels[:: max(1, self.size[1] - 1)], self.pixels[:, :: max(1, self.size[0] - 1)]
        return np.concatenate([rows.reshape(-1, 3), columns.reshape(-1, 3)])[::RIM_STEP]


def rotation(size: tuple[int, int], quarters: int) -> NDArray[np.float64]:
    """The matrix [3, 3] that rotates a page of this size (width, height) clockwise by multiples of 90 degrees."""
    width, height = size
    matrix = np.eye(3)
    for _ in range(quarters % QUARTERS):
        matrix = np.array([[0.0, -1.0, height], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]) @ matrix
        width, height = height, width
    return matrix


def transformed(points: Points, matrix: NDArray[np.float64]) -> Points:
    """Points [..., 2] transformed by an affine matrix [3, 3]."""
    return np.asarray(points @ matrix[:2, :2].T + matrix[:2, 2], dtype=np.float32)


def widths(outlines: Points) -> NDArray[np.float32]:
    """Lengths of the upper edges [n]."""
    return np.asarray(np.linalg.norm(outlines[:, 1] - outlines[:, 0], axis=1), dtype=np.float32)


def heights(outlines: Points) -> NDArray[np.float32]:
    """Lengths of the left edges [n]."""
    return np.asarray(np.linalg.norm(outlines[:, 3] - outlines[:, 0], axis=1), dtype=np.float32)


def cut(page: Page, outline: Points) -> NDArray[np.uint8]:
    """The line inside an outline [4, 2], rectified to [h, w, 3]."""
    size = (max(1, int(widths(outline[None])[0])), max(1, int(heights(outline[None])[0])))
    corners = np.array([[0, 0], [size[0], 0], size, [0, size[1]]], dtype=np.float32)
    matrix = cv2.getPerspectiveTransform(outline, corners)
    crop = cv2.warpPerspective(page.pixels, matrix, size, borderMode=cv2.BORDER_REPLICATE, flags=cv2.INTER_CUBIC)
    return np.asarray(crop, dtype=np.uint8)


def in_order(outlines: Points) -> Points:
    """Outlines [n, 4, 2] in reading order: by row, then from left to right; a line is in the row that contains its centre."""
    rows: list[list[Points]] = []
    for outline in sorted(outlines, key=lambda o: float(o[:, 1].mean())):
        last = rows[-1][-1] if rows else None
        if last is not None and last[:, 1].min() <= outline[:, 1].mean() <= last[:, 1].max():
            rows[-1].append(outline)
        else:
            rows.append([outline])
    ordered = [outline for row in rows for outline in sorted(row, key=lambda o: float(o[:, 0].min()))]
    return np.asarray(ordered, dtype=np.float32).reshape(-1, 4, 2)


def is_vertical(outlines: Points) -> bool:
    """Whether most of the text in outlines [n, 4, 2] is vertical."""
    wide, high = widths(outlines), heights(outlines)
    vertical = high > VERTICAL * wide
    return bool((high[vertical]).sum() > (wide[~vertical]).sum())


def turned(page: Page, outlines: Points, quarters: int) -> tuple[Page, Points]:
    """The page and its outlines, rotated clockwise by multiples of 90 degrees."""
    there = transformed(outlines, rotation(page.size, quarters))
    return page.turned(quarters), np.asarray([clockwise(outline) for outline in there], dtype=np.float32).reshape(-1, 4, 2)


def clockwise(outline: Points) -> Points:
    """The corners of an outline [4, 2], clockwise from its top left."""
    left, right = np.split(outline[np.argsort(outline[:, 0], kind="stable")], 2)
    (top_left, bottom_left), (top_right, bottom_right) = (side[np.argsort(side[:, 1])] for side in (left, right))
    return np.stack([top_left, top_right, bottom_right, bottom_left])


def skew(page: Page) -> float:
    """Degrees by which rotating the page clockwise makes its lines horizontal; 0 if there is little to gain.

    The angle at which the sums of ink along rows, the projection profile, have the most contrast between lines and gaps.
    """
    grey = cv2.cvtColor(page.pixels, cv2.COLOR_RGB2GRAY)
    scale = min(1.0, SKEW_SIDE / max(grey.shape))
    small = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    ink = np.abs(small.astype(np.float32) - cv2.GaussianBlur(small, (0, 0), SKEW_SIDE / 40).astype(np.float32))
    angles = np.arange(-MAX_SKEW, MAX_SKEW + SKEW_STEP, SKEW_STEP)
    contrasts = [_profile_contrast(ink, float(angle)) for angle in angles]
    best, level = int(np.argmax(contrasts)), contrasts[len(angles) // 2]
    worth_it = abs(angles[best]) >= MIN_SKEW and contrasts[best] > MIN_SKEW_GAIN * level
    return float(angles[best]) if worth_it else 0.0


def _profile_contrast(ink: "np.ndarray[tuple[int, ...], np.dtype[np.float32]]", degrees: float) -> float:
    """Sum of squared differences of neighbouring rows of ink, after a clockwise rotation."""
    rows, columns = ink.shape
    matrix = cv2.getRotationMatrix2D((columns / 2, rows / 2), -degrees, 1.0)
    profile = cv2.warpAffine(ink, matrix, (columns, rows)).sum(axis=1)
    return float(np.square(np.diff(profile)).sum())
