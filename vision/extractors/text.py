"""Text: is there anything to read, and what can be read in the picture, word by word."""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import ClassVar, Protocol

import numpy as np

from engine.settings import Settings
from vision.extractor import Extractor, fingerprint_of_files, fingerprint_of_values
from vision.extractors import backbone
from vision.image_features import ImageFeatures, Text, Vector, unit
from vision.picture import Picture
from vision.reading import ppocr, tesseract, tokens

COMMON = (tokens.FAINT, tokens.LEAST_LETTERS, tokens.MOST_WORDS)
ALONE = (
    tesseract.FEW, tesseract.ENLARGED_SIDE, tesseract.LARGEST_GROWTH, tesseract.SURE, tesseract.SCATTERED_SURE, tesseract.SHORT,
    tesseract.SURE_SHORT, tesseract.DOUBT, tesseract.SURE_LETTERS, tesseract.UNEVEN, tesseract.UNSURE,
)  # fmt: skip
LED = (
    ppocr.AREA, ppocr.LARGEST_GROWTH, ppocr.TEXT, ppocr.LINE, ppocr.SPREAD, ppocr.SMALL, ppocr.CLOSER,
    ppocr.WIDEST, ppocr.DOUBT, ppocr.SAMPLE, ppocr.BETTER, ppocr.DOUBTFUL, ppocr.FOREIGN, ppocr.SURE, tesseract.HEIGHT,
    tokens.CLEARLY,
)  # fmt: skip


class Reader(Protocol):
    """What reads pictures."""

    def read(self, picture: Picture) -> Text:
        """The text of a picture, with boxes in the coordinates of the picture as it came, however it was turned."""


def reader_of(settings: Settings) -> Reader:
    """The engine that the settings name; ConfigurationError, with the mend, where something is missing."""
    if needs_tesseract(settings):
        tesseract.load(settings.ocr_languages)
    if settings.ocr_engine == "tesseract":
        return tesseract.PageReader(settings.ocr_languages)
    return ppocr.RapidReader(settings, both=settings.ocr_engine == "agreement")


def reader_files(settings: Settings) -> tuple[Path, ...]:
    """What the engine reads with; ConfigurationError, with the mend, where something is missing."""
    program = (tesseract.program(settings.ocr_languages),) if needs_tesseract(settings) else ()
    return (*program, *_networks(settings))


def reader_fingerprint(settings: Settings) -> str:
    """Engine, languages, weights, and how they are used; Tesseract's own version makes little difference."""
    ways = (*COMMON, *(ALONE if settings.ocr_engine == "tesseract" else LED))
    mark = fingerprint_of_values(*ways, *(fingerprint_of_files(path) for path in _networks(settings)))
    return f"{settings.ocr_engine}-{settings.ocr_languages}@{mark}"


def needs_tesseract(settings: Settings) -> bool:
    """Whether Tesseract must be there; beside PP-OCR, for scripts that PP-OCR lacks and for languages that are not known."""
    return settings.ocr_engine != "rapidocr" or not tokens.readable(settings.ocr_languages, ppocr.SCRIPTS)


def _networks(settings: Settings) -> tuple[Path, ...]:
    if settings.ocr_engine == "tesseract":
        return ()
    return tuple(ppocr.path_of(name) for name in (ppocr.DETECTOR, ppocr.RECOGNISER))


PRESENCE_WEIGHTS = Path(__file__).parents[1] / "weights" / "text-presence-lite2.npz"


class TextPresenceExtractor(Extractor[float]):
    """Probability, by logistic regression, that Tesseract would read words; `training/text_presence.py` fits it."""

    name: ClassVar[str] = "text_presence"
    needs: ClassVar[tuple[str, ...]] = ("backbone",)

    @property
    def fingerprint(self) -> str:
        """Backbone and head."""
        return f"{backbone.MODEL}+text-presence@{fingerprint_of_files(backbone.weights(), PRESENCE_WEIGHTS)}"

    def files(self) -> tuple[Path, ...]:
        """The head, which the repository ships."""
        return (PRESENCE_WEIGHTS,)

    def _observe(self, pictures: Sequence[Picture], seen: Sequence[ImageFeatures]) -> list[float]:
        features = np.stack([p.backbone.features for p in seen if p.backbone is not None])
        return [float(p) for p in probability(features)]


@lru_cache(maxsize=2)
def head(path: Path) -> tuple[Vector, float]:
    """Weights [1280] and bias."""
    with np.load(path) as kept:
        return kept["weights"].astype(np.float32), float(kept["bias"])


def probability(features: Vector, path: Path = PRESENCE_WEIGHTS) -> Vector:
    """Probability of text for features [n, 1280]."""
    weights, bias = head(path)
    found: Vector = 1 / (1 + np.exp(-(unit(features) @ weights + bias)))
    return found


NOTHING = Text()


class TextExtractor(Extractor[Text]):
    """Lines of words with boxes and confidence. Not asked where there is no text to expect."""

    name: ClassVar[str] = "text"
    gate: ClassVar[str | None] = "text_presence"
    _reader: Reader

    @property
    def fingerprint(self) -> str:
        """The reader, and the gate."""
        gate = fingerprint_of_files(PRESENCE_WEIGHTS)
        return f"{reader_fingerprint(self.settings)}+gate{self.settings.text_threshold:g}@{gate}"

    def files(self) -> tuple[Path, ...]:
        """Programs and networks; ConfigurationError where one of them, or a language, is not installed."""
        return reader_files(self.settings)

    def _load(self) -> None:
        self._reader = reader_of(self.settings)

    def _observe(self, pictures: Sequence[Picture], seen: Sequence[ImageFeatures]) -> list[Text]:
        return [self.read(picture) if self._expected(p) else NOTHING for picture, p in zip(pictures, seen, strict=True)]

    def _expected(self, seen: ImageFeatures) -> bool:
        return seen.text_presence is None or seen.text_presence >= self.settings.text_threshold

    def read(self, picture: Picture) -> Text:
        """The text of one picture, whatever the gate says of it."""
        with self.in_use():
            return self._reader.read(picture)
