"""Text: what Tesseract reads in the picture, word by word."""

import os
import shutil
from collections.abc import Sequence
from typing import Any, ClassVar

import cv2
import pytesseract
from PIL import Image

from engine.errors import ConfigurationError
from vision.perception import Box, Perception, Text, Word
from vision.picture import Picture
from vision.sense import Sense

PAGE = "--oem 1 --psm {}"
SPARSE, BLOCK = 11, 3  # Tesseract's page segmentation: scattered words, or columns of a page
SMALLEST_SIDE = 700  # px; smaller pictures are enlarged, because Tesseract wants letters of 20 px and more
LARGEST_GROWTH = 3.0
SURE = 0.4  # confidence from which a word is kept
SHORT, SURE_SHORT = 2, 0.7  # letters that texture imitates most, and what is asked of them
SECONDS = 60  # after which one picture is given up
NOTHING = Text((), ())


class TextSense(Sense):
    """Words with boxes and confidence, and their lines. Not asked where there is no text to expect."""

    name: ClassVar[str] = "text"
    needs: ClassVar[tuple[str, ...]] = ("text_presence",)

    @property
    def fingerprint(self) -> str:
        """Languages and how the page is cut; Tesseract's own version makes little difference."""
        return f"tesseract-{self.settings.ocr_languages}@psm{BLOCK}-gate{self.settings.text_threshold:g}"

    def _load(self) -> None:
        """Parallelism belongs to the worker: Tesseract's own threads make it eight times slower."""
        os.environ["OMP_THREAD_LIMIT"] = "1"
        if shutil.which("tesseract") is None:
            raise ConfigurationError("tesseract is missing; install the package tesseract-ocr")
        missing = set(self.settings.ocr_languages.split("+")) - set(pytesseract.get_languages())
        if missing:
            packages = " ".join(f"tesseract-ocr-{language}" for language in sorted(missing))
            raise ConfigurationError(f"Tesseract lacks {', '.join(sorted(missing))}; install {packages} (OMMA_OCR_LANGUAGES)")

    def _observe(self, pictures: Sequence[Picture], seen: Sequence[Perception]) -> list[Any]:
        return [self._read(picture) if self._expected(p) else NOTHING for picture, p in zip(pictures, seen, strict=True)]

    def _expected(self, seen: Perception) -> bool:
        return seen.text_presence is None or seen.text_presence >= self.settings.text_threshold

    def _read(self, picture: Picture) -> Text:
        data = read(picture, self.settings.ocr_languages)
        words = [_word(data, i) for i in range(len(data["text"])) if _is_word(data["text"][i], float(data["conf"][i]))]
        lines: dict[tuple[int, int, int], list[str]] = {}
        for place, word in words:
            lines.setdefault(place, []).append(word.text)
        return Text(tuple(word for _, word in words), tuple(" ".join(line) for line in lines.values()))


def read(picture: Picture, languages: str) -> dict[str, list[Any]]:
    """Tesseract's table of words; boxes as fractions under `box`."""
    height, width = picture.pixels.shape[:2]
    growth = min(LARGEST_GROWTH, max(1.0, SMALLEST_SIDE / max(height, width)))
    grey = cv2.cvtColor(picture.pixels, cv2.COLOR_RGB2GRAY)
    if growth > 1:
        grey = cv2.resize(grey, None, fx=growth, fy=growth, interpolation=cv2.INTER_CUBIC)
    options = {"lang": languages, "config": PAGE.format(BLOCK), "timeout": SECONDS}
    table = pytesseract.image_to_data(Image.fromarray(grey), output_type=pytesseract.Output.DICT, **options)
    found: dict[str, list[Any]] = dict(table)
    down, across = grey.shape
    sides = zip(table["left"], table["top"], table["width"], table["height"], strict=True)
    found["box"] = [(x / across, y / down, w / across, h / down) for x, y, w, h in sides]
    return found


def _is_word(text: str, confidence: float) -> bool:
    """Whether it is worth keeping: texture gives short, doubtful words."""
    letters = sum(c.isalnum() for c in text)
    return letters > 0 and confidence >= 100 * (SURE_SHORT if letters <= SHORT else SURE)


def _word(data: dict[str, list[Any]], i: int) -> tuple[tuple[int, int, int], Word]:
    """A word, and the line that it stands in."""
    place = (data["block_num"][i], data["par_num"][i], data["line_num"][i])
    x, y, w, h = data["box"][i]
    box = Box(min(x, 0.999), min(y, 0.999), min(w, 1 - min(x, 0.999)), min(h, 1 - min(y, 0.999)))
    return place, Word(data["text"][i].strip(), float(data["conf"][i]) / 100, box)
