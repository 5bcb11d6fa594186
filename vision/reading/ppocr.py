"""PP-OCR: its detector finds the lines, its recogniser reads them, Tesseract helps where it is asked to.

The networks are read from the files of the package `rapidocr`, without fetching anything.
"""

from collections.abc import Callable, Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.errors import ConfigurationError
from engine.settings import Settings
from vision.image_features import Text
from vision.picture import Picture
from vision.reading import tesseract
from vision.reading.page import Page, Points, cut, heights, in_order, stands, turned, widths
from vision.reading.tokens import Token, agreed, by_confidence, confidence, is_mostly, line_of, script, scripts_of
from vision.runtime import Array, Session

DETECTOR, RECOGNISER = "PP-OCRv6_det_small.onnx", "PP-OCRv6_rec_small.onnx"
AREA = 460_000  # px that the network looks at, whatever the picture's shape (`training/reading.py` measures others)
LARGEST_GROWTH = 2.0
DETECTOR_STEP = 32  # px; sides are multiples
TEXT, LINE = 0.3, 0.5  # probability from which a pixel is text, and from which a region of them is a line
SPREAD = 1.6  # the network marks the core of a line; by how much that is widened (area over length)
MOST_LINES = 3000
SMALL, SMALL_SHARE = 10, 0.5  # px of the network's view that letters need, and share of lines that lack them
CLOSER = 2.5  # growth of the area, for small letters
HEIGHT, COLUMN_STEP, WIDEST = (
    48,
    8,
    2400,
)  # px: what the network takes, what one column of its output stands for, and the widest line
NARROWEST = 48  # px
BATCH = 4000  # px of width in one batch
SPACE = " "
SCRIPTS = frozenset({"LATIN", "CJK", "HIRAGANA", "KATAKANA"})  # that it was trained to read
Crop = NDArray[np.uint8]
DOUBT = 0.85  # mean confidence below which a page may be upside down
SAMPLE = 6  # lines that are read the other way up to see
BETTER = 0.1  # by which they must be surer
DOUBTFUL = 0.93  # confidence of a line below which it may be in a script that the recogniser lacks
FOREIGN = 0.5  # confidence from which such a line is believed
SURE = 0.7  # confidence from which a line counts
Crops = list[NDArray[np.uint8]]
Lines = list[list[Token]]


def path_of(name: str) -> Path:
    """A model's file; ConfigurationError where the package, or the model in it, is missing."""
    spec = find_spec("rapidocr")
    if spec is None or not spec.submodule_search_locations:
        raise ConfigurationError("rapidocr is missing; install the package rapidocr, or set OMMA_OCR_ENGINE=tesseract")
    path = Path(spec.submodule_search_locations[0]) / "models" / name
    if not path.exists():
        raise ConfigurationError(f"rapidocr lacks its model {name}; install the package rapidocr again (3.10)")
    return path


class Detector:
    """Outlines of lines [n, 4, 2], each from its top left clockwise, in pixels of the page."""

    def __init__(self, settings: Settings) -> None:
        """ConfigurationError where the package is not there."""
        path = path_of(DETECTOR)
        from rapidocr.ch_ppocr_det.utils import DBPostProcess  # noqa: PLC0415  (slow, and not needed by every engine)

        self._session = Session(path, settings)
        self._outlines: Any = DBPostProcess(TEXT, LINE, MOST_LINES, SPREAD, "fast", True)

    def find(self, page: Page) -> Points:
        """All lines; where most are too small for the network, it looks closer."""
        found, scale = self._look(page, AREA)
        if len(found) and scale < LARGEST_GROWTH and np.mean(heights(found) * scale < SMALL) > SMALL_SHARE:
            found, _ = self._look(page, round(AREA * CLOSER))
        return found

    def _look(self, page: Page, area: int) -> tuple[Points, float]:
        width, height = page.size
        scale = min(LARGEST_GROWTH, (area / (width * height)) ** 0.5)
        columns, rows = (max(DETECTOR_STEP, round(side * scale / DETECTOR_STEP) * DETECTOR_STEP) for side in (width, height))
        way = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
        (chances,) = self._session.run(as_input(cv2.resize(page.pixels, (columns, rows), interpolation=way))[None])
        outlines, _ = self._outlines(chances, (height, width))
        return np.asarray(outlines, dtype=np.float32).reshape(-1, 4, 2), scale


def as_input(pixels: Any) -> NDArray[np.float32]:
    """Pixels [h, w, 3] RGB as the networks take them: [3, h, w], BGR, -1..1."""
    return np.ascontiguousarray((pixels[:, :, ::-1].astype(np.float32) / 127.5 - 1).transpose(2, 0, 1))


class Recogniser:
    """Reads lines in those of its scripts that are asked for: letters of others would be guesses."""

    def __init__(self, settings: Settings, scripts: frozenset[str]) -> None:
        """ConfigurationError where the package is not there."""
        self._session = Session(path_of(RECOGNISER), settings)
        letters = self._session.metadata["character"].splitlines()
        self._characters = ["", *letters, SPACE]  # the first class stands for "no letter here"
        wanted = [not name or name in scripts for name in (script(c) if len(c) == 1 else "" for c in self._characters)]
        self._wanted = np.flatnonzero(wanted)

    def read(self, crops: Sequence[Crop]) -> list[list[Token]]:
        """The words of each line [h, w, 3]."""
        found: list[list[Token]] = [[] for _ in crops]
        wide = [min(WIDEST, max(NARROWEST, -(-c.shape[1] * HEIGHT // c.shape[0] // COLUMN_STEP) * COLUMN_STEP)) for c in crops]
        for batch in _batches(wide):
            across = max(wide[n] for n in batch)
            (chances,) = self._session.run(_stacked([crops[n] for n in batch], [wide[n] for n in batch], across))
            chances = chances[:, :, self._wanted]
            for n, row in zip(batch, chances, strict=True):
                found[n] = self._words(row, across / wide[n])
        return found

    def _words(self, chances: Array, beyond: float) -> list[Token]:
        """Words of one line from probabilities [columns, classes]; the line ends `beyond` times before the last column.

        Greedy decoding of connectionist temporal classification: the best class of each column, repeats and blanks left out.
        """
        best = chances.argmax(axis=1)
        first = np.flatnonzero((best != np.concatenate([[0], best[:-1]])) & (best != 0))
        letters = [(self._characters[self._wanted[best[n]]], float(chances[n, best[n]]), int(n)) for n in first]
        return [_token(word, beyond / len(best)) for word in _split(letters)]


Letter = tuple[str, float, int]  # what it is, how surely, and the column it starts at


def _split(letters: Sequence[Letter]) -> Iterator[list[Letter]]:
    """Letters between spaces."""
    word: list[Letter] = []
    for letter in letters:
        if not letter[0].isspace():
            word.append(letter)
        elif word:
            yield word
            word = []
    if word:
        yield word


def _token(word: Sequence[Letter], column: float) -> Token:
    """A word whose columns are each this fraction of the line."""
    confidence = sum(sure for _, sure, _ in word) / len(word)
    left, right = (word[0][2] - 0.5) * column, (word[-1][2] + 2) * column
    return Token("".join(letter for letter, _, _ in word), confidence, max(0.0, left), min(1.0, right))


def _batches(wide: Sequence[int]) -> Iterator[list[int]]:
    """Indices of lines, narrow ones first, so that little is padded."""
    batch: list[int] = []
    for n in sorted(range(len(wide)), key=lambda n: wide[n]):
        if batch and (len(batch) + 1) * wide[n] > BATCH:
            yield batch
            batch = []
        batch.append(n)
    if batch:
        yield batch


def _stacked(crops: Sequence[Crop], wide: Sequence[int], across: int) -> Array:
    """One array [n, 3, 48, across], grey (zero) to the right of each line."""
    rows = np.zeros((len(crops), 3, HEIGHT, across), dtype=np.float32)
    for row, crop, width in zip(rows, crops, wide, strict=True):
        row[:, :, :width] = as_input(cv2.resize(crop, (width, HEIGHT)))
    return rows


class RapidReader:
    """Reads pictures; `both` has every line read by Tesseract, too."""

    def __init__(self, settings: Settings, *, both: bool = False) -> None:
        """ConfigurationError where something is missing."""
        self._languages, self._both = settings.ocr_languages, both
        scripts = scripts_of(self._languages)
        self._detector, self._recogniser = Detector(settings), Recogniser(settings, scripts)
        self._foreign = scripts - SCRIPTS

    def read(self, picture: Picture) -> Text:
        """Lines in reading order."""
        page = Page.of(picture)
        outlines = self._detector.find(page)
        if not len(outlines):
            return Text()
        if stands(outlines):
            page, outlines = turned(page, outlines, 1)
        page, outlines, crops, lines = self._upright(page, in_order(outlines))
        lines = self._helped(crops, lines)
        found = [line_of(tokens, outline, page) for tokens, outline in zip(lines, outlines, strict=True) if tokens]
        return by_confidence(found, SURE)

    def _upright(self, page: Page, outlines: Points) -> tuple[Page, Points, Crops, Lines]:
        """The page read, and read the other way up where a sample of its lines is surer so."""
        crops = [cut(page, outline) for outline in outlines]
        lines = self._recogniser.read(crops)
        if _mean(lines) < DOUBT:
            longest = np.argsort(-widths(outlines))[:SAMPLE]
            over = self._recogniser.read([np.ascontiguousarray(np.rot90(crops[n], 2)) for n in longest])
            if _mean(over) > _mean([lines[n] for n in longest]) + BETTER:
                page, outlines = turned(page, outlines, 2)
                outlines = in_order(outlines)
                crops = [cut(page, outline) for outline in outlines]
                lines = self._recogniser.read(crops)
        return page, outlines, crops, lines

    def _helped(self, crops: Crops, lines: Lines) -> Lines:
        """With what Tesseract reads of all lines, or of those that may be in another script."""
        if self._both:
            return _each(crops, lines, range(len(lines)), self._languages, self._joined)
        if self._foreign:
            doubtful = [n for n, tokens in enumerate(lines) if confidence(tokens) < DOUBTFUL]
            return _each(crops, lines, doubtful, self._languages, self._native)
        return lines

    def _joined(self, first: list[Token], second: list[Token]) -> list[Token]:
        native = self._native(first, second)
        return native if native is second else agreed(first, second)

    def _native(self, first: list[Token], second: list[Token]) -> list[Token]:
        """Tesseract's reading, where it is surely in a script that the recogniser lacks."""
        foreign = is_mostly(" ".join(token.text for token in second), self._foreign)
        return second if foreign and confidence(second) >= FOREIGN else first


def _each(
    crops: Crops, lines: Lines, which: Sequence[int], languages: str, join: Callable[[list[Token], list[Token]], list[Token]]
) -> Lines:
    """The lines, those of `which` joined with what Tesseract reads there."""
    read = dict(zip(which, tesseract.read_lines([crops[n] for n in which], languages), strict=True))
    return [join(tokens, read[n]) if n in read else tokens for n, tokens in enumerate(lines)]


def _mean(lines: Sequence[Sequence[Token]]) -> float:
    """The mean confidence over all letters."""
    return confidence([token for tokens in lines for token in tokens])
