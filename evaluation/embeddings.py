"""Embeddings by themselves: how well each brings images of one class together, on sets that none was fitted on.

Each image asks all others of its set (leave one out); the measure is mean average precision. Beside the embeddings stand the
backbone's own features of the whole image, and an untrained projection of these: principal components of the images that the
embedding was fitted on, as many as the embedding has numbers.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from engine.errors import ConfigurationError
from engine.settings import Settings
from evaluation import pages
from evaluation.collection import CachedFeatureExtractor
from evaluation.datasets import there
from evaluation.unseen.collection import UnseenSources, rows, unseen_collections
from training.embedding import DIMENSION, images
from training.features import features_of_views
from vision.image_features import ImageFeatures, Vector, unit
from vision.picture import decode

Json = dict[str, Any]
Tell = Callable[[str], None]
LABELLED = {  # folder of images with a file labels.csv -> column of the class
    "pets37": "breed", "cars": "model", "textures_dtd10": "texture", "patterns_fabric": "pattern", "hair_type5": "hair_type",
    "food10": "dish", "architecture3": "style", "pacs": "object",
}  # fmt: skip
COLLECTIONS = ("landmarks", "interiors", "shop garments")  # unseen collections whose documents have classes
EXTRACTORS = ("backbone", "centre", "embedding", "products")
OWN, UNTRAINED, EMBEDDING, PRODUCTS = "backbone's own", "untrained projection", "embedding", "products"
BATCH = 16


def measure(data: Path, settings: Settings, tell: Tell) -> Json:
    """Mean average precision of each embedding on each set; ConfigurationError where `data` has none of the sets."""
    sets = {name: found for name, found in labelled(data, settings) if found}
    if not sets:
        raise ConfigurationError(f"{data.name} has none of the sets: {', '.join([*LABELLED, *COLLECTIONS])}")
    untrained, extractor = projection(data, settings), CachedFeatureExtractor(settings, EXTRACTORS)
    found: dict[str, dict[str, float]] = {}
    for name, known in sets.items():
        tell(f"{name}: {len(known)} images")
        vectors = embedded([path for path, _ in known], extractor, settings, untrained)
        found[name] = {kind: mean_average_precision(rows, [label for _, label in known]) for kind, rows in vectors.items()}
    means = {kind: float(np.mean([row[kind] for row in found.values()])) for kind in next(iter(found.values()))}
    sizes = {name: len(known) for name, known in sets.items()}
    marks = extractor.fingerprints()
    return {
        "surroundings": pages.surroundings(settings), "map": found, "mean": means, "images": sizes, "dimension": DIMENSION,
        "weights": {name: marks[name] for name in EXTRACTORS},
    }  # fmt: skip


def labelled(data: Path, settings: Settings) -> Iterator[tuple[str, list[tuple[Path, str]]]]:
    """The images of each set with their classes; an image without a class is left out."""
    for folder, column in LABELLED.items():
        file = data / folder / "labels.csv"
        yield folder, [(file.parent / row["path"], row[column]) for row in rows(file)] if there(data, folder) else []
    sources, every = UnseenSources(data, settings, settings.home / "evaluation" / "drawn"), unseen_collections(settings)
    for name in COLLECTIONS:
        documents = every[name].documents(sources) if every[name].is_there(data) else []
        yield name, [(known.path, known.fine) for known in documents if known.fine]


def projection(data: Path, settings: Settings) -> Callable[[Vector], Vector]:
    """The untrained projection of features [n, 1280]."""
    plain = [features_of_views(paths, 0, (), settings)[:, 0] for paths in images(data, settings).values()]
    own = np.concatenate(plain)[:, : plain[0].shape[1] // 2].astype(np.float64)
    mean = own.mean(axis=0)
    directions = np.linalg.eigh((own - mean).T @ (own - mean))[1][:, : -DIMENSION - 1 : -1]
    return lambda features: unit(np.asarray((features - mean) @ directions, dtype=np.float32))


def embedded(
    paths: Sequence[Path], extractor: CachedFeatureExtractor, settings: Settings, untrained: Callable[[Vector], Vector]
) -> dict[str, Vector]:
    """Unit vectors [n, d] of the images, by embedding."""
    seen: list[ImageFeatures] = []
    for start in range(0, len(paths), BATCH):
        seen += extractor.extract([decode(path.read_bytes(), settings) for path in paths[start : start + BATCH]])
    own = np.stack([one.backbone.features for one in seen if one.backbone is not None])
    return {
        OWN: unit(own),
        UNTRAINED: untrained(own),
        EMBEDDING: np.stack([one.embedding for one in seen if one.embedding is not None]),
        PRODUCTS: np.stack([one.products for one in seen if one.products is not None]),
    }


def mean_average_precision(vectors: Vector, classes: Sequence[str]) -> float:
    """Of unit vectors [n, d]: each asks all others, and those of its class are right; one alone in its class does not ask."""
    names, likeness = np.asarray(classes), vectors @ vectors.T
    return float(np.mean([p for at in range(len(names)) if (p := _average_precision(likeness[at], names, at)) is not None]))


def _average_precision(likeness: Vector, classes: np.ndarray[Any, Any], at: int) -> float | None:
    """The mean, over the right ones, of the share of right ones as far as each; None where nothing is right."""
    others = np.arange(len(classes)) != at
    right = (classes[others] == classes[at])[np.argsort(-likeness[others], kind="stable")]
    places = np.flatnonzero(right)
    return float(np.mean(np.arange(1, len(places) + 1) / (places + 1))) if len(places) else None
