"""Fit the visual words of local descriptors: `omma train words --data ../shared/data`.

RootSIFT descriptors of pictures that are not held out are reduced to principal components and clustered by k-means. Sizes of
the vocabulary, words per descriptor and bits of the signature are compared on held-out pictures: a copy of each, rotated,
cropped and scaled down, is the query, and the picture is the right answer. Writes `vision/weights/words.npz` and `words.json`.
"""

import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import click
import cv2
import numpy as np
from sklearn.cluster import MiniBatchKMeans

from engine.demo_corpus import ensure
from engine.errors import BadPicture
from engine.settings import Settings, get_settings
from training.features import cached, load, pictures_in
from training.held_out import everyday_held_out, is_held_out
from training.words_measured import CopyPair, bits_kept, retrieval, with_copy
from vision.extractor import fingerprint_of_values
from vision.extractors.local import METHOD, VOCABULARY_WEIGHTS, Vocabulary, describe, save_vocabulary
from vision.image_features import Vector

REPORT = VOCABULARY_WEIGHTS.with_suffix(".json")
DIMENSION, BITS = 64, 128
SIZES = (4096, 16384)
SIGNATURES = (64, 128, 256)
EVERYDAY, SHOP = 900, 600  # photos to fit on
DESCRIPTORS = 150  # of one picture, the strongest
MEASURED = {"demo": 250, "flickr8k": 300, "grocery": 100}  # pictures to measure on
BATCH, ROUNDS = 8192, 90  # of k-means


def fitted_on(data: Path, settings: Settings) -> list[Path]:
    """Pictures of all three sets that are not held out."""
    stamps = ensure(settings)
    held = set(everyday_held_out(path.name for path in pictures_in(data / "flickr8k")))
    everyday = [path for path in pictures_in(data / "flickr8k") if path.name not in held]
    shop = [path for path in pictures_in(data / "grocery" / "train") if not is_held_out("grocery", path.name)]
    demo = [path for path in sorted(stamps.rglob("*.png")) if not is_held_out("demo", path.name)]
    return [*_thinned(everyday, EVERYDAY), *_thinned(shop, SHOP), *demo]


def measured_on(data: Path, settings: Settings) -> list[Path]:
    """Held-out pictures of all three sets."""
    stamps = ensure(settings)
    names = set(everyday_held_out(path.name for path in pictures_in(data / "flickr8k")))
    everyday = [path for path in pictures_in(data / "flickr8k") if path.name in names]
    shop = [path for path in pictures_in(data / "grocery" / "train") if is_held_out("grocery", path.name)]
    demo = [path for path in sorted(stamps.rglob("*.png")) if is_held_out("demo", path.name)]
    parts = (demo, MEASURED["demo"]), (everyday, MEASURED["flickr8k"]), (shop, MEASURED["grocery"])
    return [path for paths, most in parts for path in _thinned(paths, most)]


def descriptors_of(path: Path, settings: Settings) -> Vector:
    """The strongest descriptors [n, 128] of a picture, in half precision; none if it cannot be decoded."""
    cv2.setNumThreads(1)
    try:
        return describe(load(path, settings)).descriptors[:DESCRIPTORS].astype(np.float16)
    except BadPicture:
        return np.zeros((0, 128), np.float16)


def gathered(paths: Sequence[Path], settings: Settings) -> Vector:
    """Descriptors [n, 128] of all pictures; cached by method, because extraction takes minutes."""
    mark = fingerprint_of_values(*METHOD, DESCRIPTORS, len(paths))
    file = settings.home / "cache" / f"descriptors-{mark}.npy"
    return cached(file, lambda: _extracted(paths, settings)).astype(np.float32)


def _extracted(paths: Sequence[Path], settings: Settings) -> Vector:
    with ProcessPoolExecutor(2) as pool:
        return np.concatenate(list(pool.map(partial(descriptors_of, settings=settings), paths, chunksize=16)))


def fitted(rows: Vector, size: int) -> Vocabulary:
    """A vocabulary of that many words: principal components of descriptors, centres of k-means, and planes of signatures."""
    mean = rows.mean(axis=0)
    _, _, directions = np.linalg.svd(np.cov((rows - mean).T))
    directions = directions[:DIMENSION].T
    reduced = ((rows - mean) @ directions).astype(np.float32)
    return Vocabulary.of(mean, directions.astype(np.float32), _centres(reduced, size), planes(BITS))


def _centres(reduced: Vector, size: int) -> Vector:
    """Centres [size, d] of descriptors by k-means on random batches."""
    means = MiniBatchKMeans(
        size, init="random", n_init=1, batch_size=BATCH, max_iter=1000, reassignment_ratio=0, random_state=0, init_size=3 * size
    )
    random = np.random.default_rng(0)
    for _ in range(ROUNDS if size > BATCH // 2 else ROUNDS // 2):
        means.partial_fit(reduced[random.choice(len(reduced), max(BATCH, size))])
    centres: Vector = means.cluster_centers_
    return centres


def planes(bits: int) -> Vector:
    """Normals [d, bits] of a signature's planes: random and, as far as possible, orthogonal, so that bits are independent."""
    random = np.random.default_rng(0)
    turns = [np.linalg.qr(random.normal(size=(DIMENSION, DIMENSION)))[0] for _ in range(-(-bits // DIMENSION))]
    return np.concatenate(turns, axis=1)[:, :bits].astype(np.float32)


@click.command()
@click.option("--data", type=click.Path(exists=True, path_type=Path), required=True, help="The development data.")
def main(data: Path) -> None:
    """Fit vocabularies, compare them on held-out pictures, and save the best."""
    settings = get_settings()
    paths = fitted_on(data, settings)
    rows = gathered(paths, settings)
    click.echo(f"{len(rows)} descriptors of {len(paths)} pictures")
    pairs = pairs_with_copies(measured_on(data, settings), settings)
    vocabularies = {size: fitted(rows, size) for size in SIZES}
    retrievals = {str(size): found for size, found in _retrievals(vocabularies, pairs)}
    best = max(SIZES, key=lambda size: retrievals[str(size)]["1 word, 128 terms"]["r_at_1"])
    signatures = {str(bits): bits_kept(vocabularies[best], planes(bits), pairs) for bits in SIGNATURES}
    save_vocabulary(VOCABULARY_WEIGHTS, vocabularies[best])
    report: dict[str, Any] = {"pictures": len(paths), "descriptors": len(rows), "dimension": DIMENSION, "method": METHOD}
    report |= {"retrieval": retrievals, "signatures": signatures, "chosen": {"words": best, "bits": BITS}}
    REPORT.write_text(json.dumps(report, indent=2) + "\n")
    click.echo(REPORT.read_text())


def pairs_with_copies(paths: Sequence[Path], settings: Settings) -> list[CopyPair]:
    """Each picture with a copy of it, without those that cannot be decoded."""
    with ProcessPoolExecutor(2) as pool:
        return [pair for pair in pool.map(partial(with_copy, settings=settings), paths, chunksize=8) if pair is not None]


def _retrievals(vocabularies: dict[int, Vocabulary], pairs: Sequence[CopyPair]) -> Iterator[tuple[int, dict[str, Any]]]:
    for size, vocabulary in vocabularies.items():
        yield size, retrieval(vocabulary, pairs)
        click.echo(f"{size} words measured")


def _thinned(paths: list[Path], most: int) -> list[Path]:
    """At most that many, evenly spread over the list."""
    return paths if len(paths) <= most else [paths[n * len(paths) // most] for n in range(most)]
