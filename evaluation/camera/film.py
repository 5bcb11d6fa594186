"""A film of a scene whose things are known: a camera moves and zooms over pictures that lie on a table."""

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.image_features import Box
from vision.picture import Picture

Pixels = NDArray[np.uint8]
WORLD = (1600, 1200)  # px of the table: width, height
VIEW = (416, 312)  # px of a frame
CLOSE, WIDE = 620.0, 1560.0  # px of the table that a frame is wide: at one thing, and at all of them
THING_SIDE = 380  # px of the table: longer side of a thing
STOP, MOVE = 1.4, 0.8  # seconds that the camera stays at a place, and that it takes to the next
SHAKE, SHAKES = 9.0, (1.7, 2.9)  # px of the table by which a hand shakes, and times a second
RAYS, MADE_SIDE = 11, 240  # of a thing that nobody knows: corners, and px of its picture
GRAIN = 6  # cells of the table's pattern along its shorter side


@dataclass(frozen=True, slots=True)
class Seen:
    """A thing in a frame: its number, its box as far as it is in the frame, and what share of it is."""

    thing: int
    box: Box
    share: float


class Film:
    """Things on a table, seen by a camera that looks at all of them, then at each, and so on from the beginning."""

    def __init__(self, things: Sequence[Picture], seed: int) -> None:
        """The same seed makes the same film."""
        self._random = random.Random(seed)  # noqa: S311  (a film, no secret)
        self._table = _table(seed)
        width, height = WORLD
        step = width // len(things)
        self._places = [self._put(thing, n * step, step, height) for n, thing in enumerate(things)]
        whole = (width / 2, height / 2, WIDE)
        self._stops = [whole, *((x + w / 2, y + h / 2, CLOSE) for x, y, w, h in self._places)]

    def frame(self, seconds: float) -> Pixels:
        """The RGB pixels [312, 416, 3] of a moment."""
        frame = cv2.warpAffine(self._table, self._view(seconds), VIEW, flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REFLECT)
        return np.asarray(frame, dtype=np.uint8)

    def seen(self, seconds: float) -> list[Seen]:
        """The things in the frame of a moment."""
        view, (width, height) = self._view(seconds), VIEW
        found = []
        for number, (x, y, w, h) in enumerate(self._places):
            corners = view @ np.array([[x, x + w], [y, y + h], [1.0, 1.0]])
            (left, right), (top, bottom) = corners
            across = min(right, width) - max(left, 0)
            down = min(bottom, height) - max(top, 0)
            if across > 1 and down > 1:
                box = Box.of_corners(left / width, top / height, right / width, bottom / height)
                found.append(Seen(number, box, across * down / ((right - left) * (bottom - top))))
        return found

    def _put(self, thing: Picture, left: int, step: int, height: int) -> tuple[int, int, int, int]:
        """Lay a thing on the table, cut out where it is transparent; its place: x, y, width, height."""
        rows, columns = thing.pixels.shape[:2]
        scale = min(THING_SIDE, step - 40) / max(rows, columns)
        size = (max(1, round(columns * scale)), max(1, round(rows * scale)))
        pixels = cv2.resize(thing.pixels, size, interpolation=cv2.INTER_CUBIC)
        alpha = np.full(size[::-1], 255, np.uint8) if thing.alpha is None else cv2.resize(thing.alpha, size)
        x = left + (step - size[0]) // 2 + self._random.randint(-15, 15)
        y = (height - size[1]) // 2 + self._random.randint(-120, 120)
        part, share = self._table[y : y + size[1], x : x + size[0]], alpha[:, :, np.newaxis] / 255.0
        part[:] = (share * pixels + (1 - share) * part).astype(np.uint8)
        return x, y, *size

    def _view(self, seconds: float) -> NDArray[np.float64]:
        """The affine map [2, 3] from the table to the frame of a moment."""
        number, past = divmod(seconds, STOP + MOVE)
        here, there = (self._stops[(int(number) + n) % len(self._stops)] for n in (0, 1))
        moved = 0.0 if past < STOP else 0.5 - 0.5 * math.cos(math.pi * (past - STOP) / MOVE)
        x, y, wide = (a + moved * (b - a) for a, b in zip(here, there, strict=True))
        x += SHAKE * math.sin(2 * math.pi * SHAKES[0] * seconds)
        y += SHAKE * math.sin(2 * math.pi * SHAKES[1] * seconds)
        scale = VIEW[0] / wide
        return np.array([[scale, 0.0, VIEW[0] / 2 - scale * x], [0.0, scale, VIEW[1] / 2 - scale * y]])


def made_thing(seed: int) -> Picture:
    """A thing that nobody knows: a many-coloured star of random rays, cut out."""
    made = np.random.default_rng(seed)
    angles = np.sort(made.uniform(0, 2 * np.pi, RAYS))
    rays = made.uniform(0.35, 1.0, RAYS) * MADE_SIDE / 2
    outline = np.stack([np.cos(angles), np.sin(angles)], axis=1) * rays[:, np.newaxis] + MADE_SIDE / 2
    alpha = np.zeros((MADE_SIDE, MADE_SIDE), np.uint8)
    cv2.fillPoly(alpha, [outline.astype(np.int32)], 255)
    colours = made.integers(0, 255, (4, 4, 3), dtype=np.uint8)
    pixels = np.asarray(cv2.resize(colours, (MADE_SIDE, MADE_SIDE), interpolation=cv2.INTER_NEAREST), dtype=np.uint8)
    return Picture(f"made {seed}", pixels, MADE_SIDE, MADE_SIDE, "PNG", alpha)


def _table(seed: int) -> Pixels:
    """A soft pattern of muted colours [1200, 1600, 3]."""
    noise = np.random.default_rng(seed).integers(70, 200, (GRAIN, GRAIN + 2, 3), dtype=np.uint8)
    muted = (0.4 * noise + 0.6 * noise.mean(axis=(0, 1))).astype(np.uint8)
    return np.asarray(cv2.resize(muted, WORLD, interpolation=cv2.INTER_CUBIC), dtype=np.uint8)
