"""Fit the whitening of the embedding: `omma train embedding --data ../shared/data`.

Principal components of the features of general images: everyday photos, groceries, garments, the demo corpus. There are no
labels. Held-out images (training/held_out.py) take no part. How good it is where nothing was fitted is measured by
`omma evaluate --embeddings`.
"""

import json
from collections.abc import Sequence
from pathlib import Path

import click
import numpy as np

from engine.settings import Settings, get_settings
from training import labelled
from training.features import features_of_views
from vision.extractors.embedding import WEIGHTS, Whitening
from vision.image_features import Vector

REPORT = WEIGHTS.with_suffix(".json")
DIMENSION = 768
POWER = 0.5  # of the spread that each component is divided by; 0 keeps it, 1 takes it away
CENTRE = 0.7  # weight of the centre crop's features beside those of the whole
LIMITS = {"everyday": 1400, "grocery": 500, "clothing": 400, "stamps": 600}  # images of each set


def images(data: Path, settings: Settings) -> dict[str, list[Path]]:
    """Images to fit on, by set. Raise ConfigurationError, which names the set, if one is missing."""
    found: dict[str, Sequence[Path]] = {
        "everyday": labelled.everyday(data)[0],
        "grocery": labelled.parts(labelled.grocery(data, "train"), "grocery")[0].paths,
        "clothing": labelled.parts(labelled.clothing(data, "train"), "clothing")[0].paths,
        "stamps": labelled.parts(labelled.stamps(settings), "demo")[0].paths,
    }
    return {name: thinned(paths, LIMITS[name]) for name, paths in found.items()}


def thinned(paths: Sequence[Path], most: int) -> list[Path]:
    """At most so many, evenly."""
    return list(paths) if len(paths) <= most else [paths[n * len(paths) // most] for n in range(most)]


def fit(features: Vector, dimension: int = DIMENSION) -> Whitening:
    """The whitening of features [n, 2560]: principal directions u of variance v, each as u / v^(POWER / 2)."""
    half = features.shape[1] // 2
    scale = np.concatenate([np.ones(half), np.full(half, CENTRE)])
    rows = features.astype(np.float64) * scale
    mean = rows.mean(axis=0)
    variances, directions = np.linalg.eigh((rows - mean).T @ (rows - mean) / len(rows))
    strongest, largest = directions[:, : -dimension - 1 : -1], variances[: -dimension - 1 : -1]
    matrix = scale[:, None] * strongest / np.maximum(largest, largest[0] * 1e-9) ** (POWER / 2)
    return Whitening((mean / scale).astype(np.float32), matrix.astype(np.float32))


@click.command()
@click.option("--data", type=click.Path(exists=True, path_type=Path), required=True, help="The development data.")
def main(data: Path) -> None:
    """Fit the whitening, and save it with a report."""
    settings = get_settings()
    chosen = images(data, settings)
    features = [features_of_views(paths, 0, (), settings)[:, 0] for paths in chosen.values()]
    fit(np.concatenate(features)).save(WEIGHTS)
    report = {
        "fitted_on": {name: len(paths) for name, paths in chosen.items()},
        "dimension": DIMENSION, "power": POWER, "weight_of_centre": CENTRE,
    }  # fmt: skip
    REPORT.write_text(json.dumps(report, indent=2) + "\n")
    click.echo(REPORT.read_text())
