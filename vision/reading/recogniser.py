"""What a line says: PP-OCR's recogniser, in batches of lines of similar width."""

from collections.abc import Iterator, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.settings import Settings
from vision.reading import models
from vision.reading.detector import as_input
from vision.reading.scripts import script
from vision.reading.token import Token
from vision.runtime import Array, Session

HEIGHT, STEP, WIDEST = 48, 8, 2400  # px: what the network takes, what one column of its output stands for, and the widest line
NARROWEST = 48  # px
BATCH = 4000  # px of width in one batch
SPACE = " "
SCRIPTS = frozenset({"LATIN", "CJK", "HIRAGANA", "KATAKANA"})  # that it was trained to read
Crop = NDArray[np.uint8]


class Recogniser:
    """Reads lines in those of its scripts that are asked for: letters of others would be guesses."""

    def __init__(self, settings: Settings, scripts: frozenset[str]) -> None:
        """ConfigurationError where the package is not there."""
        self._session = Session(models.path_of(models.RECOGNISER), settings)
        letters = self._session.metadata["character"].splitlines()
        self._characters = ["", *letters, SPACE]  # the first class stands for "no letter here"
        wanted = [not name or name in scripts for name in (script(c) if len(c) == 1 else "" for c in self._characters)]
        self._wanted = np.flatnonzero(wanted)

    def read(self, crops: Sequence[Crop]) -> list[list[Token]]:
        """The words of each line [h, w, 3]."""
        found: list[list[Token]] = [[] for _ in crops]
        wide = [min(WIDEST, max(NARROWEST, -(-c.shape[1] * HEIGHT // c.shape[0] // STEP) * STEP)) for c in crops]
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
