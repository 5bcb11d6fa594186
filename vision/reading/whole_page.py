"""Whole pages by Tesseract: enlarged, evenly lit, deskewed and rotated as needed, and read as a page or as sparse text."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import cv2
import numpy as np

from vision.image_features import Box, Line, Text, Word
from vision.picture import Picture
from vision.reading.page import Page, skew
from vision.reading.tesseract import ORIENTATION, PAGE, SPARSE, Engine, language_files
from vision.reading.tokens import bounded

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


class PageReader:
    """Reads whole pictures."""

    def __init__(self, languages: str) -> None:
        """Raise ConfigurationError if one of the languages is not installed."""
        language_files(ORIENTATION)
        self._engine = Engine(languages)

    def read(self, picture: Picture) -> Text:
        """The text as lines of a page; if that gives too few words, also as sparse text."""
        page = _prepared(Page.of(picture))
        lines = self._engine.page(page, PAGE)
        if _weight(lines) < FEW_LETTERS or _mean(lines) < DOUBTFUL_PAGE:
            page, lines = self._turned(page, lines)
        confident = _filtered(lines, lambda word: _is_confident(word, MIN_CONFIDENCE))
        if _count(confident) < FEW_WORDS:
            confident += self._sparse(page, [word.box for line in confident for word in line.words])
        return bounded(confident, _filtered(lines, lambda word: not _is_confident(word, MIN_CONFIDENCE)))

    def _turned(self, page: Page, lines: list[Line]) -> tuple[Page, list[Line]]:
        """The page and its lines in the orientation, of those that Tesseract detects, in which most is read."""
        detected = self._engine.quarters(page)
        best = (_weight(lines), page, lines)
        for turn in {detected, detected + HALF_TURN} - {0}:
            other = page.turned(turn)
            found = self._engine.page(other, PAGE)
            best = max(best, (_weight(found), other, found), key=lambda entry: entry[0])
        return best[1:]

    def _sparse(self, page: Page, known: Sequence[Box]) -> list[Line]:
        """Confident lines of sparse text that overlap no known word."""
        lines = self._engine.page(page, SPARSE)
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
