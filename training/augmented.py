"""Views of a picture as others might have taken it: what metric learning shows beside the picture itself.

A picture of a thing alone (see-through, or on white paper as catalogues have it) is cut out and put into photographs: whole,
small in a corner, or as a pile of several. A photograph is cropped, turned, seen from the side, in other light.
"""

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import lru_cache, partial
from itertools import islice
from pathlib import Path

import cv2
import numpy as np

from engine.installation import make_folder, paths_of
from engine.settings import Settings
from training import measures, transforms
from training.features import load
from training.held_out import rank
from training.measures import COPIES
from training.transforms import OPAQUE, Pixels, Random
from vision.extractor import fingerprint_of_files, fingerprint_of_values
from vision.extractors.backbone import BackboneExtractor
from vision.extractors.embedding import CENTRE_CROP, multi_crop
from vision.image_features import Vector

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


CHUNK = 32  # pictures
MARK = fingerprint_of_files(*(Path(__file__), *(Path(str(module.__file__)) for module in (measures, transforms))))
Show = Callable[[Path], list[Pixels]]


def features_of_views(paths: Sequence[Path], number: int, scenes: Sequence[Path], settings: Settings) -> Vector:
    """Features [n, 1 + number, 2560] of each picture as it is and of that many views of it."""
    plain = _kept(paths, partial(shown, settings=settings), ("plain",), settings)
    if not number:
        return plain
    made = partial(changed, number=number, scenes=tuple(scenes))
    return np.concatenate([plain, _kept(paths, made, ("views", number, [path.name for path in scenes]), settings)], axis=1)


def features_of_copies(paths: Sequence[Path], scenes: Sequence[Path], settings: Settings) -> Vector:
    """Features [n, kinds, 2560] of one copy of each kind."""
    return _kept(paths, partial(copied, scenes=tuple(scenes)), ("copies", [path.name for path in scenes]), settings)


def shown(path: Path, *, settings: Settings) -> list[Pixels]:
    """The picture as it is."""
    return [load(path, settings).pixels]


def changed(path: Path, *, number: int, scenes: tuple[Path, ...]) -> list[Pixels]:
    """Views of it."""
    return views(transforms.opened(path.read_bytes()), number, rank("views", path.name), _opened(scenes))


def copied(path: Path, *, scenes: tuple[Path, ...]) -> list[Pixels]:
    """A copy of each kind."""
    scene = _opened(scenes)[rank("copies", path.name) % len(scenes)]
    pixels = transforms.opened(path.read_bytes())
    return [make(pixels, scene) for make in COPIES.values()]


@lru_cache(maxsize=2)
def _opened(scenes: tuple[Path, ...]) -> list[Pixels]:
    """Each process reads them once."""
    return [transforms.opened(path.read_bytes())[..., :3] for path in scenes]


def _kept(paths: Sequence[Path], show: Show, what: tuple[object, ...], settings: Settings) -> Vector:
    """Extracted at once per list of pictures and state of what makes them."""
    backbone = BackboneExtractor(settings)
    listed = fingerprint_of_values([path.name for path in paths], *what, CENTRE_CROP)
    file = make_folder(paths_of(settings).cache / "views") / f"{backbone.fingerprint}-{MARK}-{listed}.npy"
    if not file.exists():
        temporary = file.with_suffix(".tmp.npy")
        np.save(temporary, np.stack(list(_looked(paths, show, backbone))).astype(np.float16))
        temporary.replace(file)
    features: Vector = np.load(file).astype(np.float32)
    return features


def _looked(paths: Sequence[Path], show: Show, backbone: BackboneExtractor) -> Iterator[Vector]:
    """Pictures are made by other processes while the network looks."""
    with ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as pool:
        made = pool.map(show, paths, chunksize=8)
        while chunk := list(islice(made, CHUNK)):
            seen = multi_crop(backbone, [image for images in chunk for image in images])
            yield from seen.reshape(len(chunk), len(chunk[0]), -1)
