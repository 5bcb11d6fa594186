"""The reader that the settings choose."""

from pathlib import Path
from typing import Protocol

from engine.settings import Settings
from vision import fingerprints
from vision.image_features import Text
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
    return settings.ocr_engine != "rapidocr" or not tokens.readable(settings.ocr_languages, ppocr.SCRIPTS)


def _networks(settings: Settings) -> tuple[Path, ...]:
    if settings.ocr_engine == "tesseract":
        return ()
    return tuple(ppocr.path_of(name) for name in (ppocr.DETECTOR, ppocr.RECOGNISER))
