"""Measure how well text is read, and at what cost: `omma train reading --data ../shared/data`.

Every engine, with one thread, on scanned receipts (with the truth) as they are and turned, tilted, shrunk or badly lit; on
signs drawn over photos (the words are known); and on photos without text (whatever is read is noise). `default` is what the
settings choose unless told otherwise; `package` is the package `rapidocr` as it runs by itself, and `union` counts a word as
read where either Tesseract or PP-OCR reads it. Seconds are processor seconds, those of programs that are started included:
they depend little on what else a machine is doing. Writes `vision/weights/reading.json`, kind by kind.
"""

import csv
import json
import os
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path

import click

from engine.settings import Settings, get_settings
from training.drawing import HARDSHIPS, draw_sign
from training.features import load, pictures_in
from vision.extractors import text_presence
from vision.extractors.text import TextExtractor
from vision.picture import Picture

REPORT = text_presence.WEIGHTS.with_name("reading.json")
ENGINES: dict[str, dict[str, str]] = {
    "tesseract": {"ocr_engine": "tesseract", "ocr_languages": "eng"},
    "rapidocr": {"ocr_engine": "rapidocr", "ocr_languages": "eng"},
    "agreement": {"ocr_engine": "agreement", "ocr_languages": "eng"},
    "default": {},
}
PACKAGE = "package"
LONG = 3  # letters of a word that counts
PHOTOS, SPOILED = 20, 5  # photos, and receipts that are spoiled in each way
PROCESSES = 3
Case = tuple[Picture, str]  # a picture, and the text in it


@dataclass(frozen=True, slots=True)
class Reading:
    """What one engine made of a picture: the text, low-confidence lines left out, and the seconds that it took."""

    text: str
    seconds: float


def words_of(text: str, shortest: int = LONG) -> list[str]:
    """The words that are compared."""
    return [word for word in re.findall(r"\w+", text.lower()) if len(word) >= shortest]


def receipts(data: Path, most: int | None = None) -> list[Case]:
    """Scanned receipts; a line of their truth holds eight coordinates and the text."""
    cases = []
    for path in pictures_in(data / "receipts", most):
        with (data / "receipts" / "box" / f"{path.stem}.csv").open(errors="replace") as file:
            lines = [",".join(row[8:]) for row in csv.reader(file)]
        cases.append((load(path, get_settings()), " ".join(lines)))
    return cases


def signs(data: Path) -> list[Case]:
    """A few words drawn over everyday photos."""
    photos = [load(path, get_settings()) for path in pictures_in(data / "flickr8k", PHOTOS)]
    drawn = [draw_sign(photo, seed) for seed, photo in enumerate(photos)]
    return [(picture, " ".join(lines)) for picture, lines in drawn]


def photos(data: Path) -> list[Case]:
    """Photos that have no text to speak of."""
    return [(load(path, get_settings()), "") for path in pictures_in(data / "flickr8k", PHOTOS)]


def kinds(data: Path) -> Mapping[str, Callable[[], list[Case]]]:
    """What is read, by name."""
    plain = {"receipts": receipts, "photos": photos, "signs": signs}
    hard = {f"receipts, {name}": partial(_suffered, name, data) for name in HARDSHIPS}
    return {name: partial(cases, data) for name, cases in plain.items()} | hard


def _suffered(name: str, data: Path) -> list[Case]:
    return [(HARDSHIPS[name](picture, seed), truth) for seed, (picture, truth) in enumerate(receipts(data, SPOILED))]


@lru_cache(maxsize=len(ENGINES) + 1)
def reader(engine: str) -> Callable[[Picture], str]:
    """What reads a picture, its models loaded."""
    if engine == PACKAGE:
        return _package()
    settings = Settings(threads=1).model_copy(update=ENGINES[engine])
    extractor = TextExtractor(settings)
    extractor.load()
    return lambda picture: "\n".join(extractor.read(picture).lines)


def _package() -> Callable[[Picture], str]:
    from rapidocr import RapidOCR  # noqa: PLC0415  (measured here and used nowhere else)

    threads = {f"EngineConfig.onnxruntime.{kind}_op_num_threads": 1 for kind in ("intra", "inter")}
    engine = RapidOCR(params=threads | {"Global.log_level": "error"})
    return lambda picture: "\n".join(getattr(engine(picture.pixels[:, :, ::-1].copy()), "txts", None) or ())


def one(engine: str, picture: Picture) -> Reading:
    """A picture read."""
    read = reader(engine)
    begun = processor_seconds()
    text = read(picture)
    return Reading(text, processor_seconds() - begun)


def processor_seconds() -> float:
    """Seconds of processor time of this process and of the programs that it started."""
    spent = os.times()
    return spent.user + spent.system + spent.children_user + spent.children_system


def summary(
    truths: Sequence[str], found: Sequence[Counter[str]], everything: Sequence[Counter[str]]
) -> dict[str, float | None]:
    """Recall and precision of words of three letters and more, recall of all words, and words per picture."""
    counts = [Counter(words_of(truth)) for truth in truths]
    all_there = [Counter(words_of(truth, 1)) for truth in truths]
    right = sum((a & b).total() for a, b in zip(counts, found, strict=True))
    all_right = sum((a & b).total() for a, b in zip(all_there, everything, strict=True))
    there, read = sum(c.total() for c in counts), sum(c.total() for c in found)
    return {
        "word_recall": round(right / there, 3) if there else None,
        "word_precision": round(right / read, 3) if read and there else None,
        "recall_of_all_words": round(all_right / sum(c.total() for c in all_there), 3) if there else None,
        "words_read_per_picture": round(read / len(truths), 2),
    }


def measured(cases: Sequence[Case], engines: Sequence[str], pool: ProcessPoolExecutor) -> dict[str, dict[str, float | None]]:
    """Every engine, and the union, on the same pictures."""
    truths = [truth for _, truth in cases]
    readings = {engine: list(pool.map(partial(one, engine), [picture for picture, _ in cases])) for engine in engines}
    report: dict[str, dict[str, float | None]] = {}
    for engine, read in readings.items():
        words, everything = ([Counter(words_of(r.text, shortest)) for r in read] for shortest in (LONG, 1))
        seconds: dict[str, float | None] = {"processor_seconds_per_picture": round(sum(r.seconds for r in read) / len(read), 2)}
        report[engine] = summary(truths, words, everything) | seconds
    pairs = list(zip(readings["tesseract"], readings["rapidocr"], strict=True))
    joined = [[Counter(words_of(a.text, n)) | Counter(words_of(b.text, n)) for a, b in pairs] for n in (LONG, 1)]
    return report | {"union": summary(truths, *joined)}


def engines_for(kind: str) -> list[str]:
    """The three engines everywhere, the default on receipts and photos as they are, the package by itself on receipts."""
    default, package = kind in {"receipts", "photos"}, kind == "receipts"
    return [*(name for name in ENGINES if name != "default" or default), *([PACKAGE] if package else [])]


@click.command()
@click.option("--data", type=click.Path(exists=True, path_type=Path), required=True, help="The development data.")
@click.option("--kind", "wanted", multiple=True, help="Measure only this kind anew, and keep what is known of the others.")
def main(data: Path, wanted: tuple[str, ...]) -> None:
    """Measure every engine on every kind of picture."""
    there = kinds(data)
    if unknown := set(wanted) - set(there):
        raise click.BadParameter(f"no kind {', '.join(sorted(unknown))}; there are {', '.join(there)}", param_hint="--kind")
    report: dict[str, object] = json.loads(REPORT.read_text()) if wanted and REPORT.exists() else {}
    with ProcessPoolExecutor(PROCESSES) as pool:
        for kind in wanted or there:
            report[kind] = measured(there[kind](), engines_for(kind), pool)
            REPORT.write_text(json.dumps(report, indent=2) + "\n")
            click.echo(f"{kind}: {json.dumps(report[kind])}")
