"""Drawn patterns with enough texture for keypoints."""

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
WIDTH, HEIGHT = 360, 270


def pattern(seed: int) -> Pixels:
    """Discs and polygons of random colours."""
    random = np.random.default_rng(seed)
    drawn = np.full((HEIGHT, WIDTH, 3), 235, dtype=np.uint8)
    for _ in range(70):
        colour = tuple(int(v) for v in random.integers(0, 230, 3))
        middle = random.uniform([0, 0], [WIDTH, HEIGHT])
        cv2.circle(drawn, (int(middle[0]), int(middle[1])), int(random.integers(3, 14)), colour, -1)
        shard = random.uniform([0, 0], [WIDTH, HEIGHT]) + random.uniform(-30, 30, (int(random.integers(3, 6)), 2))
        cv2.fillPoly(drawn, [shard.astype(np.int32)], tuple(int(v) for v in random.integers(0, 230, 3)))
    return drawn


def pasted(pixels: Pixels) -> Pixels:
    """The pattern scaled down, on another pattern."""
    scene = pattern(99)
    scene[40:202, 60:276] = cv2.resize(pixels, (216, 162), interpolation=cv2.INTER_AREA)
    return scene
