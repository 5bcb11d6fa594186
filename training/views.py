"""What the embedding is made from, of pictures and of what is made of them, kept from run to run."""

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import lru_cache, partial
from itertools import islice
from pathlib import Path

import numpy as np

from engine.paths import make_folder, paths_of
from engine.settings import Settings
from training import augmented, copies, transforms
from training.copies import COPIES
from training.features import load
from training.held_out import rank
from training.transforms import Pixels
from vision import fingerprints
from vision.extractors.backbone import BackboneExtractor
from vision.extractors.embedding import CENTRE_CROP, multi_crop
from vision.image_features import Vector

CHUNK = 32  # pictures
MARK = fingerprints.of_files(*(Path(str(module.__file__)) for module in (augmented, copies, transforms)))
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
    return augmented.views(transforms.opened(path.read_bytes()), number, rank("views", path.name), _opened(scenes))


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
    listed = fingerprints.of_values([path.name for path in paths], *what, CENTRE_CROP)
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
