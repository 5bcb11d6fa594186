"""Tesseract: words of a page, and of lines that a detector has cut out.

It runs inside this process, by the package `tesserocr`: starting the program takes twenty times as long as reading a line. The
data of languages are the system's.
"""

import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.errors import ConfigurationError
from vision.image_features import Line, Word
from vision.reading.page import Page
from vision.reading.tokens import CONFIDENCE_DECIMALS, Token

# Where systems keep the data of languages; the variable TESSDATA_PREFIX names another folder.
DATA_FOLDERS = (
    "/usr/share/tesseract-ocr/*/tessdata", "/usr/share/tesseract/tessdata", "/usr/share/tessdata",
    "/usr/local/share/tessdata", "/opt/homebrew/share/tessdata",
)  # fmt: skip
ORIENTATION = "osd"  # the data that tell how a page lies
ORIENTATION_MODE = 0  # page segmentation mode that detects orientation only
MIN_ORIENTATION_LETTERS = 10
LSTM = 1  # engine mode: the neural network
PAGE, BLOCK, SPARSE = 3, 6, 11  # page segmentation modes: automatic, one column of text, sparse text
TIMEOUT = 60  # seconds for one picture
MIN_READ_CONFIDENCE = 0.3  # of a word that is kept at all
# A sheet of lines.
LINE_HEIGHT, GAP = 44, 14  # px of a line, and of the white between two

Crop = NDArray[np.uint8]
Grey = NDArray[Any]  # levels [h, w], 0..255


@dataclass(frozen=True, slots=True)
class Read:
    """A word as Tesseract reads it: text, confidence (0..1), box in pixels, and block, paragraph and line."""

    text: str
    confidence: float
    left: int
    top: int
    width: int
    height: int
    line: tuple[int, int, int]


class Engine:
    """Tesseract for some languages, which are loaded when something is read; thread-safe: reads one thing at a time."""

    def __init__(self, languages: str) -> None:
        """Raise ConfigurationError if one of the languages is not installed."""
        self._languages = languages
        self._folder = language_files(languages)[0].parent
        self._lock = threading.Lock()

    def page(self, page: Page, mode: int) -> list[Line]:
        """Lines of words of any confidence. Raise RuntimeError after `TIMEOUT` seconds."""
        lines: dict[tuple[int, int, int], list[Word]] = {}
        for read in self._recognised(cv2.cvtColor(page.pixels, cv2.COLOR_RGB2GRAY), mode):
            right, bottom = read.left + read.width, read.top + read.height
            outline = [(x, y) for x in (read.left, right) for y in (read.top, bottom)]
            word = Word(read.text, round(read.confidence, CONFIDENCE_DECIMALS), page.box(outline))
            lines.setdefault(read.line, []).append(word)
        return [Line(tuple(words)) for words in lines.values()]

    def lines(self, crops: Sequence[Crop]) -> list[list[Token]]:
        """The words of each line [h, w, 3]. All are read as one sheet, as Tesseract needs white around letters."""
        found: list[list[Token]] = [[] for _ in crops]
        if not crops:
            return found
        lines = [_as_line(crop) for crop in crops]
        for read in self._recognised(_sheet(lines), BLOCK):
            n = int((read.top + read.height / 2 - GAP / 2) // (LINE_HEIGHT + GAP))
            if 0 <= n < len(crops):
                width, left = lines[n].shape[1], read.left - GAP
                ends = (min(1.0, max(0.0, x / width)) for x in (left, left + read.width))
                found[n].append(Token(read.text, read.confidence, *ends))
        return [sorted(tokens, key=lambda token: token.left) for tokens in found]

    def quarters(self, page: Page) -> int:
        """Quarter turns clockwise that make the page upright; 0 if its letters do not show it."""
        with self._showing(self._orientation, cv2.cvtColor(page.pixels, cv2.COLOR_RGB2GRAY)) as api:
            found = api.DetectOrientationScript()
        return -int(found["orient_deg"]) // 90 % 4 if found else 0

    def _recognised(self, grey: Grey, mode: int) -> list[Read]:
        with self._showing(self._reader, grey) as api:
            api.SetPageSegMode(mode)
            if not api.Recognize(int(TIMEOUT * 1000)):
                raise RuntimeError(f"Tesseract did not read this picture in {TIMEOUT} s")
            return list(_words(api.GetTSVText(0)))

    @contextmanager
    def _showing(self, api: Any, grey: Grey) -> Iterator[Any]:
        """The interface with a picture [h, w] set."""
        height, width = grey.shape
        with self._lock:
            api.SetImageBytes(grey.tobytes(), width, height, 1, width)
            try:
                yield api
            finally:
                api.Clear()

    @cached_property
    def _reader(self) -> Any:
        return self._api(lang=self._languages, oem=LSTM)

    @cached_property
    def _orientation(self) -> Any:
        api = self._api(lang=ORIENTATION, psm=ORIENTATION_MODE)
        api.SetVariable("min_characters_to_try", str(MIN_ORIENTATION_LETTERS))
        return api

    def _api(self, **options: Any) -> Any:
        import tesserocr  # noqa: PLC0415  (only a process that uses Tesseract should load it)

        api = tesserocr.PyTessBaseAPI(path=str(self._folder), **options)
        api.SetVariable("debug_file", os.devnull)  # remarks about resolution
        return api


def _sheet(lines: Sequence[Crop]) -> Crop:
    """Lines [LINE_HEIGHT, w] one below another on white, with a gap around each."""
    size = GAP + len(lines) * (LINE_HEIGHT + GAP), 2 * GAP + max(line.shape[1] for line in lines)
    sheet = np.full(size, 255, np.uint8)
    for n, line in enumerate(lines):
        top = GAP + n * (LINE_HEIGHT + GAP)
        sheet[top : top + LINE_HEIGHT, GAP : GAP + line.shape[1]] = line
    return sheet


def _as_line(crop: Crop) -> Crop:
    """A line [LINE_HEIGHT, w] in grey levels, with dark letters on light paper."""
    grey = cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY)
    width = max(1, round(grey.shape[1] * LINE_HEIGHT / grey.shape[0]))
    way = cv2.INTER_AREA if grey.shape[0] > LINE_HEIGHT else cv2.INTER_CUBIC
    line = np.asarray(cv2.resize(grey, (width, LINE_HEIGHT), interpolation=way), dtype=np.uint8)
    split, _ = cv2.threshold(line, 0, 255, cv2.THRESH_OTSU)
    return 255 - line if 2 * np.count_nonzero(line > split) < line.size else line


def _words(table: str) -> Iterator[Read]:
    """The words of Tesseract's table: tab-separated, with the level first (5: a word) and confidence and text last."""
    for row in table.splitlines():
        level, _, *place, confidence, text = row.split("\t", maxsplit=11)
        if level != "5" or not any(c.isalnum() for c in text) or float(confidence) / 100 < MIN_READ_CONFIDENCE:
            continue
        block, paragraph, line, _, left, top, width, height = map(int, place)
        yield Read(text.strip(), float(confidence) / 100, left, top, width, height, (block, paragraph, line))


def language_files(languages: str) -> tuple[Path, ...]:
    """The data of languages joined by `+`. Raise ConfigurationError if some are not installed."""
    folders = _data_folders()
    names = languages.split("+")
    best = max(folders, key=lambda folder: sum(_data(folder, name).is_file() for name in names), default=Path())
    if missing := [name for name in names if not _data(best, name).is_file()]:
        packages = " ".join(f"tesseract-ocr-{name.replace('_', '-')}" for name in sorted(missing))
        raise ConfigurationError(f"Tesseract lacks {', '.join(sorted(missing))}; install {packages} (OMMA_OCR_LANGUAGES)")
    return tuple(_data(best, name) for name in names)


def _data(folder: Path, language: str) -> Path:
    return folder / f"{language}.traineddata"


def _data_folders() -> list[Path]:
    """Folders with data of languages, the newest version first."""
    if named := os.environ.get("TESSDATA_PREFIX"):
        return [Path(named), Path(named) / "tessdata"]
    return [path for pattern in DATA_FOLDERS for path in sorted(Path("/").glob(pattern[1:]), reverse=True)]
