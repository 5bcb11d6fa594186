"""Fit the gate before OCR: `omma train text-presence --data ../shared/data`.

A photo counts as having text when Tesseract reads at least two sure words of three letters or more in it; pages and signs
drawn here have it by their making. Logistic regression on the backbone's unit-length features learns to tell. What the gate
saves (photos without text that are not read) and what it misses (pictures with text that are not read) is measured on
pictures that took no part in fitting: by cross-validation on photos and drawn pictures, and on receipts, none of
which is ever fitted on.
"""

import json
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import lru_cache
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
from vision.extractors.backbone import BackboneExtractor
from vision.extractors.text import TextExtractor, reader_fingerprint
from vision.extractors.text_presence import WEIGHTS, probability
from vision.image_features import Vector, unit
from vision.picture import Picture

REPORT = WEIGHTS.with_suffix(".json")
SURE, LONG, ENOUGH = 0.7, 3, 2  # confidence, letters and number of words that make a text
PER_FOLDER = {"flickr8k": 700, "grocery/train": 900, "clothing": 200}
DRAWN = 600
DRAWN_WEIGHT = 0.05  # of a drawn picture beside a photo, which is harder and rarer
FOLDS = 5
STRENGTH = 10.0  # of the fit: the inverse of its regularisation
THRESHOLDS = (0.02, 0.05, 0.1, 0.2, 0.3, 0.5)
Flags = NDArray[np.bool_]


@lru_cache(maxsize=1)
def by_tesseract() -> TextExtractor:
    """What tells the truth: few misread textures, and thousands of photos in minutes."""
    extractor = TextExtractor(get_settings().model_copy(update={"ocr_engine": "tesseract", "ocr_languages": "eng"}))
    extractor.load()
    return extractor


def has_text(path: Path) -> bool:
    """Whether Tesseract reads enough in it."""
    text = by_tesseract().read(load(path, get_settings()))
    return len([w for w in text.words if w.confidence >= SURE and len(w.text) >= LONG]) >= ENOUGH


def truth_of(paths: Sequence[Path], settings: Settings) -> Flags:
    """Which photos have text; read once per state of the reader, because it takes minutes."""
    mark = reader_fingerprint(by_tesseract().settings).partition("@")[2]
    cache = settings.home / "cache" / f"text-truth-{mark}-{len(paths)}.json"
    if not cache.exists():
        with ProcessPoolExecutor(2) as pool:
            found = list(pool.map(has_text, paths, chunksize=8))
        cache.parent.mkdir(parents=True, exist_ok=True)
        cache.write_text(json.dumps(found))
    return np.asarray(json.loads(cache.read_text()), dtype=bool)


def drawn(photos: Sequence[Path], settings: Settings) -> list[Picture]:
    """Pages, and signs on photos, in turn."""
    return [(draw_page(n) if n % 2 else draw_sign(load(photos[n % len(photos)], settings), n))[0] for n in range(DRAWN)]


def measure(chances: Vector, truth: Flags) -> dict[str, object]:
    """What each threshold saves and misses; None where there is nothing to save or miss."""
    counts = {"with_text": int(truth.sum()), "without_text": int((~truth).sum())}
    return counts | {f"{threshold:g}": _at(chances >= threshold, truth) for threshold in THRESHOLDS}


def _at(read: Flags, truth: Flags) -> dict[str, float | None]:
    saved = round(float((~read[~truth]).mean()), 3) if (~truth).any() else None
    missed = round(float((~read[truth]).mean()), 3) if truth.any() else None
    return {"saved": saved, "missed": missed}


def fitted(rows: Vector, truth: Flags, weights: Vector) -> Any:
    """A head fitted on unit-length features, both answers fusion_config the same."""
    balanced = np.where(truth, weights / weights[truth].sum(), weights / weights[~truth].sum()) * len(rows) / 2
    return LogisticRegression(C=STRENGTH, max_iter=3000).fit(rows, truth, sample_weight=balanced)


def unseen_chances(rows: Vector, truth: Flags, weights: Vector) -> Vector:
    """The probability of text of each picture, by a head that was fitted without it."""
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
    pages = [seen.features for seen in BackboneExtractor(settings).run([p.pixels for p in drawn(paths, settings)])]
    rows = unit(np.concatenate([features_of(paths, settings), pages]))
    truth = np.concatenate([truth_of(paths, settings), np.ones(DRAWN, dtype=bool)])
    weights = np.concatenate([np.ones(len(paths)), np.full(DRAWN, DRAWN_WEIGHT)])
    model = fitted(rows, truth, weights)
    np.savez_compressed(WEIGHTS, weights=model.coef_[0].astype(np.float16), bias=np.float32(model.intercept_[0]))
    kinds = np.repeat([*folders, "drawn"], [*map(len, folders.values()), DRAWN])
    REPORT.write_text(json.dumps(report(data, kinds, unseen_chances(rows, truth, weights), truth), indent=2) + "\n")
    click.echo(REPORT.read_text())


def report(data: Path, kinds: NDArray[np.str_], chances: Vector, truth: Flags) -> dict[str, object]:
    """Everything that is measured, by kind of picture."""
    receipts = probability(features_of(pictures_in(data / "receipts"), get_settings()))
    found: dict[str, object] = {"fitted_on": {"pictures": len(truth), "with_text": int(truth.sum())}}
    found["photos"] = measure(chances[kinds != "drawn"], truth[kinds != "drawn"])
    found |= {str(kind): measure(chances[kinds == kind], truth[kinds == kind]) for kind in dict.fromkeys(kinds)}
    return found | {"receipts": measure(receipts, np.ones(len(receipts), dtype=bool))}
