"""Fit the gate before OCR: `python -m training.text_presence --data ../shared/data`.

A picture counts as having text when Tesseract reads at least two sure words of three letters or more in it. Logistic
regression on the backbone's unit-length features learns to tell, from development photos and from pages, signs and labels
drawn here. A fifth of everything, and all receipts, take no part in fitting; on them the command measures what the gate
saves (pictures without text that are not read) and what it misses (pictures with text that are not read).
"""

import json
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import click
import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from sklearn.linear_model import LogisticRegression

from engine.settings import Settings, get_settings
from training.features import load, pictures_in
from vision.perception import Perception
from vision.picture import Picture
from vision.senses.backbone import BackboneSense
from vision.senses.embedding import unit
from vision.senses.text import TextSense
from vision.senses.text_presence import WEIGHTS, probability

REPORT = WEIGHTS.with_suffix(".json")
SURE, LONG, ENOUGH = 0.7, 3, 2  # confidence, letters and number of words that make a text
PER_FOLDER = {"flickr8k": 500, "grocery/train": 500, "clothing": 150}
DRAWN = 400
HELD_OUT = 0.2  # of the pictures, drawn by lot
THRESHOLDS = (0.05, 0.1, 0.2, 0.3, 0.5)
WORDS = ("open", "sale", "milk", "fresh", "coffee", "street", "menu", "2024", "price", "total", "exit", "welcome", "juice")


def has_text(picture: Picture) -> bool:
    """Whether Tesseract reads enough in it."""
    settings = get_settings().model_copy(update={"ocr_languages": "eng"})
    seen = Perception(picture.id, picture.width, picture.height)
    (text,) = TextSense(settings).observe([picture], [seen])
    return len([w for w in text.words if w.confidence >= SURE and len(w.text) >= LONG]) >= ENOUGH


def drawn(backgrounds: Sequence[Picture], seed: int = 0) -> list[Picture]:
    """Pages, and signs and labels on photos, with words of all sizes."""
    rng = np.random.default_rng(seed)
    return [_drawn(backgrounds[i % len(backgrounds)], rng, page=i % 2 == 0, number=i) for i in range(DRAWN)]


def _drawn(background: Picture, rng: np.random.Generator, *, page: bool, number: int) -> Picture:
    paper = tuple(int(v) for v in rng.integers(170, 256, 3))
    image = Image.new("RGB", (700, 900), paper) if page else Image.fromarray(background.pixels).resize((640, 480))
    pen = ImageDraw.Draw(image)
    for _ in range(int(rng.integers(12, 40)) if page else int(rng.integers(1, 5))):
        _write(pen, rng, image.size)
    pixels = cv2.GaussianBlur(np.asarray(image), (3, 3), float(rng.uniform(0.1, 1.0))).astype(np.uint8)
    return Picture(f"drawn-{number}", pixels, image.width, image.height, "PNG")


def _write(pen: ImageDraw.ImageDraw, rng: np.random.Generator, size: tuple[int, int]) -> None:
    font = ImageFont.load_default(int(rng.integers(16, 60)))
    line = " ".join(rng.choice(WORDS, int(rng.integers(1, 6))))
    place = (int(rng.integers(0, size[0] // 2)), int(rng.integers(0, size[1] - 60)))
    dark = rng.random() < 0.7  # noqa: PLR2004  (more prints are dark on light)
    ink = tuple(int(v) for v in (rng.integers(0, 90, 3) if dark else rng.integers(180, 256, 3)))
    if rng.random() < 0.5:  # noqa: PLR2004  (half of them on a plate)
        pen.rectangle(pen.textbbox(place, line, font=font), fill=tuple(255 - v for v in ink))
    pen.text(place, line, fill=ink, font=font)


def measure(chances: NDArray[np.float32], truth: NDArray[np.bool_]) -> dict[str, dict[str, float]]:
    """What each threshold saves and misses."""
    report = {}
    for threshold in THRESHOLDS:
        read = chances >= threshold
        saved = float((~read[~truth]).mean()) if (~truth).any() else 0.0
        missed = float((~read[truth]).mean()) if truth.any() else 0.0
        report[f"{threshold:g}"] = {"saved_without_text": round(saved, 3), "missed_with_text": round(missed, 3)}
    return report


def _features(pictures: Sequence[Picture], settings: Settings) -> NDArray[np.float32]:
    seen = BackboneSense(settings).look([picture.pixels for picture in pictures])
    return np.stack([s.features for s in seen])


@click.command()
@click.option("--data", type=click.Path(exists=True, path_type=Path), required=True, help="The development data.")
def main(data: Path) -> None:
    """Fit, save, and report on held-out pictures."""
    settings = get_settings()
    photos = [load(p, settings) for folder, most in PER_FOLDER.items() for p in pictures_in(data / folder, most)]
    receipts = [load(path, settings) for path in pictures_in(data / "receipts")]
    pictures = [*photos, *drawn(photos)]
    with ProcessPoolExecutor(2) as pool:
        truth = np.asarray(list(pool.map(has_text, pictures, chunksize=8)))
    features = _features(pictures, settings)
    held = np.random.default_rng(1).random(len(pictures)) < HELD_OUT
    model = LogisticRegression(C=30.0, class_weight="balanced", max_iter=2000).fit(unit(features[~held]), truth[~held])
    np.savez_compressed(WEIGHTS, weights=model.coef_[0].astype(np.float16), bias=np.float32(model.intercept_[0]))
    photo_rows = held & (np.arange(len(pictures)) < len(photos))
    report = {
        "fitted_on": {"pictures": int((~held).sum()), "with_text": int(truth[~held].sum())},
        "held_out": {"pictures": int(held.sum()), "with_text": int(truth[held].sum())},
        "held_out_all": measure(probability(features[held]), truth[held]),
        "held_out_photos": measure(probability(features[photo_rows]), truth[photo_rows]),
        "receipts": measure(probability(_features(receipts, settings)), np.ones(len(receipts), dtype=bool)),
    }
    REPORT.write_text(json.dumps(report, indent=2) + "\n")
    click.echo(REPORT.read_text())


if __name__ == "__main__":
    main()
