"""Tesseract alone: a page is enlarged, straightened and turned as far as it needs that, and read as a whole."""

from collections.abc import Callable
from dataclasses import replace

import cv2
import numpy as np

from vision.image_features import Line, Text, Word
from vision.picture import Picture
from vision.reading import tesseract
from vision.reading.counting import bounded
from vision.reading.page import Page
from vision.reading.upright import tilt

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
        lines = tesseract.read_page(page, self._languages, tesseract.PAGE)
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
        told = tesseract.quarters(page)
        best = (_weight(lines), page, lines)
        for quarters in {told, told + UPSIDE_DOWN} - {0}:
            other = page.turned(quarters)
            found = tesseract.read_page(other, self._languages, tesseract.PAGE)
            best = max(best, (_weight(found), other, found), key=lambda entry: entry[0])
        return best[1:]

    def _scattered(self, page: Page) -> list[Line]:
        return tesseract.read_page(page, self._languages, tesseract.SCATTERED)


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
