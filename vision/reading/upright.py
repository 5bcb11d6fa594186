"""Which way up: turning a page so that its lines lie, and straightening one that is a little tilted."""

import cv2
import numpy as np

from vision.reading.detector import heights, widths
from vision.reading.page import Page, Points, moved, turning

STANDING = 1.5  # times as high as wide: a line that stands
VIEW = 600  # px of the longest side in which tilt is looked for
STEEPEST, STEP = 15.0, 0.5  # degrees
LEAST = 0.75  # degrees from which straightening is worth it
GAIN = 1.15  # by which the rows must stand out more at that angle than as they are


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
