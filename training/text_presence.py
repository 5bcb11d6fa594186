"""Fit the gate of OCR: `omma train text-presence --data ../shared/data`.

A photo has text if Tesseract reads at least two confident words of three letters or more; drawn pages and signs always have.
The gate is a logistic regression on the backbone's unit-length features. What it saves (pictures without text that are not
read) and misses (pictures with text that are not read) is measured on pictures that it was not fitted on: by cross-validation
on photos and drawn pictures, and on receipts, which are never fitted on.
"""

import json
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold

from engine.settings import Settings, get_settings
from training.drawing import draw_page, draw_sign
from training.features import features_of, load, pictures_in
from training.reading import ENGINES, text_extractor
from vision.extractors.backbone import BackboneExtractor
from vision.extractors.text import reader_fingerprint
from vision.extractors.text_presence import WEIGHTS, probability
from vision.image_features import Vector, unit
from vision.picture import Picture

REPORT = WEIGHTS.with_suffix(".json")
MIN_CONFIDENCE, MIN_LETTERS, MIN_WORDS = 0.7, 3, 2  # confidence, letters and number of words that make a text
PER_FOLDER = {"flickr8k": 700, "grocery/train": 900, "clothing": 200}
DRAWN = 600
DRAWN_WEIGHT = 0.05  # of a drawn picture by a photo, which is harder and rarer
FOLDS = 5
C = 10.0  # inverse of the regularisation
THRESHOLDS = (0.02, 0.05, 0.1, 0.2, 0.3, 0.5)
Flags = NDArray[np.bool_]


def has_text(path: Path, settings: Settings) -> bool:
    """Whether the reader of these settings reads enough words in a picture."""
    text = text_extractor(settings).read(load(path, settings))
    return len([w for w in text.words if w.confidence >= MIN_CONFIDENCE and len(w.text) >= MIN_LETTERS]) >= MIN_WORDS


def truth_of(paths: Sequence[Path], settings: Settings) -> Flags:
    """Which photos have text, by Tesseract, which misreads few textures; cached, because reading takes minutes."""
    by_tesseract = settings.model_copy(update=ENGINES["tesseract"])
    mark = reader_fingerprint(by_tesseract).partition("@")[2]
    cache = settings.home / "cache" / f"text-truth-{mark}-{len(paths)}.json"
    if not cache.exists():
        with ProcessPoolExecutor(2) as pool:
            found = list(pool.map(partial(has_text, settings=by_tesseract), paths, chunksize=8))
        cache.parent.mkdir(parents=True, exist_ok=True)
        cache.write_text(json.dumps(found))
    return np.asarray(json.loads(cache.read_text()), dtype=bool)


def drawn(photos: Sequence[Path], settings: Settings) -> list[Picture]:
    """Pages and signs on photos, alternately."""
    return [(draw_page(n) if n % 2 else draw_sign(load(photos[n % len(photos)], settings), n))[0] for n in range(DRAWN)]


def measure(chances: Vector, truth: Flags) -> dict[str, object]:
    """The shares that each threshold saves and misses; None if there are no such pictures."""
    counts = {"with_text": int(truth.sum()), "without_text": int((~truth).sum())}
    return counts | {f"{threshold:g}": _at(chances >= threshold, truth) for threshold in THRESHOLDS}


def _at(read: Flags, truth: Flags) -> dict[str, float | None]:
    saved = round(float((~read[~truth]).mean()), 3) if (~truth).any() else None
    missed = round(float((~read[truth]).mean()), 3) if truth.any() else None
    return {"saved": saved, "missed": missed}


def fitted(rows: Vector, truth: Flags, weights: Vector) -> Any:
    """A logistic regression on unit-length features [n, 1280]; both classes have the same total weight."""
    balanced = np.where(truth, weights / weights[truth].sum(), weights / weights[~truth].sum()) * len(rows) / 2
    return LogisticRegression(C=C, max_iter=3000).fit(rows, truth, sample_weight=balanced)


def unseen_chances(rows: Vector, truth: Flags, weights: Vector) -> Vector:
    """Probabilities of text [n] by cross-validation: each by a head that was fitted without the picture."""
    chances = np.zeros(len(rows), dtype=np.float32)
    for fit, rest in StratifiedKFold(FOLDS, shuffle=True, random_state=0).split(rows, truth):
        chances[rest] = fitted(rows[fit], truth[fit], weights[fit]).predict_proba(rows[rest])[:, 1]
    return chances


@click.command()
@click.option("--data", type=click.Path(exists=True, path_type=Path), required=True, help="The development data.")
def main(data: Path) -> None:
    """Fit, save, and report on pictures that took no part in fitting."""
    settings = get_settings()
    folders = {folder: pictures_in(data / folder, most) for folder, most in PER_FOLDER.items()}
    paths = [path for found in folders.values() for path in found]
    pages = BackboneExtractor(settings).run([picture.pixels for picture in drawn(paths, settings)])
    rows = unit(np.concatenate([features_of(paths, settings), [page.features for page in pages]]))
    truth = np.concatenate([truth_of(paths, settings), np.ones(DRAWN, dtype=bool)])
    weights = np.concatenate([np.ones(len(paths)), np.full(DRAWN, DRAWN_WEIGHT)])
    model = fitted(rows, truth, weights)
    np.savez_compressed(WEIGHTS, weights=model.coef_[0].astype(np.float16), bias=np.float32(model.intercept_[0]))
    kinds = np.repeat([*folders, "drawn"], [*map(len, folders.values()), DRAWN])
    receipts = probability(features_of(pictures_in(data / "receipts"), settings))
    found = report(kinds, unseen_chances(rows, truth, weights), truth, receipts)
    REPORT.write_text(json.dumps(found, indent=2) + "\n")
    click.echo(REPORT.read_text())


def report(kinds: NDArray[np.str_], chances: Vector, truth: Flags, receipts: Vector) -> dict[str, object]:
    """All measurements, by kind of picture; `receipts` are probabilities of pictures that have text."""
    found: dict[str, object] = {"fitted_on": {"pictures": len(truth), "with_text": int(truth.sum())}}
    found["photos"] = measure(chances[kinds != "drawn"], truth[kinds != "drawn"])
    found |= {str(kind): measure(chances[kinds == kind], truth[kinds == kind]) for kind in dict.fromkeys(kinds)}
    return found | {"receipts": measure(receipts, np.ones(len(receipts), dtype=bool))}
