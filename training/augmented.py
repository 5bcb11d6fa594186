"""Views of a picture as others might have taken it: what metric learning shows beside the picture itself.

A picture of a thing alone (see-through, or on white paper as catalogues have it) is cut out and put into photographs: whole,
small in a corner, or as a pile of several. A photograph is cropped, turned, seen from the side, in other light.
"""

from collections.abc import Sequence

import cv2
import numpy as np

from training import transforms
from training.transforms import OPAQUE, Pixels, Random

WHITE = 246  # from this level on, a catalogue's background is paper
PAPER = 0.1  # share of a picture from which on it is a thing on paper
SIDE = 280  # px of a view; the network sees 260
# Chance of each change, in the order in which they are made.
SHAPES = {"perspective": 0.5, "turn": 0.5}
LIGHT = {"colour": 0.7, "blur": 0.15}
CROPPED, FLIPPED, POOR = 0.6, 0.3, 0.3
PILE = 5  # things in the largest pile
# Of a thing alone: on paper, before one colour, alone in a photograph; the rest are piles.
PAPERS, COLOURED, SINGLE = 0.15, 0.3, 0.65


def views(pixels: Pixels, number: int, seed: int, scenes: Sequence[Pixels]) -> list[Pixels]:
    """That many views, RGB, of RGBA pixels; the same for the same seed. `scenes` are RGB photographs to put things into."""
    thing = cut_out(pixels)
    randoms = [np.random.default_rng((seed, place)) for place in range(number)]
    return [_view(thing, random, scenes) for random in randoms]


def cut_out(pixels: Pixels) -> Pixels:
    """See-through where white paper reaches in from the edge; a picture with little of it, or see-through already, as it is."""
    if pixels[..., 3].min() < OPAQUE:
        return pixels
    paper = (pixels[..., :3].min(axis=2) >= WHITE).astype(np.uint8)
    _, parts = cv2.connectedComponents(np.pad(paper, 1, constant_values=1), connectivity=4)
    outside = parts[1:-1, 1:-1] == parts[0, 0]
    if outside.mean() < PAPER:
        return pixels
    alpha = cv2.GaussianBlur(np.where(outside, 0, OPAQUE).astype(np.uint8), (3, 3), 0)
    return np.dstack([pixels[..., :3], alpha])


def _view(thing: Pixels, random: Random, scenes: Sequence[Pixels]) -> Pixels:
    alone = bool((thing[..., 3] < OPAQUE).mean() > PAPER / 2)
    flat = _placed(thing, random, scenes) if alone else _photographed(thing, random)
    for name, chance in LIGHT.items():
        if random.random() < chance:
            flat = transforms.TRANSFORMS[name](_opaque(flat), random)[..., :3]
    return transforms.poor(flat, random) if random.random() < POOR else flat


def _photographed(photo: Pixels, random: Random) -> Pixels:
    """A photograph from elsewhere, mirrored beyond its edge so that turning leaves no corner empty."""
    small = _small(photo, SIDE)
    beyond = [length // 4 for length in small.shape[:2]]
    wide = cv2.copyMakeBorder(small, beyond[0], beyond[0], beyond[1], beyond[1], cv2.BORDER_REFLECT)
    changed = _shaped(np.asarray(wide, dtype=np.uint8), random)
    changed = changed[beyond[0] : -beyond[0], beyond[1] : -beyond[1]]
    if random.random() < CROPPED:
        changed = transforms.crop(changed, random)
    return np.ascontiguousarray(changed[..., :3])


def _placed(thing: Pixels, random: Random, scenes: Sequence[Pixels]) -> Pixels:
    """A thing before one colour or paper, or one or more of it in a photograph."""
    way = random.random()
    if way < COLOURED:
        changed = _shaped(_small(thing, SIDE), random)
        behind = (
            np.full_like(changed[..., :3], OPAQUE) if way < PAPERS else transforms.backdrop(changed.shape[:2], random, None)
        )
        return transforms.over(changed, behind)
    scene = scenes[int(random.integers(len(scenes)))]
    whole = np.array(cv2.resize(scene, (SIDE, SIDE), interpolation=cv2.INTER_AREA), dtype=np.uint8)
    number = 1 if way < SINGLE else int(random.integers(2, PILE + 1))
    for _ in range(number):
        size = random.uniform(0.45, 1.0) if number == 1 else random.uniform(0.35, 0.7)
        _put(whole, _small(_shaped(_small(thing, SIDE), random), int(SIDE * size)), random)
    return whole


def _put(whole: Pixels, part: Pixels, random: Random) -> None:
    """Lay RGBA somewhere onto RGB."""
    h, w = part.shape[:2]
    top, left = int(random.integers(0, whole.shape[0] - h + 1)), int(random.integers(0, whole.shape[1] - w + 1))
    whole[top : top + h, left : left + w] = transforms.over(part, whole[top : top + h, left : left + w])


def _shaped(pixels: Pixels, random: Random) -> Pixels:
    if random.random() < FLIPPED:
        pixels = np.ascontiguousarray(pixels[:, ::-1])
    for name, chance in SHAPES.items():
        if random.random() < chance:
            pixels = transforms.TRANSFORMS[name](pixels, random)
    return pixels


def _small(pixels: Pixels, side: int) -> Pixels:
    """The longer side at that many pixels."""
    scale = side / max(pixels.shape[:2])
    size = [max(1, round(length * scale)) for length in pixels.shape[1::-1]]
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def _opaque(pixels: Pixels) -> Pixels:
    return np.dstack([pixels, np.full(pixels.shape[:2], OPAQUE, dtype=np.uint8)])
