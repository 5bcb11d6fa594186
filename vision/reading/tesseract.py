"""Tesseract: a whole page, enlarged, straightened and turned as far as it needs that, or lines that a detector has cut out."""

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
from vision.image_features import Line, Text, Word
from vision.picture import Picture
from vision.reading.page import Page, tilt
from vision.reading.tokens import CERTAIN, Token, bounded

PAGE, BLOCK, SCATTERED = 3, 6, 11  # page segmentation modes: columns of a page, one column, or words anywhere
SECONDS = 60  # after which one picture is given up
HEIGHT, GAP = 44, 14  # px of a line, and of the white between two, in a sheet of lines
UNSURE = 0.3  # confidence below which a word is not even doubtful
Table = dict[str, list[Any]]
Crop = NDArray[np.uint8]
FEW = 3  # words; a page with fewer is read again as scattered words (`training/reading.py` measures the modes)
ENLARGED_SIDE = 700  # px; smaller pictures are enlarged, because Tesseract wants letters of 20 px and more
LARGEST_GROWTH = 3.0
SURE, SCATTERED_SURE = 0.4, 0.6  # confidence from which a word counts; texture reads as scattered words
SHORT, SURE_SHORT = 2, 0.7  # letters that texture imitates most, and what is asked of them
UPSIDE_DOWN = 2  # quarters of a full turn
DOUBT = 0.7  # mean confidence below which a page may lie on its side
LIGHT_SCALE, LETTER = 0.25, 11  # the view in which the paper is looked for, and px there that no stroke is as wide as
UNEVEN = 0.75  # how dark the darkest paper is beside the lightest, for light to be evened
SURE_LETTERS = 12  # fewer make it doubtful, too


class PageReader:
    """Reads pictures with Tesseract."""

    def __init__(self, languages: str) -> None:
        self._languages = languages

    def read(self, picture: Picture) -> Text:
        """Lines as a page has them and, where that gives next to nothing, as words stand here and there."""
        page = _prepared(Page.of(picture))
        lines = read_page(page, self._languages, PAGE)
        if _weight(lines) < SURE_LETTERS or _mean(lines) < DOUBT:
            page, lines = self._turned(page, lines)
        sure = _of(lines, lambda word: _counts(word, SURE))
        if _count(sure) < FEW:
            known = [word.box for line in sure for word in line.words]
            scattered = _of(self._scattered(page), lambda word: _counts(word, SCATTERED_SURE))
            sure += [line for line in scattered if not any(w.box.overlap(box) for w in line.words for box in known)]
        return bounded(sure, _of(lines, lambda word: not _counts(word, SURE)))

    def _turned(self, page: Page, lines: list[Line]) -> tuple[Page, list[Line]]:
        """The page as Tesseract's own detection would have it or the other way up, if more is read in it so."""
        detected = quarters(page)
        best = (_weight(lines), page, lines)
        for turn in {detected, detected + UPSIDE_DOWN} - {0}:
            other = page.turned(turn)
            found = read_page(other, self._languages, PAGE)
            best = max(best, (_weight(found), other, found), key=lambda entry: entry[0])
        return best[1:]

    def _scattered(self, page: Page) -> list[Line]:
        return read_page(page, self._languages, SCATTERED)


def _prepared(page: Page) -> Page:
    """Large enough, and level."""
    growth = min(LARGEST_GROWTH, ENLARGED_SIDE / max(page.size))
    page = lit(page.scaled(growth) if growth > 1 else page)
    degrees = tilt(page)
    return page.straightened(degrees) if degrees else page


def lit(page: Page) -> Page:
    """As if lit evenly: where the paper is dark, each pixel is divided by the paper around it (a closing, blurred)."""
    grey = cv2.cvtColor(page.pixels, cv2.COLOR_RGB2GRAY)
    view = cv2.resize(grey, None, fx=LIGHT_SCALE, fy=LIGHT_SCALE, interpolation=cv2.INTER_AREA)
    closed = cv2.morphologyEx(view, cv2.MORPH_CLOSE, np.ones((LETTER, LETTER), np.uint8))
    paper = cv2.resize(cv2.GaussianBlur(closed, (0, 0), LETTER), grey.shape[::-1], interpolation=cv2.INTER_LINEAR)
    dark, light = np.percentile(paper, (5, 95))
    if dark > UNEVEN * light:
        return page
    even = np.clip(grey.astype(np.float32) * 255 / np.maximum(paper, 1), 0, 255).astype(np.uint8)
    return replace(page, pixels=np.asarray(cv2.cvtColor(even, cv2.COLOR_GRAY2RGB), dtype=np.uint8))


def _counts(word: Word, sure: float) -> bool:
    """Whether it is worth keeping: texture gives short, doubtful words."""
    return word.confidence >= (SURE_SHORT if sum(c.isalnum() for c in word.text) <= SHORT else sure)


def _of(lines: list[Line], wanted: Callable[[Word], bool]) -> list[Line]:
    """The lines with only such words; none that has no such word."""
    kept = (tuple(word for word in line.words if wanted(word)) for line in lines)
    return [Line(words) for words in kept if words]


def _count(lines: list[Line]) -> int:
    return sum(len(line.words) for line in lines)


def _mean(lines: list[Line]) -> float:
    return sum(word.confidence for line in lines for word in line.words) / max(1, _count(lines))


def _weight(lines: list[Line]) -> float:
    """Sure words, as letters: what a page gives when it stands upright."""
    return sum(len(w.text) * w.confidence for line in lines for w in line.words if w.confidence >= DOUBT)


def program(languages: str) -> Path:
    """The program; ConfigurationError where it, or one of the languages, is not installed."""
    import pytesseract  # noqa: PLC0415  (brings pandas: only a process that reads by Tesseract waits for it)

    found = shutil.which("tesseract")
    if found is None:
        raise ConfigurationError("tesseract is missing; install the package tesseract-ocr")
    missing = sorted(set(languages.split("+")) - set(pytesseract.get_languages()))
    if missing:
        packages = " ".join(f"tesseract-ocr-{language.replace('_', '-')}" for language in missing)
        raise ConfigurationError(f"Tesseract lacks {', '.join(missing)}; install {packages} (OMMA_OCR_LANGUAGES)")
    return Path(found)


def load(languages: str) -> None:
    """Make sure that it is there, and that it keeps to one thread: its own threads make it eight times slower."""
    program(languages)
    os.environ["OMP_THREAD_LIMIT"] = "1"


def read_page(page: Page, languages: str, mode: int) -> list[Line]:
    """Lines of words with any confidence; RuntimeError after a minute."""
    table = _asked(cv2.cvtColor(page.pixels, cv2.COLOR_RGB2GRAY), languages, mode)
    lines: dict[tuple[int, int, int], list[Word]] = {}
    for i, text in _words(table):
        left, top = table["left"][i], table["top"][i]
        corners = [(left, top), (left + table["width"][i], top + table["height"][i])]
        outline = [(x, y) for x, _ in corners for _, y in corners]
        word = Word(text, round(float(table["conf"][i]) / 100, CERTAIN), page.box(outline))
        lines.setdefault((table["block_num"][i], table["par_num"][i], table["line_num"][i]), []).append(word)
    return [Line(tuple(words)) for words in lines.values()]


def read_lines(crops: Sequence[Crop], languages: str) -> list[list[Token]]:
    """The words of each line [h, w, 3]: all of them on one sheet, because starting the program takes longer than a line."""
    found: list[list[Token]] = [[] for _ in crops]
    if not crops:
        return found
    lines = [_as_line(crop) for crop in crops]
    sheet = np.full((GAP + len(lines) * (HEIGHT + GAP), 2 * GAP + max(line.shape[1] for line in lines)), 255, np.uint8)
    for n, line in enumerate(lines):
        sheet[GAP + n * (HEIGHT + GAP) :, GAP : GAP + line.shape[1]][:HEIGHT] = line
    table = _asked(sheet, languages, BLOCK)
    for i, text in _words(table):
        n = int((table["top"][i] + table["height"][i] / 2 - GAP / 2) // (HEIGHT + GAP))
        if 0 <= n < len(crops):
            wide, left = lines[n].shape[1], table["left"][i] - GAP
            ends = (min(1.0, max(0.0, x / wide)) for x in (left, left + table["width"][i]))
            found[n].append(Token(text, float(table["conf"][i]) / 100, *ends))
    return [sorted(tokens, key=lambda token: token.left) for tokens in found]


def quarters(page: Page) -> int:
    """Quarters by which the page must be turned clockwise to stand upright; 0 where it cannot be told from its letters."""
    import pytesseract  # noqa: PLC0415

    grey = Image.fromarray(cv2.cvtColor(page.pixels, cv2.COLOR_RGB2GRAY))
    try:
        told = pytesseract.image_to_osd(grey, config="--psm 0 -c min_characters_to_try=10", output_type="dict", timeout=SECONDS)
    except pytesseract.TesseractError:  # too few letters
        return 0
    return int(told["rotate"]) // 90


def _asked(grey: Any, languages: str, mode: int) -> Table:
    import pytesseract  # noqa: PLC0415

    options = {"lang": languages, "config": f"--oem 1 --psm {mode}", "timeout": SECONDS}
    table: Table = pytesseract.image_to_data(Image.fromarray(grey), output_type=pytesseract.Output.DICT, **options)
    return table


def _words(table: Table) -> list[tuple[int, str]]:
    """Rows of the table that are words, with their text."""
    texts = [(i, str(text).strip()) for i, text in enumerate(table["text"])]
    return [(i, text) for i, text in texts if any(c.isalnum() for c in text) and float(table["conf"][i]) / 100 >= UNSURE]


def _as_line(crop: Crop) -> Crop:
    """Grey, dark letters on light, of the sheet's height."""
    grey = cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY)
    width = max(1, round(grey.shape[1] * HEIGHT / grey.shape[0]))
    way = cv2.INTER_AREA if grey.shape[0] > HEIGHT else cv2.INTER_CUBIC
    line = np.asarray(cv2.resize(grey, (width, HEIGHT), interpolation=way), dtype=np.uint8)
    split, _ = cv2.threshold(line, 0, 255, cv2.THRESH_OTSU)
    return 255 - line if 2 * np.count_nonzero(line > split) < line.size else line
