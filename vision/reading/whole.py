"""Tesseract alone: a page is enlarged, straightened and turned as far as it needs that, and read as a whole."""

from collections.abc import Callable

from vision.perception import Line, Text, Word
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
DOUBT = 0.6  # mean confidence below which a page may lie on its side


class PageReader:
    """Reads pictures with Tesseract."""

    def __init__(self, languages: str) -> None:
        """ConfigurationError where the program or a language is missing."""
        self._languages = languages
        tesseract.load(languages)

    def read(self, picture: Picture) -> Text:
        """Lines as a page has them and, where that gives next to nothing, as words stand here and there."""
        page = _prepared(Page.of(picture))
        lines = tesseract.read_page(page, self._languages, tesseract.PAGE)
        if _count(lines) < FEW or _mean(lines) < DOUBT:
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
    page = page.scaled(growth) if growth > 1 else page
    degrees = tilt(page)
    return page.straightened(degrees) if degrees else page


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
