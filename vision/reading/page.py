"""A page to read and the outlines of lines on it: turned, straightened or enlarged, and mapped back to the picture."""

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
STANDING = 1.5  # times as high as wide: a line that stands
VIEW = 600  # px of the longest side in which tilt is looked for
STEEPEST, STEP = 15.0, 0.5  # degrees
LEAST = 0.75  # degrees from which straightening is worth it
GAIN = 1.15  # by which the rows must stand out more at that angle than as they are


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


def widths(outlines: Points) -> NDArray[np.float32]:
    """Lengths of the upper edges [n]."""
    return np.asarray(np.linalg.norm(outlines[:, 1] - outlines[:, 0], axis=1), dtype=np.float32)


def heights(outlines: Points) -> NDArray[np.float32]:
    """Lengths of the left edges [n]."""
    return np.asarray(np.linalg.norm(outlines[:, 3] - outlines[:, 0], axis=1), dtype=np.float32)


def cut(page: Page, outline: Points) -> NDArray[np.uint8]:
    """The line inside an outline [4, 2], made a rectangle [h, w, 3]."""
    size = (max(1, int(widths(outline[None])[0])), max(1, int(heights(outline[None])[0])))
    corners = np.array([[0, 0], [size[0], 0], size, [0, size[1]]], dtype=np.float32)
    matrix = cv2.getPerspectiveTransform(outline, corners)
    crop = cv2.warpPerspective(page.pixels, matrix, size, borderMode=cv2.BORDER_REPLICATE, flags=cv2.INTER_CUBIC)
    return np.asarray(crop, dtype=np.uint8)


def in_order(outlines: Points) -> Points:
    """Row by row, each from left to right; a line belongs to a row that its middle lies in."""
    rows: list[list[Points]] = []
    for outline in sorted(outlines, key=lambda o: float(o[:, 1].mean())):
        last = rows[-1][-1] if rows else None
        if last is not None and last[:, 1].min() <= outline[:, 1].mean() <= last[:, 1].max():
            rows[-1].append(outline)
        else:
            rows.append([outline])
    ordered = [outline for row in rows for outline in sorted(row, key=lambda o: float(o[:, 0].min()))]
    return np.asarray(ordered, dtype=np.float32).reshape(-1, 4, 2)


def stands(outlines: Points) -> bool:
    """Whether most of what the outlines [n, 4, 2] hold runs up or down."""
    wide, high = widths(outlines), heights(outlines)
    standing = high > STANDING * wide
    return bool((high[standing]).sum() > (wide[~standing]).sum())


def turned(page: Page, outlines: Points, quarters: int) -> tuple[Page, Points]:
    """The page and the outlines on it, turned clockwise."""
    there = moved(outlines, turning(page.size, quarters))
    return page.turned(quarters), np.asarray([clockwise(outline) for outline in there], dtype=np.float32).reshape(-1, 4, 2)


def clockwise(outline: Points) -> Points:
    """The corners of an outline [4, 2] from its top left."""
    left, right = np.split(outline[np.argsort(outline[:, 0], kind="stable")], 2)
    (top_left, bottom_left), (top_right, bottom_right) = (side[np.argsort(side[:, 1])] for side in (left, right))
    return np.stack([top_left, top_right, bottom_right, bottom_left])


def tilt(page: Page) -> float:
    """Degrees by which the page must be turned clockwise for its rows to lie level; 0 where nothing is gained.

    The angle at which the sums of ink along the rows differ most: lines and the gaps between them (projection profile).
    """
    grey = cv2.cvtColor(page.pixels, cv2.COLOR_RGB2GRAY)
    scale = min(1.0, VIEW / max(grey.shape))
    small = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    ink = np.abs(small.astype(np.float32) - cv2.GaussianBlur(small, (0, 0), VIEW / 40).astype(np.float32))
    angles = np.arange(-STEEPEST, STEEPEST + STEP, STEP)
    clear = [_clearness(ink, float(angle)) for angle in angles]
    best = int(np.argmax(clear))
    level = clear[len(angles) // 2]
    return float(angles[best]) if abs(angles[best]) >= LEAST and clear[best] > GAIN * level else 0.0


def _clearness(ink: "np.ndarray[tuple[int, ...], np.dtype[np.float32]]", degrees: float) -> float:
    """How much neighbouring rows differ when the page is turned clockwise."""
    rows, columns = ink.shape
    matrix = cv2.getRotationMatrix2D((columns / 2, rows / 2), -degrees, 1.0)
    profile = cv2.warpAffine(ink, matrix, (columns, rows)).sum(axis=1)
    return float(np.square(np.diff(profile)).sum())
