"""Measure how well text is read, and at what cost: `omma train reading --data ../shared/data`.

Every engine runs with one thread on scanned receipts (with transcripts), also rotated, tilted, scaled down or dimmed; on signs
drawn over photos (the words are known); and on photos without text (every word read is wrong). `default` is the engine of the
settings, `package` the package `rapidocr` by itself, and `union` counts a word as read if Tesseract or PP-OCR reads it. Seconds
are processor time, which depends little on the machine's load. Writes `vision/weights/reading.json` after each kind of picture.
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
from cachetools import LRUCache

from engine.once_cache import OnceCache
from engine.settings import Settings, get_settings
from training.drawing import DEGRADATIONS, draw_sign
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
LONG = 3  # letters of a long word
PHOTOS, DEGRADED = 20, 5  # photos, and receipts of each degradation
PROCESSES = 3
Read = Callable[[Picture], str]
Case = tuple[Picture, str]  # a picture, and its text


@dataclass(frozen=True, slots=True)
class Reading:
    """The text that an engine reads in a picture, without low-confidence lines, and the processor seconds it takes."""

    text: str
    seconds: float


def words_of(text: str, shortest: int = LONG) -> list[str]:
    """Lower-case words of at least that many letters, which are compared."""
    return [word for word in re.findall(r"\w+", text.lower()) if len(word) >= shortest]


def receipts(data: Path, settings: Settings, most: int | None = None) -> list[Case]:
    """Scanned receipts; a line of a transcript holds eight coordinates and the text."""
    cases = []
    for path in pictures_in(data / "receipts", most):
        with (data / "receipts" / "box" / f"{path.stem}.csv").open(errors="replace") as file:
            lines = [",".join(row[8:]) for row in csv.reader(file)]
        cases.append((load(path, settings), " ".join(lines)))
    return cases


def signs(data: Path, settings: Settings) -> list[Case]:
    """A few words drawn over everyday photos."""
    photos = [load(path, settings) for path in pictures_in(data / "flickr8k", PHOTOS)]
    drawn = [draw_sign(photo, seed) for seed, photo in enumerate(photos)]
    return [(picture, " ".join(lines)) for picture, lines in drawn]


def photos(data: Path, settings: Settings) -> list[Case]:
    """Photos with practically no text."""
    return [(load(path, settings), "") for path in pictures_in(data / "flickr8k", PHOTOS)]


def kinds(data: Path, settings: Settings) -> Mapping[str, Callable[[], list[Case]]]:
    """Cases by name of the kind of picture; they are loaded when called."""
    plain = {"receipts": receipts, "photos": photos, "signs": signs}
    hard = {f"receipts, {name}": partial(_degraded, name, data, settings) for name in DEGRADATIONS}
    return {name: partial(cases, data, settings) for name, cases in plain.items()} | hard


def _degraded(name: str, data: Path, settings: Settings) -> list[Case]:
    cases = receipts(data, settings, DEGRADED)
    return [(DEGRADATIONS[name](picture, seed), truth) for seed, (picture, truth) in enumerate(cases)]


def reader(engine: str, settings: Settings) -> Read:
    """Reads a picture with an engine, whose models are loaded."""
    if engine == PACKAGE:
        return _package()
    extractor = text_extractor(settings.model_copy(update={"threads": 1} | ENGINES[engine]))
    return lambda picture: "\n".join(extractor.read(picture).lines)


_extractors: OnceCache[str, TextExtractor] = OnceCache(LRUCache(len(ENGINES)))


def text_extractor(settings: Settings) -> TextExtractor:
    """The text extractor of this process for these settings, with its models loaded."""

    def loaded() -> TextExtractor:
        extractor = TextExtractor(settings)
        extractor.load()
        return extractor

    return _extractors.get(settings.model_dump_json(), loaded)


@lru_cache(maxsize=1)
def _package() -> Read:
    from rapidocr import RapidOCR  # noqa: PLC0415  (measured here and used nowhere else)

    threads = {f"EngineConfig.onnxruntime.{kind}_op_num_threads": 1 for kind in ("intra", "inter")}
    engine = RapidOCR(params=threads | {"Global.log_level": "error"})
    return lambda picture: "\n".join(getattr(engine(picture.pixels[:, :, ::-1].copy()), "txts", None) or ())


def one(picture: Picture, engine: str, settings: Settings) -> Reading:
    """A picture, read by an engine."""
    read = reader(engine, settings)
    begun = processor_seconds()
    text = read(picture)
    return Reading(text, processor_seconds() - begun)


def processor_seconds() -> float:
    """Processor time of this process and of the programs that it started."""
    spent = os.times()
    return spent.user + spent.system + spent.children_user + spent.children_system


def summary(
    truths: Sequence[str], found: Sequence[Counter[str]], everything: Sequence[Counter[str]]
) -> dict[str, float | None]:
    """Recall and precision of long words, recall of all words, and words per picture; `found` holds the long words read."""
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


def measured(
    cases: Sequence[Case], engines: Sequence[str], settings: Settings, pool: ProcessPoolExecutor
) -> dict[str, dict[str, float | None]]:
    """Figures of every engine, and of the union, on the same pictures."""
    truths = [truth for _, truth in cases]
    pictures = [picture for picture, _ in cases]
    readings = {name: list(pool.map(partial(one, engine=name, settings=settings), pictures)) for name in engines}
    report: dict[str, dict[str, float | None]] = {}
    for engine, read in readings.items():
        words, everything = ([Counter(words_of(r.text, shortest)) for r in read] for shortest in (LONG, 1))
        seconds: dict[str, float | None] = {"processor_seconds_per_picture": round(sum(r.seconds for r in read) / len(read), 2)}
        report[engine] = summary(truths, words, everything) | seconds
    pairs = list(zip(readings["tesseract"], readings["rapidocr"], strict=True))
    joined = [[Counter(words_of(a.text, n)) | Counter(words_of(b.text, n)) for a, b in pairs] for n in (LONG, 1)]
    return report | {"union": summary(truths, *joined)}


def engines_for(kind: str) -> list[str]:
    """Three engines for every kind, the default for receipts and photos, and the package for receipts."""
    default, package = kind in {"receipts", "photos"}, kind == "receipts"
    return [*(name for name in ENGINES if name != "default" or default), *([PACKAGE] if package else [])]


@click.command()
@click.option("--data", type=click.Path(exists=True, path_type=Path), required=True, help="The development data.")
@click.option("--kind", "wanted", multiple=True, help="Measure only this kind anew, and keep the figures of the others.")
def main(data: Path, wanted: tuple[str, ...]) -> None:
    """Measure every engine on every kind of picture."""
    settings = get_settings()
    known = kinds(data, settings)
    if unknown := set(wanted) - set(known):
        raise click.BadParameter(f"no kind {', '.join(sorted(unknown))}; there are {', '.join(known)}", param_hint="--kind")
    report: dict[str, object] = json.loads(REPORT.read_text()) if wanted and REPORT.exists() else {}
    with ProcessPoolExecutor(PROCESSES) as pool:
        for kind in wanted or known:
            report[kind] = measured(known[kind](), engines_for(kind), settings, pool)
            REPORT.write_text(json.dumps(report, indent=2) + "\n")
            click.echo(f"{kind}: {json.dumps(report[kind])}")
