"""Text: the words of a picture, read by the OCR engine that the settings choose."""

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, Protocol

from engine.settings import Settings
from vision.extractor import Extractor, fingerprint_of_files, fingerprint_of_values
from vision.extractors import text_presence
from vision.image_features import ImageFeatures, Text
from vision.picture import Picture
from vision.reading import ppocr, tesseract, tokens, whole_page

NO_TEXT = Text()
# Parameters that change the output: of every engine, of Tesseract alone, and of PP-OCR with or without Tesseract.
COMMON = (tokens.MIN_SHOWN_CONFIDENCE, tokens.MIN_LETTERS, tokens.MAX_WORDS)
TESSERACT = (
    whole_page.FEW_WORDS, whole_page.ENLARGED_SIDE, whole_page.MAX_ENLARGEMENT, whole_page.MIN_CONFIDENCE,
    whole_page.MIN_SPARSE_CONFIDENCE, whole_page.SHORT_WORD, whole_page.MIN_SHORT_CONFIDENCE, whole_page.DOUBTFUL_PAGE,
    whole_page.FEW_LETTERS, whole_page.UNEVEN_LIGHT, tesseract.MIN_READ_CONFIDENCE,
)  # fmt: skip
PP_OCR = (
    ppocr.AREA, ppocr.MAX_ENLARGEMENT, ppocr.TEXT_PIXEL, ppocr.TEXT_REGION, ppocr.UNCLIP_RATIO, ppocr.SMALL_LETTERS,
    ppocr.CLOSER, ppocr.MAX_WIDTH, ppocr.DOUBTFUL_PAGE, ppocr.SAMPLE, ppocr.CLEARLY_BETTER, ppocr.DOUBTFUL_LINE,
    ppocr.MIN_FOREIGN_CONFIDENCE, ppocr.MIN_CONFIDENCE, tesseract.LINE_HEIGHT, tokens.CLEARLY_BETTER,
)  # fmt: skip


class TextExtractor(Extractor[Text]):
    """Lines of words with boxes and confidence; none where the gate expects no text."""

    name: ClassVar[str] = "text"
    gate: ClassVar[str | None] = "text_presence"
    _reader: "Reader"

    @property
    def fingerprint(self) -> str:
        """The reader, and the gate."""
        gate = fingerprint_of_files(text_presence.WEIGHTS)
        return f"{reader_fingerprint(self.settings)}+gate{self.settings.text_threshold:g}@{gate}"

    def files(self) -> tuple[Path, ...]:
        """Networks and data of languages. Raise ConfigurationError if one of them is not installed."""
        return reader_files(self.settings)

    def _load(self) -> None:
        self._reader = reader_of(self.settings)

    def _observe(self, pictures: Sequence[Picture], seen: Sequence[ImageFeatures]) -> list[Text]:
        return [self.read(picture) if self._expected(p) else NO_TEXT for picture, p in zip(pictures, seen, strict=True)]

    def _expected(self, seen: ImageFeatures) -> bool:
        return seen.text_presence is None or seen.text_presence >= self.settings.text_threshold

    def read(self, picture: Picture) -> Text:
        """The text of one picture, regardless of the gate."""
        with self.in_use():
            return self._reader.read(picture)


class Reader(Protocol):
    """An OCR engine."""

    def read(self, picture: Picture) -> Text:
        """The text of a picture, with boxes in its coordinates, even if it was rotated for reading."""


def reader_of(settings: Settings) -> Reader:
    """The engine that the settings name. Raise ConfigurationError, with the remedy, if something is missing."""
    if settings.ocr_engine == "tesseract":
        return whole_page.PageReader(settings.ocr_languages)
    return ppocr.RapidReader(settings, both=settings.ocr_engine == "agreement")


def reader_files(settings: Settings) -> tuple[Path, ...]:
    """Networks and data of languages. Raise ConfigurationError, with the remedy, if something is missing."""
    languages = tesseract.language_files(settings.ocr_languages) if needs_tesseract(settings) else ()
    return (*languages, *_networks(settings))


def reader_fingerprint(settings: Settings) -> str:
    """Engine, languages, weights and parameters; not the data of languages, which make little difference."""
    parameters = (*COMMON, *(TESSERACT if settings.ocr_engine == "tesseract" else PP_OCR))
    mark = fingerprint_of_values(*parameters, *(fingerprint_of_files(path) for path in _networks(settings)))
    return f"{settings.ocr_engine}-{settings.ocr_languages}@{mark}"


def needs_tesseract(settings: Settings) -> bool:
    """Whether Tesseract must be installed: by itself, or beside PP-OCR for languages whose scripts PP-OCR lacks."""
    return settings.ocr_engine != "rapidocr" or not tokens.readable(settings.ocr_languages, ppocr.SCRIPTS)


def _networks(settings: Settings) -> tuple[Path, ...]:
    if settings.ocr_engine == "tesseract":
        return ()
    return tuple(ppocr.path_of(name) for name in (ppocr.DETECTOR, ppocr.RECOGNISER))
