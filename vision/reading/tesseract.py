"""Tesseract: a whole page, or lines that a detector has cut out of one."""

import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from engine.errors import ConfigurationError
from vision.image_features import Line, Word
from vision.reading.page import Page
from vision.reading.token import CERTAIN, Token

PAGE, BLOCK, SCATTERED = 3, 6, 11  # page segmentation modes: columns of a page, one column, or words anywhere
SECONDS = 60  # after which one picture is given up
HEIGHT, GAP = 44, 14  # px of a line, and of the white between two, in a sheet of lines
UNSURE = 0.3  # confidence below which a word is not even doubtful
Table = dict[str, list[Any]]
Crop = NDArray[np.uint8]


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
