"""Test pictures for reading: pages and signs drawn with known words, and the ways in which a page is degraded."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from vision.picture import Picture

SIGN_SIZE = (640, 480)
MARGIN = 12  # px
NOISE = 8.0  # levels
MAX_TILT = 7.0  # degrees
SHRUNK = 0.45  # of each side
DARKEST, CONTRAST = 0.25, 0.45  # light in the darkest corner, and contrast of ink on paper, of a dimmed page
_LIST = (
    "open sale milk fresh coffee street menu 2024 price total exit welcome juice bakery hotel parking museum library "
    "station school garden market police pharmacy summer winter water butter chocolate organic delivery service danger "
    "invoice number 12.50 date cash change thank you please visit again quantity item tax amount card the and of with from"
)
WORDS = _LIST.split()


@dataclass(frozen=True, slots=True)
class Style:
    """Share of lines in light ink, and share of lines on a plate of the inverse colour."""

    light: float
    plates: float


DARK_PAPER, LIGHT_PAPER, ON_PHOTOS = Style(0.95, 0.05), Style(0.05, 0.05), Style(0.3, 0.5)


def draw_page(seed: int) -> tuple[Picture, list[str]]:
    """A page, slip, screen or card full of lines, as from a scanner or a camera; and the lines."""
    rng = np.random.default_rng(seed)
    dark = seed % 4 == 0
    size = (int(rng.integers(300, 1100)), int(rng.integers(300, 1400)))
    level = rng.integers(10, 70) if dark else rng.integers(170, 256)
    paper = tuple(int(v) for v in np.clip(level + rng.integers(-15, 16, 3), 0, 255))
    height = int(rng.integers(14, 44))
    lines = max(2, int((size[1] - 2 * MARGIN) / (height * rng.uniform(1.2, 3))))
    return _drawn(Image.new("RGB", size, paper), rng, [height] * lines, DARK_PAPER if dark else LIGHT_PAPER)


def draw_sign(background: Picture, seed: int) -> tuple[Picture, list[str]]:
    """A photo with one to four lines of text on it, and the lines."""
    rng = np.random.default_rng(seed)
    heights = [int(v) for v in rng.integers(16, 56, int(rng.integers(1, 5)))]
    return _drawn(Image.fromarray(background.pixels).resize(SIGN_SIZE), rng, heights, ON_PHOTOS)


def _drawn(image: Image.Image, rng: np.random.Generator, heights: list[int], style: Style) -> tuple[Picture, list[str]]:
    """Draw lines one below another; the picture is slightly tilted, noisy and out of focus."""
    pen = ImageDraw.Draw(image)
    band = (image.height - 2 * MARGIN) / len(heights)
    texts = [_write(pen, rng, (int(MARGIN + n * band), image.width, height), style) for n, height in enumerate(heights)]
    tilted = image.rotate(float(rng.normal(0, 1.0)), Image.Resampling.BICUBIC, fillcolor=image.getpixel((1, 1)))
    levels = cv2.GaussianBlur(np.asarray(tilted), (3, 3), float(rng.uniform(0.1, 1.0))).astype(np.float32)
    levels += rng.normal(0, rng.uniform(0, NOISE), levels.shape[:2])[..., None]
    return Picture("drawn", np.clip(levels, 0, 255).astype(np.uint8), image.width, image.height, "PNG"), texts


def _write(pen: ImageDraw.ImageDraw, rng: np.random.Generator, place: tuple[int, int, int], style: Style) -> str:
    """Draw one line at a place (top, width of the picture, height of letters), shortened until it fits; return it."""
    top, width, height = place
    font = ImageFont.load_default(height)
    line = " ".join(rng.choice(WORDS, int(rng.integers(1, 9))))
    while pen.textlength(line, font) > width - 2 * MARGIN and " " in line:
        line = line.rpartition(" ")[0]
    left = int(rng.integers(MARGIN, max(MARGIN + 1, width - MARGIN - int(pen.textlength(line, font)))))
    ink = tuple(int(v) for v in (rng.integers(180, 256, 3) if rng.random() < style.light else rng.integers(0, 90, 3)))
    if rng.random() < style.plates:
        pen.rectangle(pen.textbbox((left, top), line, font=font), fill=tuple(255 - v for v in ink))
    pen.text((left, top), line, fill=ink, font=font)
    return line


def turned(picture: Picture, seed: int) -> Picture:
    """Rotated by 90, 180 or 270 degrees."""
    return _of(picture, np.rot90(picture.pixels, 1 + seed % 3))


def tilted(picture: Picture, seed: int) -> Picture:
    """Rotated by a few degrees, on grey."""
    degrees = float(np.random.default_rng(seed).uniform(-MAX_TILT, MAX_TILT))
    image = Image.fromarray(picture.pixels).rotate(degrees, Image.Resampling.BICUBIC, expand=True, fillcolor=(90, 90, 90))
    return _of(picture, np.asarray(image))


def shrunk(picture: Picture, _seed: int) -> Picture:
    """Scaled down."""
    return _of(picture, cv2.resize(picture.pixels, None, fx=SHRUNK, fy=SHRUNK, interpolation=cv2.INTER_AREA))


def dimmed(picture: Picture, _seed: int) -> Picture:
    """With little contrast, and light that decreases from one corner to the opposite one."""
    rows, columns = picture.pixels.shape[:2]
    light = np.linspace(1, DARKEST, rows)[:, None, None] * 0.5 + np.linspace(1, DARKEST, columns)[None, :, None] * 0.5
    pale = 255 - (255 - picture.pixels.astype(np.float32)) * CONTRAST
    return _of(picture, np.clip(pale * light, 0, 255))


DEGRADATIONS: dict[str, Callable[[Picture, int], Picture]] = {
    "turned": turned, "tilted": tilted, "shrunk": shrunk, "dimmed": dimmed,
}  # fmt: skip


def _of(picture: Picture, pixels: "np.ndarray[tuple[int, ...], np.dtype[np.generic]]") -> Picture:
    eight = np.ascontiguousarray(pixels, dtype=np.uint8)
    return replace(picture, pixels=eight, height=eight.shape[0], width=eight.shape[1])
