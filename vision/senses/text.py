"""Text: what Tesseract reads in the picture, word by word."""

import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import cv2
import numpy as np
import pytesseract
from numpy.typing import NDArray
from PIL import Image

from engine.errors import ConfigurationError
from vision import fingerprints
from vision.perception import Box, Perception, Text, Word
from vision.picture import Picture
from vision.sense import Sense
from vision.senses import text_presence

PAGE, SCATTERED = 3, 11  # Tesseract's page segmentation modes: columns of a page, or words anywhere
FEW = 3  # words; a page with fewer is read again as scattered words (`training/reading.py` measures the modes)
ENLARGED_SIDE = 700  # px; smaller pictures are enlarged, because Tesseract wants letters of 20 px and more
LARGEST_GROWTH = 3.0
SURE = {PAGE: 0.4, SCATTERED: 0.6}  # confidence from which a word is kept; texture reads as scattered words
SHORT, SURE_SHORT = 2, 0.7  # letters that texture imitates most, and what is asked of them
SECONDS = 60  # after which one picture is given up
METHOD = fingerprints.of_values(PAGE, SCATTERED, FEW, ENLARGED_SIDE, LARGEST_GROWTH, SURE, SHORT, SURE_SHORT)
NOTHING = Text((), ())
Table = dict[str, list[Any]]


class TextSense(Sense):
    """Words with boxes and confidence, and their lines. Not asked where there is no text to expect."""

    name: ClassVar[str] = "text"
    gate: ClassVar[str | None] = "text_presence"

    @property
    def fingerprint(self) -> str:
        """Languages, how the page is cut, and the gate; Tesseract's own version makes little difference."""
        gate = fingerprints.of_files(text_presence.WEIGHTS)
        return f"tesseract-{self.settings.ocr_languages}@{METHOD}+gate{self.settings.text_threshold:g}@{gate}"

    def files(self) -> tuple[Path, ...]:
        """The program; ConfigurationError where it, or one of the languages, is not installed."""
        program = shutil.which("tesseract")
        if program is None:
            raise ConfigurationError("tesseract is missing; install the package tesseract-ocr")
        missing = set(self.settings.ocr_languages.split("+")) - set(pytesseract.get_languages())
        if missing:
            packages = " ".join(f"tesseract-ocr-{language}" for language in sorted(missing))
            raise ConfigurationError(f"Tesseract lacks {', '.join(sorted(missing))}; install {packages} (OMMA_OCR_LANGUAGES)")
        return (Path(program),)

    def _load(self) -> None:
        self.files()
        # Parallelism belongs to the worker: Tesseract's own threads make it eight times slower.
        os.environ["OMP_THREAD_LIMIT"] = "1"

    def _observe(self, pictures: Sequence[Picture], seen: Sequence[Perception]) -> list[Any]:
        return [self.read(picture) if self._expected(p) else NOTHING for picture, p in zip(pictures, seen, strict=True)]

    def _expected(self, seen: Perception) -> bool:
        return seen.text_presence is None or seen.text_presence >= self.settings.text_threshold

    def read(self, picture: Picture) -> Text:
        """The picture read as a page and, where that gives next to nothing, as words here and there too."""
        lines = read(picture, self.settings.ocr_languages, PAGE)
        if sum(map(len, lines)) < FEW:
            known = [word.box for line in lines for word in line]
            scattered = read(picture, self.settings.ocr_languages, SCATTERED)
            lines += [line for line in scattered if not any(w.box.overlap(box) for w in line for box in known)]
        words = tuple(word for line in lines for word in line)
        return Text(words, tuple(" ".join(word.text for word in line) for line in lines))


def read(picture: Picture, languages: str, mode: int) -> list[list[Word]]:
    """Lines of words that Tesseract reads in one mode of page segmentation; RuntimeError after a minute."""
    grey = _enlarged(cv2.cvtColor(picture.pixels, cv2.COLOR_RGB2GRAY))
    options = {"lang": languages, "config": f"--oem 1 --psm {mode}", "timeout": SECONDS}
    table: Table = pytesseract.image_to_data(Image.fromarray(grey), output_type=pytesseract.Output.DICT, **options)
    lines: dict[tuple[int, int, int], list[Word]] = {}
    for i, text in enumerate(table["text"]):
        if _is_word(text, float(table["conf"][i]) / 100, SURE.get(mode, SURE[PAGE])):
            place = (table["block_num"][i], table["par_num"][i], table["line_num"][i])
            lines.setdefault(place, []).append(_word(table, i, grey.shape))
    return list(lines.values())


def _enlarged(grey: Any) -> NDArray[np.uint8]:
    growth = min(LARGEST_GROWTH, ENLARGED_SIDE / max(grey.shape))
    if growth > 1:
        grey = cv2.resize(grey, None, fx=growth, fy=growth, interpolation=cv2.INTER_CUBIC)
    return np.asarray(grey, dtype=np.uint8)


def _is_word(text: str, confidence: float, sure: float) -> bool:
    """Whether it is worth keeping: texture gives short, doubtful words."""
    letters = sum(c.isalnum() for c in text)
    return letters > 0 and confidence >= (SURE_SHORT if letters <= SHORT else sure)


def _word(table: Table, i: int, shape: tuple[int, ...]) -> Word:
    down, across = shape
    left, top = table["left"][i], table["top"][i]
    right, bottom = left + table["width"][i], top + table["height"][i]
    box = Box.of_corners(left / across, top / down, right / across, bottom / down)
    return Word(table["text"][i].strip(), float(table["conf"][i]) / 100, box)
