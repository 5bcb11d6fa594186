"""Transformed copies of a picture, as pictures change when they are published again.

Every transform is deterministic by seed. Pixels are RGBA, uint8 [height, width, 4]; a background for transparent pictures is
added last.
"""

import io
from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

Pixels = NDArray[np.uint8]
Random = np.random.Generator
Transform = Callable[[Pixels, Random], Pixels]
MAX_SIDE = 640  # px of a copy's longer side
OPAQUE = 255


def crop(pixels: Pixels, random: Random) -> Pixels:
    """A part of 55 to 90 % of each side, anywhere."""
    h, w = pixels.shape[:2]
    high, wide = (int(side * random.uniform(0.55, 0.9)) for side in (h, w))
    top, left = int(random.integers(0, h - high + 1)), int(random.integers(0, w - wide + 1))
    return pixels[top : top + high, left : left + wide]


def blur(pixels: Pixels, random: Random) -> Pixels:
    """Out of focus: a Gaussian of 0.6 to 1.6 % of the longer side."""
    return _as_pixels(cv2.GaussianBlur(pixels, (0, 0), max(pixels.shape[:2]) * random.uniform(0.006, 0.016)))


def perspective(pixels: Pixels, random: Random) -> Pixels:
    """Seen from the side: each corner moves inwards by up to 18 %."""
    h, w = pixels.shape[:2]
    corners = np.array([[0, 0], [w, 0], [w, h], [0, h]], dtype=np.float32)
    inwards = np.array([[1, 1], [-1, 1], [-1, -1], [1, -1]]) * random.uniform(0, 0.18, (4, 2)) * [w, h]
    matrix = cv2.getPerspectiveTransform(corners, (corners + inwards).astype(np.float32))
    return _as_pixels(cv2.warpPerspective(pixels, matrix, (w, h), flags=cv2.INTER_LINEAR))


def colour(pixels: Pixels, random: Random) -> Pixels:
    """Other light: each channel, brightness and contrast change by up to a quarter."""
    gains = random.uniform(0.8, 1.2, 3) * random.uniform(0.75, 1.25)
    levels = (np.arange(OPAQUE + 1, dtype=np.float32) - 128) * random.uniform(0.75, 1.2) + 128
    table = np.dstack([_clipped(levels[:, None] * gains)[:, None], np.arange(OPAQUE + 1, dtype=np.uint8)[:, None]])
    return _as_pixels(cv2.LUT(np.ascontiguousarray(pixels), table))


def turn(pixels: Pixels, random: Random) -> Pixels:
    """Held askew by up to 20 degrees."""
    h, w = pixels.shape[:2]
    matrix = cv2.getRotationMatrix2D((w / 2, h / 2), random.uniform(-20, 20), 0.9)
    return _as_pixels(cv2.warpAffine(pixels, matrix, (w, h)))


def phone(pixels: Pixels, random: Random) -> Pixels:
    """A snapshot in poor light: askew, slightly blurred, noisy, with wrong white balance, as a low-quality JPEG."""
    taken = colour(turn(perspective(pixels, random), random), random)
    soft = np.asarray(cv2.GaussianBlur(taken, (0, 0), random.uniform(0.6, 1.6)), dtype=np.uint8)
    return np.dstack([poor(np.ascontiguousarray(soft[..., :3]), random), soft[..., 3]])


def poor(pixels: Pixels, random: Random) -> Pixels:
    """RGB with noise, after compression as a low-quality JPEG."""
    noise = random.normal(0, random.uniform(4, 14), pixels.shape[:2])[..., None]
    noisy = encoded(_clipped(pixels + noise), int(random.integers(25, 60)))
    return np.asarray(Image.open(io.BytesIO(noisy)))


TRANSFORMS: dict[str, Transform] = {
    "crop": crop, "blur": blur, "perspective": perspective, "colour": colour, "turn": turn, "phone": phone,
}  # fmt: skip


def opened(data: bytes) -> Pixels:
    """The picture upright, its longer side at most `MAX_SIDE`."""
    image = ImageOps.exif_transpose(Image.open(io.BytesIO(data))).convert("RGBA")
    image.thumbnail((MAX_SIDE, MAX_SIDE))
    return np.asarray(image)


def copy(data: bytes, name: str, seed: int, background: bytes | None = None) -> bytes:
    """A transformed copy as JPEG, over the picture `background` or, without one, over one colour."""
    random = np.random.default_rng(seed)
    changed = TRANSFORMS[name](opened(data), random)
    return encoded(over(changed, backdrop(changed.shape[:2], random, background)))


def pasted(data: bytes, scene: bytes, seed: int) -> tuple[bytes, list[float]]:
    """The picture askew at a random place of another, as JPEG; and its box as fractions x, y, w, h."""
    random = np.random.default_rng(seed)
    whole = opened(scene)[..., :3].copy()
    h, w = whole.shape[:2]
    part = turn(opened(data), random)
    size = random.uniform(0.35, 0.55) * min(h, w) / max(part.shape[:2])
    part = _as_pixels(cv2.resize(part, None, fx=size, fy=size, interpolation=cv2.INTER_AREA))
    ph, pw = part.shape[:2]
    top, left = int(random.integers(0, h - ph + 1)), int(random.integers(0, w - pw + 1))
    whole[top : top + ph, left : left + pw] = over(part, whole[top : top + ph, left : left + pw])
    return encoded(whole), [left / w, top / h, pw / w, ph / h]


def backdrop(size: tuple[int, ...], random: Random, picture: bytes | None) -> Pixels:
    """A background of that size (height, width) in RGB: a picture, or a random colour."""
    h, w = size
    if picture is None:
        return np.full((h, w, 3), random.integers(0, OPAQUE + 1, 3), dtype=np.uint8)
    return _as_pixels(cv2.resize(opened(picture)[..., :3], (w, h)))


def over(pixels: Pixels, behind: Pixels) -> Pixels:
    """RGBA composed over RGB of the same size: RGB."""
    share = pixels[..., 3:].astype(np.float32) / OPAQUE
    return _clipped(pixels[..., :3] * share + behind * (1 - share))


def encoded(pixels: Pixels, quality: int = 85) -> bytes:
    """RGB as JPEG."""
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "JPEG", quality=quality)
    return out.getvalue()


def _clipped(levels: NDArray[np.floating]) -> Pixels:
    return _as_pixels(np.clip(levels, 0, OPAQUE))


def _as_pixels(values: object) -> Pixels:
    return np.asarray(values, dtype=np.uint8)
