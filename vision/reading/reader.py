"""The reader that the settings choose."""

from pathlib import Path
from typing import Protocol

from engine.settings import Settings
from vision import fingerprints
from vision.image_features import Text
from vision.picture import Picture
from vision.reading import agreement, counting, detector, models, rapid, recogniser, scripts, tesseract, whole

COMMON = (counting.FAINT, counting.LEAST_LETTERS, counting.MOST_WORDS)
ALONE = (
    whole.FEW, whole.ENLARGED_SIDE, whole.LARGEST_GROWTH, whole.SURE, whole.SCATTERED_SURE, whole.SHORT, whole.SURE_SHORT,
    whole.DOUBT, whole.SURE_LETTERS, whole.UNEVEN, tesseract.UNSURE,
)  # fmt: skip
LED = (
    detector.AREA, detector.LARGEST_GROWTH, detector.TEXT, detector.LINE, detector.SPREAD, detector.SMALL, detector.CLOSER,
    recogniser.WIDEST, rapid.DOUBT, rapid.SAMPLE, rapid.BETTER, rapid.DOUBTFUL, rapid.FOREIGN, rapid.SURE, tesseract.HEIGHT,
    agreement.CLEARLY,
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
        return whole.PageReader(settings.ocr_languages)
    return rapid.RapidReader(settings, both=settings.ocr_engine == "agreement")


def files(settings: Settings) -> tuple[Path, ...]:
    """What the engine reads with; ConfigurationError, with the mend, where something is missing."""
    program = (tesseract.program(settings.ocr_languages),) if needs_tesseract(settings) else ()
    return (*program, *_networks(settings))


def fingerprint(settings: Settings) -> str:
    """Engine, languages, weights, and how they are used; Tesseract's own version makes little difference."""
    ways = (*COMMON, *(ALONE if settings.ocr_engine == "tesseract" else LED))
    mark = fingerprints.of_values(*ways, *(fingerprints.of_files(path) for path in _networks(settings)))
    return f"{settings.ocr_engine}-{settings.ocr_languages}@{mark}"


def needs_tesseract(settings: Settings) -> bool:
    """Whether Tesseract must be there; beside PP-OCR, for scripts that PP-OCR lacks and for languages that are not known."""
    return settings.ocr_engine != "rapidocr" or not scripts.readable(settings.ocr_languages, recogniser.SCRIPTS)


def _networks(settings: Settings) -> tuple[Path, ...]:
    if settings.ocr_engine == "tesseract":
        return ()
    return tuple(models.path_of(name) for name in (models.DETECTOR, models.RECOGNISER))
