"""Measure how Tesseract is best asked: `omma train reading --data ../shared/data`.

The modes of page segmentation, and the sense as it is (a page first, scattered words where that finds little), on scanned
receipts (with the truth), on signs drawn over photos (the words are known), and on photos without text (whatever is read
is noise). Writes `vision/weights/reading.json`.
"""

import csv
import json
import re
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import click

from engine.settings import get_settings
from training.drawing import draw_sign
from training.features import load, pictures_in
from vision.picture import Picture
from vision.senses.text import PAGE, SCATTERED, TextSense, read
from vision.senses.text_presence import WEIGHTS

REPORT = WEIGHTS.with_name("reading.json")
MODES: dict[str, int] = {"page": PAGE, "column": 4, "block": 6, "scattered": SCATTERED}
LONG = 3  # letters of a word that counts
PHOTOS = 60
LANGUAGES = "eng"
Case = tuple[Picture, list[str]]  # a picture, and the words in it


def words_of(text: str) -> list[str]:
    """The words that are compared."""
    return [word for word in re.findall(r"\w+", text.lower()) if len(word) >= LONG]


def receipts(data: Path) -> list[Case]:
    """Scanned receipts; a line of their truth holds eight coordinates and the text."""
    cases = []
    for path in pictures_in(data / "receipts"):
        with (data / "receipts" / "box" / f"{path.stem}.csv").open(errors="replace") as file:
            lines = [",".join(row[8:]) for row in csv.reader(file)]
        cases.append((load(path, get_settings()), words_of(" ".join(lines))))
    return cases


def signs(data: Path) -> list[Case]:
    """A few words drawn over everyday photos."""
    photos = [load(path, get_settings()) for path in pictures_in(data / "flickr8k", PHOTOS)]
    drawn = [draw_sign(photo, seed) for seed, photo in enumerate(photos)]
    return [(picture, words_of(" ".join(lines))) for picture, lines in drawn]


def photos(data: Path) -> list[Case]:
    """Photos that have no text to speak of."""
    return [(load(path, get_settings()), []) for path in pictures_in(data / "flickr8k", PHOTOS)]


def way(name: str, picture: Picture) -> str:
    """What is read in one way: a mode, or as the sense does."""
    if name == "sense":
        return " ".join(TextSense(get_settings().model_copy(update={"ocr_languages": LANGUAGES})).read(picture).lines)
    return " ".join(word.text for line in read(picture, LANGUAGES, MODES[name]) for word in line)


def one(name: str, case: Case) -> tuple[int, int, int, float]:
    """Words of a picture read rightly, words in it, words read, seconds."""
    picture, truth = case
    begun = time.perf_counter()
    found = words_of(way(name, picture))
    return (Counter(truth) & Counter(found)).total(), len(truth), len(found), time.perf_counter() - begun


def summary(rows: Sequence[tuple[int, int, int, float]]) -> dict[str, float | None]:
    """Word recall, word precision, words per picture and seconds per picture."""
    right, there, found, seconds = (sum(column) for column in zip(*rows, strict=True))
    return {
        "word_recall": round(right / there, 3) if there else None,
        "word_precision": round(right / found, 3) if found and there else None,
        "words_read_per_picture": round(found / len(rows), 2),
        "seconds_per_picture": round(seconds / len(rows), 2),
    }


@click.command()
@click.option("--data", type=click.Path(exists=True, path_type=Path), required=True, help="The development data.")
def main(data: Path) -> None:
    """Measure every way on every kind of picture, one Tesseract at a time per process."""
    TextSense(get_settings().model_copy(update={"ocr_languages": LANGUAGES})).load()
    kinds: dict[str, Callable[[Path], list[Case]]] = {"receipts": receipts, "signs": signs, "photos": photos}
    report: dict[str, dict[str, object]] = {}
    with ProcessPoolExecutor(2) as pool:
        for kind, cases in kinds.items():
            known = cases(data)
            report[kind] = {name: summary(list(pool.map(partial(one, name), known))) for name in [*MODES, "sense"]}
    REPORT.write_text(json.dumps(report, indent=2) + "\n")
    click.echo(REPORT.read_text())
