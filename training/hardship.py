"""What happens to a page before it is read: turned, tilted, shrunk, badly lit."""

from collections.abc import Callable
from dataclasses import replace

import cv2
import numpy as np
from PIL import Image

from vision.picture import Picture

TILT = 7.0  # degrees at most
SHRUNK = 0.45  # of the sides
DARKEST, CONTRAST = 0.25, 0.45  # light in the darkest corner, and what is left of the difference between ink and paper


def turned(picture: Picture, seed: int) -> Picture:
    """Lying on one of its sides, or upside down."""
    return _of(picture, np.rot90(picture.pixels, 1 + seed % 3))


def tilted(picture: Picture, seed: int) -> Picture:
    """Turned by a few degrees, on a grey table."""
    degrees = float(np.random.default_rng(seed).uniform(-TILT, TILT))
    image = Image.fromarray(picture.pixels).rotate(degrees, Image.Resampling.BICUBIC, expand=True, fillcolor=(90, 90, 90))
    return _of(picture, np.asarray(image))


def shrunk(picture: Picture, _seed: int) -> Picture:
    """Small."""
    return _of(picture, cv2.resize(picture.pixels, None, fx=SHRUNK, fy=SHRUNK, interpolation=cv2.INTER_AREA))


def dimmed(picture: Picture, _seed: int) -> Picture:
    """Pale, with light that falls off from one corner to the other."""
    rows, columns = picture.pixels.shape[:2]
    light = np.linspace(1, DARKEST, rows)[:, None, None] * 0.5 + np.linspace(1, DARKEST, columns)[None, :, None] * 0.5
    pale = 255 - (255 - picture.pixels.astype(np.float32)) * CONTRAST
    return _of(picture, np.clip(pale * light, 0, 255))


HARDSHIPS: dict[str, Callable[[Picture, int], Picture]] = {
    "turned": turned, "tilted": tilted, "shrunk": shrunk, "dimmed": dimmed,
}  # fmt: skip


def _of(picture: Picture, pixels: "np.ndarray[tuple[int, ...], np.dtype[np.generic]]") -> Picture:
    eight = np.ascontiguousarray(pixels, dtype=np.uint8)
    return replace(picture, pixels=eight, height=eight.shape[0], width=eight.shape[1])
