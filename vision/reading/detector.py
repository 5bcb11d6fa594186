"""Where the lines are: PP-OCR's detector, and the lines cut out of the page."""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.settings import Settings
from vision.reading import models
from vision.reading.page import Page, Points
from vision.runtime import Session

AREA = 460_000  # px that the network looks at, whatever the picture's shape (`training/reading.py` measures others)
LARGEST_GROWTH = 2.0
STEP = 32  # px; sides are multiples
TEXT, LINE = 0.3, 0.5  # probability from which a pixel is text, and from which a region of them is a line
SPREAD = 1.6  # the network marks the core of a line; by how much that is widened (area over length)
MOST_LINES = 3000
SMALL, SMALL_SHARE = 10, 0.5  # px of the network's view that letters need, and share of lines that lack them
CLOSER = 2.5  # growth of the area, for small letters


class Detector:
    """Outlines of lines [n, 4, 2], each from its top left clockwise, in pixels of the page."""

    def __init__(self, settings: Settings) -> None:
        """ConfigurationError where the package is not there."""
        path = models.path_of(models.DETECTOR)
        from rapidocr.ch_ppocr_det.utils import DBPostProcess  # noqa: PLC0415  (slow, and not needed by every engine)

        self._session = Session(path, settings)
        self._outlines: Any = DBPostProcess(TEXT, LINE, MOST_LINES, SPREAD, "fast", True)

    def find(self, page: Page) -> Points:
        """All lines; where most are too small for the network, it looks closer."""
        found, scale = self._look(page, AREA)
        if len(found) and scale < LARGEST_GROWTH and np.mean(heights(found) * scale < SMALL) > SMALL_SHARE:
            found, _ = self._look(page, round(AREA * CLOSER))
        return found

    def _look(self, page: Page, area: int) -> tuple[Points, float]:
        width, height = page.size
        scale = min(LARGEST_GROWTH, (area / (width * height)) ** 0.5)
        columns, rows = (max(STEP, round(side * scale / STEP) * STEP) for side in (width, height))
        way = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
        (chances,) = self._session.run(as_input(cv2.resize(page.pixels, (columns, rows), interpolation=way))[None])
        outlines, _ = self._outlines(chances, (height, width))
        return np.asarray(outlines, dtype=np.float32).reshape(-1, 4, 2), scale


def as_input(pixels: Any) -> NDArray[np.float32]:
    """Pixels [h, w, 3] RGB as the networks take them: [3, h, w], BGR, -1..1."""
    return np.ascontiguousarray((pixels[:, :, ::-1].astype(np.float32) / 127.5 - 1).transpose(2, 0, 1))


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
