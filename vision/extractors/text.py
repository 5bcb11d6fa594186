"""Text: what can be read in the picture, word by word."""

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from vision import fingerprints
from vision.extractor import Extractor
from vision.extractors import text_presence
from vision.image_features import ImageFeatures, Text
from vision.picture import Picture
from vision.reading import reader

NOTHING = Text()


class TextExtractor(Extractor[Text]):
    """Lines of words with boxes and confidence. Not asked where there is no text to expect."""

    name: ClassVar[str] = "text"
    gate: ClassVar[str | None] = "text_presence"
    _reader: reader.Reader

    @property
    def fingerprint(self) -> str:
        """The reader, and the gate."""
        gate = fingerprints.of_files(text_presence.WEIGHTS)
        return f"{reader.fingerprint(self.settings)}+gate{self.settings.text_threshold:g}@{gate}"

    def files(self) -> tuple[Path, ...]:
        """Programs and networks; ConfigurationError where one of them, or a language, is not installed."""
        return reader.files(self.settings)

    def _load(self) -> None:
        self._reader = reader.reader_of(self.settings)

    def _observe(self, pictures: Sequence[Picture], seen: Sequence[ImageFeatures]) -> list[Text]:
        return [self.read(picture) if self._expected(p) else NOTHING for picture, p in zip(pictures, seen, strict=True)]

    def _expected(self, seen: ImageFeatures) -> bool:
        return seen.text_presence is None or seen.text_presence >= self.settings.text_threshold

    def read(self, picture: Picture) -> Text:
        """The text of one picture, whatever the gate says of it."""
        with self.in_use():
            return self._reader.read(picture)
