"""PP-OCR leads: its detector finds the lines, its recogniser reads them, Tesseract helps where it is asked to."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from engine.settings import Settings
from vision.image_features import Text
from vision.picture import Picture
from vision.reading import counting, recogniser, tesseract
from vision.reading.agreement import agreed
from vision.reading.detector import Detector, cut, in_order, widths
from vision.reading.page import Page, Points
from vision.reading.scripts import is_mostly, scripts_of
from vision.reading.token import Token, confidence, line_of
from vision.reading.upright import stands, turned

DOUBT = 0.85  # mean confidence below which a page may be upside down
SAMPLE = 6  # lines that are read the other way up to see
BETTER = 0.1  # by which they must be surer
DOUBTFUL = 0.93  # confidence of a line below which it may be in a script that the recogniser lacks
FOREIGN = 0.5  # confidence from which such a line is believed
SURE = 0.7  # confidence from which a line counts
Crops = list[NDArray[np.uint8]]
Lines = list[list[Token]]


class RapidReader:
    """Reads pictures; `both` has every line read by Tesseract, too."""

    def __init__(self, settings: Settings, *, both: bool = False) -> None:
        """ConfigurationError where something is missing."""
        self._languages, self._both = settings.ocr_languages, both
        scripts = scripts_of(self._languages)
        self._detector, self._recogniser = Detector(settings), recogniser.Recogniser(settings, scripts)
        self._foreign = scripts - recogniser.SCRIPTS

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
        return counting.by_confidence(found, SURE)

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
