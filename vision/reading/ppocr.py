"""PP-OCR: a detector finds lines, a recogniser reads them, and Tesseract reads some or all of them again.

The networks are files of the installed package `rapidocr`; nothing is downloaded.
"""

from collections.abc import Iterator, Sequence
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
from vision.reading.page import Page, Points, cut, heights, in_order, is_vertical, turned, widths
from vision.reading.tesseract import Engine
from vision.reading.tokens import Token, agreed, by_confidence, confidence, is_mostly, line_of, script, scripts_of
from vision.runtime import Array, Session

DETECTOR, RECOGNISER = "PP-OCRv6_det_small.onnx", "PP-OCRv6_rec_small.onnx"
SCRIPTS = frozenset({"LATIN", "CJK", "HIRAGANA", "KATAKANA"})  # that the recogniser was trained on
# Detection.
AREA = 460_000  # px of the detector's input, for any aspect ratio (`training/reading.py` measures others)
MAX_ENLARGEMENT = 2.0
DETECTOR_STEP = 32  # px; sides of the input are multiples
TEXT_PIXEL, TEXT_REGION = 0.3, 0.5  # least probability of a pixel of text, and of a region of them that is a line
UNCLIP_RATIO = 1.6  # the network marks the core of a line, which is widened by this (area by length)
MAX_LINES = 3000
SMALL_LETTERS, SMALL_SHARE = 10, 0.5  # px of the input that a line needs, and share of lower lines that starts a second pass
CLOSER = 2.5  # factor of the area in the second pass
# Recognition.
LINE_HEIGHT = 48  # px of the recogniser's input
COLUMN_STEP = 8  # px per column of its output
MIN_WIDTH, MAX_WIDTH = 48, 2400  # px of a line
BATCH = 4000  # px of width in one batch
SPACE = " "
# Second readings.
DOUBTFUL_PAGE = 0.85  # mean confidence below which a page may be upside down
SAMPLE = 6  # lines that are also read upside down then
CLEARLY_BETTER = 0.1  # by which they must be more confident
DOUBTFUL_LINE = 0.93  # confidence below which a line may be in a script that the recogniser lacks
MIN_FOREIGN_CONFIDENCE = 0.5  # of Tesseract's reading of such a line
MIN_CONFIDENCE = 0.7  # of a confident line

Crop = NDArray[np.uint8]  # a line [h, w, 3]
Crops = list[Crop]
Lines = list[list[Token]]
Letter = tuple[str, float, int]  # character, confidence, first column


class RapidReader:
    """Reads pictures; with `both`, Tesseract reads every line too."""

    def __init__(self, settings: Settings, *, both: bool = False) -> None:
        """Raise ConfigurationError if something is missing."""
        self._both, scripts = both, scripts_of(settings.ocr_languages)
        self._detector, self._recogniser = Detector(settings), Recogniser(settings, scripts)
        self._foreign = scripts - SCRIPTS
        self._tesseract = Engine(settings.ocr_languages) if both or self._foreign else None

    def read(self, picture: Picture) -> Text:
        """Lines in reading order."""
        page = Page.of(picture)
        outlines = self._detector.find(page)
        if not len(outlines):
            return Text()
        if is_vertical(outlines):
            page, outlines = turned(page, outlines, 1)
        page, outlines, crops, lines = self._upright(page, in_order(outlines))
        lines = self._with_tesseract(crops, lines)
        found = [line_of(tokens, outline, page) for tokens, outline in zip(lines, outlines, strict=True) if tokens]
        return by_confidence(found, MIN_CONFIDENCE)

    def _upright(self, page: Page, outlines: Points) -> tuple[Page, Points, Crops, Lines]:
        """The page, its outlines in reading order, their crops and lines; upside down if a sample of lines reads better so."""
        crops = [cut(page, outline) for outline in outlines]
        lines = self._recogniser.read(crops)
        if _mean(lines) < DOUBTFUL_PAGE and self._is_upside_down(outlines, crops, lines):
            page, outlines = turned(page, outlines, 2)
            outlines = in_order(outlines)
            crops = [cut(page, outline) for outline in outlines]
            lines = self._recogniser.read(crops)
        return page, outlines, crops, lines

    def _is_upside_down(self, outlines: Points, crops: Crops, lines: Lines) -> bool:
        longest = np.argsort(-widths(outlines))[:SAMPLE]
        over = self._recogniser.read([np.ascontiguousarray(np.rot90(crops[n], 2)) for n in longest])
        return _mean(over) > _mean([lines[n] for n in longest]) + CLEARLY_BETTER

    def _with_tesseract(self, crops: Crops, lines: Lines) -> Lines:
        """The lines, combined with Tesseract's reading of all of them, or of those that may be in another script."""
        if self._tesseract is None:
            return lines
        which = [n for n, tokens in enumerate(lines) if self._both or confidence(tokens) < DOUBTFUL_LINE]
        read = dict(zip(which, self._tesseract.lines([crops[n] for n in which]), strict=True))
        join = self._joined if self._both else self._foreign_or_first
        return [join(tokens, read[n]) if n in read else tokens for n, tokens in enumerate(lines)]

    def _joined(self, first: list[Token], second: list[Token]) -> list[Token]:
        foreign = self._foreign_or_first(first, second)
        return foreign if foreign is second else agreed(first, second)

    def _foreign_or_first(self, first: list[Token], second: list[Token]) -> list[Token]:
        """Tesseract's reading if it is confident and in a script that the recogniser lacks, else the first."""
        is_foreign = is_mostly(" ".join(token.text for token in second), self._foreign)
        return second if is_foreign and confidence(second) >= MIN_FOREIGN_CONFIDENCE else first


def _mean(lines: Sequence[Sequence[Token]]) -> float:
    """The mean confidence over all letters."""
    return confidence([token for tokens in lines for token in tokens])


class Detector:
    """Finds outlines of lines [n, 4, 2], each clockwise from its top left, in pixels of the page."""

    def __init__(self, settings: Settings) -> None:
        """Raise ConfigurationError if the package is missing."""
        path = path_of(DETECTOR)
        from rapidocr.ch_ppocr_det.utils import DBPostProcess  # noqa: PLC0415  (slow to import, and not used by every engine)

        self._session = Session(path, settings)
        self._outlines: Any = DBPostProcess(TEXT_PIXEL, TEXT_REGION, MAX_LINES, UNCLIP_RATIO, "fast", True)

    def find(self, page: Page) -> Points:
        """All lines; if most are too small for the network, they come from a second pass at a larger scale."""
        found, scale = self._detect(page, AREA)
        if len(found) and scale < MAX_ENLARGEMENT and np.mean(heights(found) * scale < SMALL_LETTERS) > SMALL_SHARE:
            found, _ = self._detect(page, round(AREA * CLOSER))
        return found

    def _detect(self, page: Page, area: int) -> tuple[Points, float]:
        """Outlines, and the scale of the input of this area by the page."""
        width, height = page.size
        scale = min(MAX_ENLARGEMENT, (area / (width * height)) ** 0.5)
        columns, rows = (max(DETECTOR_STEP, round(side * scale / DETECTOR_STEP) * DETECTOR_STEP) for side in (width, height))
        way = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
        (chances,) = self._session.run(as_input(cv2.resize(page.pixels, (columns, rows), interpolation=way))[None])
        outlines, _ = self._outlines(chances, (height, width))
        return np.asarray(outlines, dtype=np.float32).reshape(-1, 4, 2), scale


class Recogniser:
    """Reads lines; characters of scripts that are not in `scripts` are excluded, since they would be guesses."""

    def __init__(self, settings: Settings, scripts: frozenset[str]) -> None:
        """Raise ConfigurationError if the package is missing."""
        self._session = Session(path_of(RECOGNISER), settings)
        letters = self._session.metadata["character"].splitlines()
        self._characters = ["", *letters, SPACE]  # class 0 is the blank of CTC
        names = (script(c) if len(c) == 1 else "" for c in self._characters)
        wanted = [not name or name in scripts for name in names]
        self._wanted = np.flatnonzero(wanted)

    def read(self, crops: Sequence[Crop]) -> list[list[Token]]:
        """The words of each line [h, w, 3]."""
        found: list[list[Token]] = [[] for _ in crops]
        wide = [_input_width(crop) for crop in crops]
        for batch in _batches(wide):
            across = max(wide[n] for n in batch)
            (chances,) = self._session.run(_stacked([crops[n] for n in batch], [wide[n] for n in batch], across))
            for n, row in zip(batch, chances[:, :, self._wanted], strict=True):
                found[n] = self._words(row, across / wide[n])
        return found

    def _words(self, chances: Array, beyond: float) -> list[Token]:
        """Words of one line from probabilities [columns, classes], whose columns span `beyond` times the line's width.

        Greedy decoding of connectionist temporal classification (CTC): the best class of each column, without repeats and
        blanks.
        """
        best = chances.argmax(axis=1)
        first = np.flatnonzero((best != np.concatenate([[0], best[:-1]])) & (best != 0))
        letters = [(self._characters[self._wanted[best[n]]], float(chances[n, best[n]]), int(n)) for n in first]
        return [_token(word, beyond / len(best)) for word in _split(letters)]


def _split(letters: Sequence[Letter]) -> Iterator[list[Letter]]:
    """Words: the letters between spaces."""
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
    """A word as a token; `column` is the width of a column as a fraction of the line."""
    confidence = sum(sure for _, sure, _ in word) / len(word)
    left, right = (word[0][2] - 0.5) * column, (word[-1][2] + 2) * column
    return Token("".join(letter for letter, _, _ in word), confidence, max(0.0, left), min(1.0, right))


def _input_width(crop: Crop) -> int:
    """Width of a line in the recogniser's input: in proportion to its height, in whole columns."""
    height, width = crop.shape[:2]
    columns: int = -(-width * LINE_HEIGHT // height // COLUMN_STEP)
    return min(MAX_WIDTH, max(MIN_WIDTH, columns * COLUMN_STEP))


def _batches(wide: Sequence[int]) -> Iterator[list[int]]:
    """Batches of indices of lines, narrow ones first, so that little is padded."""
    batch: list[int] = []
    for n in sorted(range(len(wide)), key=lambda n: wide[n]):
        if batch and (len(batch) + 1) * wide[n] > BATCH:
            yield batch
            batch = []
        batch.append(n)
    if batch:
        yield batch


def _stacked(crops: Sequence[Crop], wide: Sequence[int], across: int) -> Array:
    """Lines as one array [n, 3, LINE_HEIGHT, across], padded with grey (zero) on the right."""
    rows = np.zeros((len(crops), 3, LINE_HEIGHT, across), dtype=np.float32)
    for row, crop, width in zip(rows, crops, wide, strict=True):
        row[:, :, :width] = as_input(cv2.resize(crop, (width, LINE_HEIGHT)))
    return rows


def as_input(pixels: Any) -> NDArray[np.float32]:
    """RGB [h, w, 3] as the networks take it: BGR float32 [3, h, w], -1..1."""
    return np.ascontiguousarray((pixels[:, :, ::-1].astype(np.float32) / 127.5 - 1).transpose(2, 0, 1))


def path_of(name: str) -> Path:
    """The file of a network. Raise ConfigurationError if the package, or the file in it, is missing."""
    spec = find_spec("rapidocr")
    if spec is None or not spec.submodule_search_locations:
        raise ConfigurationError("rapidocr is missing; install the package rapidocr, or set OMMA_OCR_ENGINE=tesseract")
    path = Path(spec.submodule_search_locations[0]) / "models" / name
    if not path.exists():
        raise ConfigurationError(f"rapidocr lacks its model {name}; install the package rapidocr again (3.10)")
    return path
