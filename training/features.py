"""Backbone features of development pictures, of views and of copies of them: computed once, then cached."""

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import lru_cache, partial
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.errors import BadPicture, ConfigurationError
from engine.installation import make_folder, paths_of
from engine.settings import Settings
from training import augmented, transforms
from training.augmented import COPIES, views
from training.held_out import rank
from training.transforms import Pixels
from vision.extractor import fingerprint_of_files, fingerprint_of_values
from vision.extractors import centre
from vision.extractors.backbone import BackboneExtractor
from vision.image_features import Vector
from vision.picture import Picture, decode, picture_files

CHUNK = 64  # pictures that are in memory at a time
VIEWED_CHUNK = 32  # the same, of pictures with several views each
METHOD = fingerprint_of_files(*(Path(str(module.__file__)) for module in (augmented, transforms)))  # how views are made
Half = NDArray[np.float16]
Changes = Callable[[Path], list[Pixels]]  # a picture file to images made from it; picklable


def pictures_in(folder: Path, most: int | None = None) -> list[Path]:
    """Picture files below a folder, evenly thinned to at most `most`. Raise ConfigurationError if there are none."""
    found = picture_files(folder)
    if not found:
        raise ConfigurationError(f"no pictures in {folder}; name the development data by --data")
    if most is None or len(found) <= most:
        return found
    return [found[int(i)] for i in np.linspace(0, len(found) - 1, most)]


def load(path: Path, settings: Settings) -> Picture:
    """A decoded picture. Raise BadPicture, which names the file, if it cannot be decoded."""
    try:
        return decode(path.read_bytes(), settings)
    except BadPicture as error:
        raise BadPicture(error.reason, f"{path.name}: {error}") from error


def cached(path: Path, make: Callable[[], Vector]) -> Half:
    """The array of a file, in half precision; computed and written if the file does not exist."""
    if not path.exists():
        make_folder(path.parent)
        temporary = path.with_suffix(".tmp.npy")
        np.save(temporary, make().astype(np.float16))
        temporary.replace(path)
    array: Half = np.load(path)
    return array


def features_of(paths: Sequence[Path], settings: Settings) -> Vector:
    """Features [n, 1280] of picture files."""
    backbone = BackboneExtractor(settings)
    rows: list[Vector] = []
    for start in range(0, len(paths), CHUNK):
        chunk = [load(path, settings) for path in paths[start : start + CHUNK]]
        rows += [output.features for output in backbone.run([picture.pixels for picture in chunk])]
    return np.stack(rows)


def features_of_views(paths: Sequence[Path], number: int, scenes: Sequence[Path], settings: Settings) -> Vector:
    """Features [n, 1 + number, 2560] of each picture and of that many views of it, which use `scenes` as backgrounds."""
    plain = _cached_features(paths, partial(_unchanged, settings=settings), ("plain",), settings)
    if not number:
        return plain
    changes = partial(_views, number=number, scenes=tuple(scenes))
    key = ("views", number, [path.name for path in scenes])
    return np.concatenate([plain, _cached_features(paths, changes, key, settings)], axis=1)


def features_of_copies(paths: Sequence[Path], scenes: Sequence[Path], settings: Settings) -> Vector:
    """Features [n, kinds, 2560] of one copy of each kind, in the order of `COPIES`."""
    key = ("copies", [path.name for path in scenes])
    return _cached_features(paths, partial(_copies, scenes=tuple(scenes)), key, settings)


def _unchanged(path: Path, *, settings: Settings) -> list[Pixels]:
    return [load(path, settings).pixels]


def _views(path: Path, *, number: int, scenes: tuple[Path, ...]) -> list[Pixels]:
    return views(transforms.opened(path.read_bytes()), number, rank("views", path.name), _opened(scenes))


def _copies(path: Path, *, scenes: tuple[Path, ...]) -> list[Pixels]:
    scene = _opened(scenes)[rank("copies", path.name) % len(scenes)]
    pixels = transforms.opened(path.read_bytes())
    return [make(pixels, scene) for make in COPIES.values()]


@lru_cache(maxsize=2)
def _opened(scenes: tuple[Path, ...]) -> list[Pixels]:
    """RGB of the scenes, decoded once per process."""
    return [transforms.opened(path.read_bytes())[..., :3] for path in scenes]


def _cached_features(paths: Sequence[Path], changes: Changes, key: tuple[object, ...], settings: Settings) -> Vector:
    """Features [n, images, 2560] of the images that `changes` makes of each picture."""
    backbone = BackboneExtractor(settings)
    listed = fingerprint_of_values([path.name for path in paths], *key, centre.SHARE)
    file = paths_of(settings).cache / "views" / f"{backbone.fingerprint}-{METHOD}-{listed}.npy"
    return cached(file, lambda: np.stack(list(_extracted(paths, changes, backbone)))).astype(np.float32)


def _extracted(paths: Sequence[Path], changes: Changes, backbone: BackboneExtractor) -> Iterator[Vector]:
    """Features of each picture's images; other processes make images while the backbone runs."""
    with ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as pool:
        made = pool.map(changes, paths, chunksize=8)
        while chunk := list(islice(made, VIEWED_CHUNK)):
            features = centre.multi_crop(backbone, [image for images in chunk for image in images])
            yield from features.reshape(len(chunk), len(chunk[0]), -1)
