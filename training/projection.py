"""Fit the projection of the similar-image embedding: `omma train projection --data ../shared/data`.

Principal components of unit-length features, each divided by a power of its spread. Full whitening (power 1) makes noisy
directions as loud as telling ones, none (0) lets a few directions drown all others; the power is chosen by retrieval on
the grocery training photos, and everything is reported on pictures that took no part in fitting.
"""

import csv
import json
from pathlib import Path

import click
import numpy as np

from engine.settings import Settings, get_settings
from training.features import features_of, pictures_in
from vision.perception import Vector
from vision.senses.embedding import PROJECTION, project, unit

DIMENSION = 256
POWERS = (0.0, 0.25, 0.5, 0.75)
REPORT = PROJECTION.with_suffix(".json")


def components(features: Vector) -> tuple[Vector, Vector, Vector]:
    """Mean [1280], directions [1280, 256] and spreads [256] of unit-length features."""
    rows = unit(features)
    mean = rows.mean(axis=0)
    _, singular, directions = np.linalg.svd(rows - mean, full_matrices=False)
    spreads = singular[:DIMENSION] / np.sqrt(len(rows))
    return mean, directions[:DIMENSION].T, spreads


def save(mean: Vector, matrix: Vector, path: Path = PROJECTION) -> None:
    """Half precision is enough: the file stays under a megabyte."""
    np.savez_compressed(path, mean=mean.astype(np.float16), matrix=matrix.astype(np.float16))


def precision(vectors: Vector, classes: list[str], k: int = 10) -> float:
    """Leave-one-out precision at k: the share of a picture's k nearest others that have its class."""
    likeness = vectors @ vectors.T
    np.fill_diagonal(likeness, -np.inf)
    nearest = np.argsort(-likeness, axis=1)[:, :k]
    names = np.asarray(classes)
    return float((names[nearest] == names[:, None]).mean())


def first_hits(queries: Vector, wanted: list[str], gallery: Vector, classes: list[str]) -> float:
    """Share of queries whose nearest gallery picture has the wanted class."""
    nearest = np.argmax(queries @ gallery.T, axis=1)
    return float(np.mean([classes[i] == w for i, w in zip(nearest, wanted, strict=True)]))


def neighbours_kept(full: Vector, reduced: Vector, k: int) -> float:
    """Share of the k nearest others by full features that are among the k nearest by reduced ones."""
    kept = []
    for vectors in (full, reduced):
        likeness = vectors @ vectors.T
        np.fill_diagonal(likeness, -np.inf)
        kept.append(np.argsort(-likeness, axis=1)[:, :k])
    return float(np.mean([len(set(a) & set(b)) / k for a, b in zip(*kept, strict=True)]))


def grocery(data: Path, part: str) -> tuple[list[Path], list[str]]:
    """Photos of a part and their fine classes."""
    rows = [line.split(",") for line in (data / "grocery" / f"{part}.txt").read_text().splitlines() if line]
    return [data / "grocery" / row[0].strip() for row in rows], [row[1].strip() for row in rows]


def iconic(data: Path) -> tuple[list[Path], list[str]]:
    """Catalogue pictures and their fine classes."""
    with (data / "grocery" / "classes.csv").open() as file:
        rows = list(csv.reader(file))
    found = [(row, next(cell for cell in row if cell.lower().endswith(".jpg"))) for row in rows[1:]]
    return [data / "grocery" / cell.lstrip("/") for _, cell in found], [row[1].strip() for row, _ in found]


@click.command()
@click.option("--data", type=click.Path(exists=True, path_type=Path), required=True, help="The development data.")
def main(data: Path) -> None:
    """Fit, choose the power on training photos, save, and report on held-out ones."""
    settings = get_settings()
    train_paths, train_classes = grocery(data, "train")
    train = features_of(train_paths, settings)
    everyday = features_of(pictures_in(data / "flickr8k", 3000), settings)
    mean, directions, spreads = components(np.concatenate([train, everyday]))
    matrices = {power: directions / spreads**power for power in POWERS}
    chosen = {power: precision(unit((unit(train) - mean) @ m), train_classes) for power, m in matrices.items()}
    best = max(chosen, key=lambda power: chosen[power])
    save(mean, matrices[best])
    report = {"dimension": DIMENSION, "power": best, "grocery_train_precision_at_10": chosen}
    REPORT.write_text(json.dumps(report | measure(data, settings), indent=2) + "\n")
    click.echo(REPORT.read_text())


def measure(data: Path, settings: Settings) -> dict[str, object]:
    """Full features beside the projection, on pictures that took no part in fitting."""
    val_paths, val_classes = grocery(data, "val")
    icon_paths, icon_classes = iconic(data)
    clothes = pictures_in(data / "clothing")
    val, icons, garments = (features_of(paths, settings) for paths in (val_paths, icon_paths, clothes))
    kinds = [path.parent.name for path in clothes]
    report: dict[str, object] = {}
    for name, reduce in (("full_1280", unit), ("projected_256", project)):
        report[name] = {
            "grocery_val_to_iconic_r_at_1": round(first_hits(reduce(val), val_classes, reduce(icons), icon_classes), 3),
            "clothing_precision_at_10": round(precision(reduce(garments), kinds), 3),
        }
    everything = np.concatenate([val, garments])
    kept = {f"at_{k}": round(neighbours_kept(unit(everything), project(everything), k), 3) for k in (10, 50)}
    return report | {"full_neighbours_kept": kept, "held_out": "grocery val + iconic, clothing (all)"}
