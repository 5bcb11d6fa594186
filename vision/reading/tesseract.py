"""Tesseract: reads a whole page, scaled, deskewed and rotated as needed, or lines that a detector has cut out."""

import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from engine.errors import ConfigurationError
from vision.image_features import Box, Line, Text, Word
from vision.picture import Picture
from vision.reading.page import Page, skew
from vision.reading.tokens import CONFIDENCE_DECIMALS, Token, bounded

PAGE, BLOCK, SPARSE = 3, 6, 11  # page segmentation modes: automatic, one column of text, sparse text
TIMEOUT = 60  # seconds for one picture
MIN_READ_CONFIDENCE = 0.3  # of a word that is kept at all
# A page.
ENLARGED_SIDE = 700  # px; smaller pictures are enlarged, because Tesseract needs letters of 20 px and more
MAX_ENLARGEMENT = 3.0
LIGHT_SCALE = 0.25  # of the copy in which the brightness of the paper is estimated
STROKE = 11  # px of that copy, wider than any stroke of a letter
UNEVEN_LIGHT = 0.75  # brightness of the darkest paper by that of the lightest, below which light is evened
DOUBTFUL_PAGE, FEW_LETTERS = 0.7, 12  # mean confidence and number of letters below which a page may be rotated
HALF_TURN = 2  # quarters of a full turn
FEW_WORDS = 3  # a page with fewer is also read as sparse text (`training/reading.py` measures the modes)
MIN_CONFIDENCE, MIN_SPARSE_CONFIDENCE = 0.4, 0.6  # of a confident word; texture reads as sparse text
SHORT_WORD, MIN_SHORT_CONFIDENCE = 2, 0.7  # letters of a short word, which texture imitates most, and its least confidence
# A sheet of lines.
LINE_HEIGHT, GAP = 44, 14  # px of a line, and of the white between two

Table = dict[str, list[Any]]  # columns of Tesseract's output
Crop = NDArray[np.uint8]


class PageReader:
    """Reads whole pictures."""

    def __init__(self, languages: str) -> None:
        self._languages = languages

    def read(self, picture: Picture) -> Text:
        """The text as lines of a page; if that gives too few words, also as sparse text."""
        page = _prepared(Page.of(picture))
        lines = read_page(page, self._languages, PAGE)
        if _weight(lines) < FEW_LETTERS or _mean(lines) < DOUBTFUL_PAGE:
            page, lines = self._turned(page, lines)
        confident = _filtered(lines, lambda word: _is_confident(word, MIN_CONFIDENCE))
        if _count(confident) < FEW_WORDS:
            confident += self._sparse(page, [word.box for line in confident for word in line.words])
        return bounded(confident, _filtered(lines, lambda word: not _is_confident(word, MIN_CONFIDENCE)))

    def _turned(self, page: Page, lines: list[Line]) -> tuple[Page, list[Line]]:
        """The page and its lines in the orientation, of those that Tesseract detects, in which most is read."""
        detected = quarters(page)
        best = (_weight(lines), page, lines)
        for turn in {detected, detected + HALF_TURN} - {0}:
            other = page.turned(turn)
            found = read_page(other, self._languages, PAGE)
            best = max(best, (_weight(found), other, found), key=lambda entry: entry[0])
        return best[1:]

    def _sparse(self, page: Page, known: Sequence[Box]) -> list[Line]:
        """Confident lines of sparse text that overlap no known word."""
        lines = read_page(page, self._languages, SPARSE)
        confident = _filtered(lines, lambda word: _is_confident(word, MIN_SPARSE_CONFIDENCE))
        return [line for line in confident if not any(word.box.overlap(box) for word in line.words for box in known)]


def _prepared(page: Page) -> Page:
    """The page enlarged if it is small, evenly lit, and deskewed."""
    factor = min(MAX_ENLARGEMENT, ENLARGED_SIDE / max(page.size))
    page = evenly_lit(page.scaled(factor) if factor > 1 else page)
    degrees = skew(page)
    return page.deskewed(degrees) if degrees else page


def evenly_lit(page: Page) -> Page:
    """The page divided by the brightness of its paper (a blurred closing), if that is uneven."""
    grey = cv2.cvtColor(page.pixels, cv2.COLOR_RGB2GRAY)
    view = cv2.resize(grey, None, fx=LIGHT_SCALE, fy=LIGHT_SCALE, interpolation=cv2.INTER_AREA)
    closed = cv2.morphologyEx(view, cv2.MORPH_CLOSE, np.ones((STROKE, STROKE), np.uint8))
    paper = cv2.resize(cv2.GaussianBlur(closed, (0, 0), STROKE), grey.shape[::-1], interpolation=cv2.INTER_LINEAR)
    dark, light = np.percentile(paper, (5, 95))
    if dark > UNEVEN_LIGHT * light:
        return page
    even = np.clip(grey.astype(np.float32) * 255 / np.maximum(paper, 1), 0, 255).astype(np.uint8)
    return replace(page, pixels=np.asarray(cv2.cvtColor(even, cv2.COLOR_GRAY2RGB), dtype=np.uint8))


def _is_confident(word: Word, threshold: float) -> bool:
    """Whether a word reaches a confidence; short words need more."""
    return word.confidence >= (MIN_SHORT_CONFIDENCE if sum(c.isalnum() for c in word.text) <= SHORT_WORD else threshold)


def _filtered(lines: list[Line], wanted: Callable[[Word], bool]) -> list[Line]:
    """The lines with only these words; lines without any are left out."""
    kept = (tuple(word for word in line.words if wanted(word)) for line in lines)
    return [Line(words) for words in kept if words]


def _count(lines: list[Line]) -> int:
    return sum(len(line.words) for line in lines)


def _mean(lines: list[Line]) -> float:
    return sum(word.confidence for line in lines for word in line.words) / max(1, _count(lines))


def _weight(lines: list[Line]) -> float:
    """Letters of confident words, weighted by confidence: greatest when the page is upright."""
    return sum(len(w.text) * w.confidence for line in lines for w in line.words if w.confidence >= DOUBTFUL_PAGE)


def read_page(page: Page, languages: str, mode: int) -> list[Line]:
    """Lines of words of any confidence. Raise RuntimeError after `TIMEOUT` seconds."""
    table = _recognised(cv2.cvtColor(page.pixels, cv2.COLOR_RGB2GRAY), languages, mode)
    lines: dict[tuple[int, int, int], list[Word]] = {}
    for i, text in _words(table):
        left, top = table["left"][i], table["top"][i]
        corners = [(left, top), (left + table["width"][i], top + table["height"][i])]
        outline = [(x, y) for x, _ in corners for _, y in corners]
        word = Word(text, round(float(table["conf"][i]) / 100, CONFIDENCE_DECIMALS), page.box(outline))
        lines.setdefault((table["block_num"][i], table["par_num"][i], table["line_num"][i]), []).append(word)
    return [Line(tuple(words)) for words in lines.values()]


def quarters(page: Page) -> int:
    """Quarter turns clockwise that make the page upright; 0 if its letters do not show it."""
    import pytesseract  # noqa: PLC0415

    grey = Image.fromarray(cv2.cvtColor(page.pixels, cv2.COLOR_RGB2GRAY))
    try:
        config = "--psm 0 -c min_characters_to_try=10"
        found = pytesseract.image_to_osd(grey, config=config, output_type="dict", timeout=TIMEOUT)
    except pytesseract.TesseractError:  # too few letters
        return 0
    return int(found["rotate"]) // 90


def read_lines(crops: Sequence[Crop], languages: str) -> list[list[Token]]:
    """The words of each line [h, w, 3], all in one call, because starting the program takes longer than reading a line."""
    found: list[list[Token]] = [[] for _ in crops]
    if not crops:
        return found
    lines = [_as_line(crop) for crop in crops]
    table = _recognised(_sheet(lines), languages, BLOCK)
    for i, text in _words(table):
        n = int((table["top"][i] + table["height"][i] / 2 - GAP / 2) // (LINE_HEIGHT + GAP))
        if 0 <= n < len(crops):
            width, left = lines[n].shape[1], table["left"][i] - GAP
            ends = (min(1.0, max(0.0, x / width)) for x in (left, left + table["width"][i]))
            found[n].append(Token(text, float(table["conf"][i]) / 100, *ends))
    return [sorted(tokens, key=lambda token: token.left) for tokens in found]


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


def _recognised(grey: Any, languages: str, mode: int) -> Table:
    import pytesseract  # noqa: PLC0415

    options = {"lang": languages, "config": f"--oem 1 --psm {mode}", "timeout": TIMEOUT}
    table: Table = pytesseract.image_to_data(Image.fromarray(grey), output_type=pytesseract.Output.DICT, **options)
    return table


def _words(table: Table) -> list[tuple[int, str]]:
    """Row numbers and texts of the table's words."""
    texts = enumerate(str(text).strip() for text in table["text"])
    read = [float(confidence) / 100 >= MIN_READ_CONFIDENCE for confidence in table["conf"]]
    return [(i, text) for i, text in texts if any(c.isalnum() for c in text) and read[i]]


def program(languages: str) -> Path:
    """The program. Raise ConfigurationError if it, or one of the languages, is not installed."""
    import pytesseract  # noqa: PLC0415  (imports pandas: only a process that uses Tesseract should wait for it)

    found = shutil.which("tesseract")
    if found is None:
        raise ConfigurationError("tesseract is missing; install the package tesseract-ocr")
    missing = sorted(set(languages.split("+")) - set(pytesseract.get_languages()))
    if missing:
        packages = " ".join(f"tesseract-ocr-{language.replace('_', '-')}" for language in missing)
        raise ConfigurationError(f"Tesseract lacks {', '.join(missing)}; install {packages} (OMMA_OCR_LANGUAGES)")
    return Path(found)


def load(languages: str) -> None:
    """Check the installation, and limit Tesseract to one thread: its own threads make it eight times slower."""
    program(languages)
    os.environ["OMP_THREAD_LIMIT"] = "1"
