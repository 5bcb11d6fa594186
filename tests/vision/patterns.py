"""Drawn patterns that have enough to be recognised by."""

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
WIDTH, HEIGHT = 360, 270


def pattern(seed: int) -> Pixels:
    """Letters and discs as a printed thing has them."""
    random = np.random.default_rng(seed)
    drawn = np.full((HEIGHT, WIDTH, 3), 235, dtype=np.uint8)
    for _ in range(45):
        colour = tuple(int(v) for v in random.integers(0, 230, 3))
        x, y = int(random.integers(0, WIDTH)), int(random.integers(0, HEIGHT))
        cv2.circle(drawn, (x, y), int(random.integers(5, 22)), colour, -1)
        letters = "".join(random.choice(list("ABCDEFGHKMNPRSTUVXYZ"), 3))
        place = (int(random.integers(-20, WIDTH)), int(random.integers(0, HEIGHT)))
        cv2.putText(drawn, letters, place, cv2.FONT_HERSHEY_SIMPLEX, float(random.uniform(0.5, 1.1)), colour, 2)
    return drawn


def pasted(pixels: Pixels) -> Pixels:
    """Smaller, on another pattern."""
    scene = pattern(99)
    scene[40:202, 60:276] = cv2.resize(pixels, (216, 162), interpolation=cv2.INTER_AREA)
    return scene
