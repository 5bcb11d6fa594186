"""The joint embedding of pictures and words: one extractor looks at pictures, and the same object reads texts."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import ClassVar

from vision.extractor import Extractor
from vision.image_features import Vector


class Joint(Extractor[Vector]):
    """A picture to a unit vector of a space in which texts lie, too: what both are about brings them near each other.

    The fingerprint covers both ways into the space. The part that reads is loaded on the first text and the part that looks on
    the first picture, so that words alone wait for no picture model.
    """

    name: ClassVar[str] = "joint"
    min_agreement: float | None = None  # cosine under which a text is unlikely to be about a picture, where it was measured

    @abstractmethod
    def encode_text(self, texts: Sequence[str]) -> Vector:
        """Unit vectors [n, d] of texts; thread-safe. ConfigurationError where the model cannot be had."""

    @abstractmethod
    def understands(self, text: str, language: str = "") -> bool:
        """Whether `encode_text` makes sense of a text; `language` is BCP 47, or empty where nobody told."""
