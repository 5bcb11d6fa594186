"""Pictures altered in one known way each, to measure which alterations a retrieval of the same picture survives.

An alteration is the same for the same seed. Pictures are RGBA, uint8 [height, width, 4]; transparent pixels lie on white, as
extractors have them, or on the photograph that the picture is pasted onto.
"""

from collections.abc import Callable

import cv2
import numpy as np

from training.transforms import OPAQUE, Pixels, Random, encoded, opened, over

Alteration = Callable[[Pixels, Random], Pixels]
SCENE_SIDE = 480  # px of the longer side of a photograph that is pasted onto
PASTED_SHARE = (0.4, 0.6)  # the longer side of a pasted picture, of the shorter side of the photograph
POOR_QUALITY = 20  # of a JPEG


def centre_crop(pixels: Pixels, random: Random) -> Pixels:
    """The central 60 % of each side."""
    h, w = pixels.shape[:2]
    return pixels[round(0.2 * h) : round(0.8 * h), round(0.2 * w) : round(0.8 * w)]


def dimmed(pixels: Pixels, random: Random) -> Pixels:
    """Blurred by a Gaussian of 1 % of the longer side, at 60 % of the light, turned by up to 25 degrees."""
    soft = cv2.GaussianBlur(pixels, (0, 0), 0.01 * max(pixels.shape[:2]))
    dark = np.dstack([(soft[..., :3] * 0.6).astype(np.uint8), soft[..., 3]])
    return turned(dark, random.uniform(10, 25) * random.choice([-1, 1]))


def rotated(pixels: Pixels, random: Random) -> Pixels:
    """Turned by 30 to 330 degrees."""
    return turned(pixels, random.uniform(30, 330))


def scaled(pixels: Pixels, random: Random) -> Pixels:
    """Scaled to half of each side."""
    return _sized(pixels, 0.5)


def perspective(pixels: Pixels, random: Random) -> Pixels:
    """Seen from the side: each corner moves inwards by up to 22 %."""
    h, w = pixels.shape[:2]
    corners = np.array([[0, 0], [w, 0], [w, h], [0, h]], dtype=np.float32)
    inwards = np.array([[1, 1], [-1, 1], [-1, -1], [1, -1]]) * random.uniform(0, 0.22, (4, 2)) * [w, h]
    matrix = cv2.getPerspectiveTransform(corners, (corners + inwards).astype(np.float32))
    return np.asarray(cv2.warpPerspective(pixels, matrix, (w, h)), dtype=np.uint8)


def occluded(pixels: Pixels, random: Random) -> Pixels:
    """A grey block hides 35 % of it."""
    h, w = pixels.shape[:2]
    high, wide = (round(side * 0.35**0.5) for side in (h, w))
    top, left = int(random.integers(0, h - high + 1)), int(random.integers(0, w - wide + 1))
    hidden = pixels.copy()
    hidden[top : top + high, left : left + wide] = (128, 128, 128, OPAQUE)
    return hidden


def plain(pixels: Pixels, random: Random) -> Pixels:
    """Unaltered; `altered` encodes it as a poor JPEG."""
    return pixels


ALTERATIONS: dict[str, Alteration] = {
    "centre crop of 60 %": centre_crop,
    "blurred, darkened, turned": dimmed,
    "turned by any angle": rotated,
    "at half its size": scaled,
    "seen from the side": perspective,
    "35 % hidden": occluded,
    "poor JPEG": plain,
}
PASTED = "pasted, turned, onto a photograph"


def altered(data: bytes, kind: str, seed: int) -> bytes:
    """The picture on white, altered, as JPEG."""
    pixels = ALTERATIONS[kind](opened(data), np.random.default_rng(seed))
    white = np.full((*pixels.shape[:2], 3), OPAQUE, dtype=np.uint8)
    return encoded(over(pixels, white), POOR_QUALITY if kind == "poor JPEG" else 85)


def pasted(data: bytes, scene: bytes, seed: int) -> bytes:
    """The picture, turned by up to 40 degrees, somewhere on a photograph, as JPEG."""
    random = np.random.default_rng(seed)
    photo = opened(scene)
    photo = _sized(photo, SCENE_SIDE / max(photo.shape[:2]))[..., :3].copy()
    part = turned(opened(data), random.uniform(-40, 40))
    part = _sized(part, random.uniform(*PASTED_SHARE) * min(photo.shape[:2]) / max(part.shape[:2]))
    h, w = part.shape[:2]
    top, left = int(random.integers(0, photo.shape[0] - h + 1)), int(random.integers(0, photo.shape[1] - w + 1))
    photo[top : top + h, left : left + w] = over(part, photo[top : top + h, left : left + w])
    return encoded(photo)


def turned(pixels: Pixels, degrees: float) -> Pixels:
    """Turned about the centre, on a canvas that holds all of it; the corners are transparent."""
    h, w = pixels.shape[:2]
    matrix = cv2.getRotationMatrix2D((w / 2, h / 2), degrees, 1.0)
    cos, sin = np.abs(matrix[0, :2])
    wide, high = round(h * sin + w * cos), round(h * cos + w * sin)
    matrix[:, 2] += (wide / 2 - w / 2, high / 2 - h / 2)
    return np.asarray(cv2.warpAffine(pixels, matrix, (wide, high)), dtype=np.uint8)


def _sized(pixels: Pixels, factor: float) -> Pixels:
    """Larger or smaller by a factor."""
    way = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(pixels, None, fx=factor, fy=factor, interpolation=way), dtype=np.uint8)
