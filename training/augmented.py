"""Changed pictures: random views for metric learning, and fixed copies to measure it.

A view shows a picture as somebody else might have taken it. A picture of a thing alone (transparent, or on white paper as in
catalogues) is cut out and placed in photographs: large, small in a corner, or as a pile of several. A photograph is cropped,
rotated, seen from the side, in other light. Pixels are RGBA, uint8 [height, width, 4], unless said otherwise.
"""

from collections.abc import Callable, Sequence

import cv2
import numpy as np

from training import transforms
from training.transforms import OPAQUE, Pixels, Random

# Views.
SIDE = 280  # px of a view; the network's input has 260
WHITE = 246  # least level of white paper
MIN_PAPER = 0.1  # share of a picture that is paper if it shows a thing alone
SHAPES = {"perspective": 0.5, "turn": 0.5}  # chance of each change, in this order
LIGHT = {"colour": 0.7, "blur": 0.15}
CROPPED, FLIPPED, POOR = 0.6, 0.3, 0.3  # chances
ON_PAPER, ON_COLOUR, SINGLE = 0.15, 0.3, 0.65  # cumulative chances of backgrounds of a thing alone; the rest are piles
MAX_PILE = 5  # things in a pile
# Copies.
CENTRE = 0.6  # of each side
DARK, ASKEW = 0.6, 15.0  # of the light; degrees
PASTED_SIZE = 0.5  # of the photograph's shorter side


def views(pixels: Pixels, number: int, seed: int, scenes: Sequence[Pixels]) -> list[Pixels]:
    """That many views, RGB, the same for the same seed. `scenes` are RGB photographs in which things are placed."""
    thing = cut_out(pixels)
    return [_view(thing, np.random.default_rng((seed, place)), scenes) for place in range(number)]


def cut_out(pixels: Pixels) -> Pixels:
    """The picture with white paper around the thing made transparent; unchanged if it has little paper, or transparency."""
    if pixels[..., 3].min() < OPAQUE:
        return pixels
    paper = (pixels[..., :3].min(axis=2) >= WHITE).astype(np.uint8)
    _, parts = cv2.connectedComponents(np.pad(paper, 1, constant_values=1), connectivity=4)
    outside = parts[1:-1, 1:-1] == parts[0, 0]
    if outside.mean() < MIN_PAPER:
        return pixels
    alpha = cv2.GaussianBlur(np.where(outside, 0, OPAQUE).astype(np.uint8), (3, 3), 0)
    return np.dstack([pixels[..., :3], alpha])


def _view(thing: Pixels, random: Random, scenes: Sequence[Pixels]) -> Pixels:
    alone = bool((thing[..., 3] < OPAQUE).mean() > MIN_PAPER / 2)
    flat = _placed(thing, random, scenes) if alone else _photographed(thing, random)
    for name, chance in LIGHT.items():
        if random.random() < chance:
            flat = transforms.TRANSFORMS[name](_opaque(flat), random)[..., :3]
    return transforms.poor(flat, random) if random.random() < POOR else flat


def _photographed(photo: Pixels, random: Random) -> Pixels:
    """A photograph, changed; it is mirrored beyond its edge, so that a rotation leaves no corner empty."""
    small = _small(photo, SIDE)
    high, wide = (length // 4 for length in small.shape[:2])
    extended = cv2.copyMakeBorder(small, high, high, wide, wide, cv2.BORDER_REFLECT)
    changed = _shaped(np.asarray(extended, dtype=np.uint8), random)[high:-high, wide:-wide]
    if random.random() < CROPPED:
        changed = transforms.crop(changed, random)
    return np.ascontiguousarray(changed[..., :3])


def _placed(thing: Pixels, random: Random, scenes: Sequence[Pixels]) -> Pixels:
    """A thing on paper or one colour, or one or several of it in a photograph."""
    chance = random.random()
    if chance < ON_PAPER:
        return _on_paper(_shaped(_small(thing, SIDE), random))
    if chance < ON_COLOUR:
        changed = _shaped(_small(thing, SIDE), random)
        return transforms.over(changed, transforms.backdrop(changed.shape[:2], random, None))
    scene = scenes[int(random.integers(len(scenes)))]
    whole = np.array(cv2.resize(scene, (SIDE, SIDE), interpolation=cv2.INTER_AREA), dtype=np.uint8)
    number = 1 if chance < SINGLE else int(random.integers(2, MAX_PILE + 1))
    for _ in range(number):
        size = random.uniform(0.45, 1.0) if number == 1 else random.uniform(0.35, 0.7)
        _put(whole, _small(_shaped(_small(thing, SIDE), random), int(SIDE * size)), random)
    return whole


def _put(whole: Pixels, part: Pixels, random: Random) -> None:
    """Lay RGBA onto RGB, in place, at a random position."""
    h, w = part.shape[:2]
    top, left = int(random.integers(0, whole.shape[0] - h + 1)), int(random.integers(0, whole.shape[1] - w + 1))
    whole[top : top + h, left : left + w] = transforms.over(part, whole[top : top + h, left : left + w])


def _shaped(pixels: Pixels, random: Random) -> Pixels:
    """The picture, by chance mirrored, seen from the side, or rotated."""
    if random.random() < FLIPPED:
        pixels = np.ascontiguousarray(pixels[:, ::-1])
    for name, chance in SHAPES.items():
        if random.random() < chance:
            pixels = transforms.TRANSFORMS[name](pixels, random)
    return pixels


def _small(pixels: Pixels, side: int) -> Pixels:
    """The picture scaled to a longer side of that many pixels."""
    scale = side / max(pixels.shape[:2])
    size = [max(1, round(length * scale)) for length in pixels.shape[1::-1]]
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def _opaque(pixels: Pixels) -> Pixels:
    return np.dstack([pixels, np.full(pixels.shape[:2], OPAQUE, dtype=np.uint8)])


def centre(pixels: Pixels, scene: Pixels) -> Pixels:
    """The middle 60 % of each side."""
    h, w = pixels.shape[:2]
    high, wide = max(1, int(h * CENTRE)), max(1, int(w * CENTRE))
    top, left = (h - high) // 2, (w - wide) // 2
    return _on_paper(pixels[top : top + high, left : left + wide])


def dim(pixels: Pixels, scene: Pixels) -> Pixels:
    """Out of focus, dark and askew."""
    turned = _on_paper(_turned(pixels, ASKEW))
    blurred = cv2.GaussianBlur(turned, (0, 0), max(turned.shape[:2]) / 100)
    return np.asarray(blurred * DARK, dtype=np.uint8)


def pasted(pixels: Pixels, scene: Pixels) -> Pixels:
    """Askew in the middle of a photograph."""
    return _laid(pixels, scene)[0]


def part(pixels: Pixels, scene: Pixels) -> Pixels:
    """The part of that photograph that shows the picture."""
    whole, (top, left, h, w) = _laid(pixels, scene)
    return np.ascontiguousarray(whole[top : top + h, left : left + w])


COPIES: dict[str, Callable[[Pixels, Pixels], Pixels]] = {"centre": centre, "dim": dim, "pasted": pasted, "part": part}


def _laid(pixels: Pixels, scene: Pixels) -> tuple[Pixels, tuple[int, int, int, int]]:
    """RGBA in the middle of RGB, and its top, left, height and width."""
    whole = scene.copy()
    turned = _turned(pixels, -ASKEW)
    size = PASTED_SIZE * min(whole.shape[:2]) / max(turned.shape[:2])
    laid = np.asarray(cv2.resize(turned, None, fx=size, fy=size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    h, w = laid.shape[:2]
    top, left = (whole.shape[0] - h) // 2, (whole.shape[1] - w) // 2
    whole[top : top + h, left : left + w] = transforms.over(laid, whole[top : top + h, left : left + w])
    return whole, (top, left, h, w)


def _turned(pixels: Pixels, degrees: float) -> Pixels:
    """The whole picture rotated; its corners are transparent."""
    h, w = pixels.shape[:2]
    matrix = cv2.getRotationMatrix2D((w / 2, h / 2), degrees, 0.8)
    return np.asarray(cv2.warpAffine(pixels, matrix, (w, h)), dtype=np.uint8)


def _on_paper(pixels: Pixels) -> Pixels:
    """RGBA on white: RGB."""
    return transforms.over(pixels, np.full_like(pixels[..., :3], OPAQUE))
