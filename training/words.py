"""Fit the visual words of local descriptors: `omma train words --data ../shared/data`.

Descriptors (RootSIFT) of pictures that are not held out are reduced to their principal components, and k-means finds the
centres. Sizes of the vocabulary, words per descriptor and bits of the signature are compared on held-out pictures: each is
looked for by a copy of its own, turned, cropped and smaller, among all of them. Writes `vision/weights/words.npz` and
`words.json`.
"""

import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import click
import cv2
import numpy as np
from sklearn.cluster import MiniBatchKMeans

from engine.demo_corpus import ensure
from engine.errors import BadPicture
from engine.settings import Settings, get_settings
from training.features import load, pictures_in
from training.held_out import everyday_held_out, is_held_out
from training.words_measured import Seen, bits_kept, retrieval, seen_twice
from vision.extractor import fingerprint_of_values
from vision.extractors.local import METHOD, VOCABULARY_WEIGHTS, Vocabulary, describe, save_vocabulary
from vision.image_features import Vector

REPORT = VOCABULARY_WEIGHTS.with_suffix(".json")
DIMENSION, BITS = 64, 128
SIZES = (4096, 16384)
SIGNATURES = (64, 128, 256)
EVERYDAY, SHOP = 900, 600  # photos that are fitted on
EACH = 150  # descriptors of one picture, the strongest
HELD = {"demo": 250, "flickr8k": 300, "grocery": 100}  # pictures that are measured on
BATCH, ROUNDS = 8192, 90


def fitted_on(data: Path, settings: Settings) -> list[Path]:
    """Pictures that are not held out, of all three sets."""
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
    parts = (demo, HELD["demo"]), (everyday, HELD["flickr8k"]), (shop, HELD["grocery"])
    return [path for paths, most in parts for path in _thinned(paths, most)]


def descriptors_of(path: Path) -> Vector:
    """The strongest of one picture, in half precision; none of one that cannot be read."""
    cv2.setNumThreads(1)
    try:
        return describe(load(path, get_settings())).descriptors[:EACH].astype(np.float16)
    except BadPicture:
        return np.zeros((0, 128), np.float16)


def gathered(paths: Sequence[Path], settings: Settings) -> Vector:
    """Descriptors [n, 128] of all pictures; found once per way of finding them, because it takes minutes."""
    cache = settings.home / "cache" / f"descriptors-{fingerprint_of_values(*METHOD, EACH, len(paths))}.npy"
    if not cache.exists():
        with ProcessPoolExecutor(2) as pool:
            rows = np.concatenate(list(pool.map(descriptors_of, paths, chunksize=16)))
        cache.parent.mkdir(parents=True, exist_ok=True)
        np.save(cache, rows)
    return np.asarray(np.load(cache), dtype=np.float32)


def fitted(rows: Vector, size: int) -> Vocabulary:
    """Principal components, centres of k-means, and bits: random directions at right angles to one another, where there are
    as many, so that every bit tells something else.
    """
    mean = rows.mean(axis=0)
    _, _, directions = np.linalg.svd(np.cov((rows - mean).T))
    reduced = ((rows - mean) @ directions[:DIMENSION].T).astype(np.float32)
    means = MiniBatchKMeans(
        size, init="random", n_init=1, batch_size=BATCH, max_iter=1000, reassignment_ratio=0, random_state=0, init_size=3 * size
    )
    random = np.random.default_rng(0)
    for _ in range(ROUNDS if size > BATCH // 2 else ROUNDS // 2):
        means.partial_fit(reduced[random.choice(len(reduced), max(BATCH, size))])
    return Vocabulary.of(mean, directions[:DIMENSION].T.astype(np.float32), means.cluster_centers_, planes(BITS))


def planes(bits: int) -> Vector:
    """Directions [d, bits] of a signature: rotations of the space, one after the other."""
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
    with ProcessPoolExecutor(2) as pool:
        seen = [one for one in pool.map(seen_twice, measured_on(data, settings), chunksize=8) if one is not None]
    report: dict[str, Any] = {"pictures": len(paths), "descriptors": len(rows), "dimension": DIMENSION, "method": METHOD}
    known = {size: fitted(rows, size) for size in SIZES}
    report["retrieval"] = {str(size): found for size, found in _retrievals(known, seen)}
    best = max(SIZES, key=lambda size: report["retrieval"][str(size)]["1 word, 128 terms"]["r_at_1"])
    report["signatures"] = {str(bits): bits_kept(known[best], planes(bits), seen) for bits in SIGNATURES}
    report["chosen"] = {"words": best, "bits": BITS}
    save_vocabulary(VOCABULARY_WEIGHTS, known[best])
    REPORT.write_text(json.dumps(report, indent=2) + "\n")
    click.echo(REPORT.read_text())


def _retrievals(known: dict[int, Vocabulary], seen: Sequence[Seen]) -> Iterator[tuple[int, dict[str, Any]]]:
    for size, vocabulary in known.items():
        yield size, retrieval(vocabulary, seen)
        click.echo(f"{size} words measured")


def _thinned(paths: list[Path], most: int) -> list[Path]:
    """At most that many, from all over the list."""
    return paths if len(paths) <= most else [paths[n * len(paths) // most] for n in range(most)]
