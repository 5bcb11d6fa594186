"""The joint space of pictures and words: one sense looks at pictures, and the same object reads texts."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import ClassVar

from vision.perception import Vector
from vision.sense import Sense


class Joint(Sense):
    """A picture to a unit vector of a space in which texts lie, too: what both are about brings them near each other.

    The fingerprint covers both ways into the space. The part that reads is loaded on the first text and the part that looks on
    the first picture, so that words alone wait for no picture model.
    """

    name: ClassVar[str] = "joint"
    least_agreement: float | None = None  # cosine under which a text is unlikely to be about a picture, where it was measured

    @abstractmethod
    def read(self, texts: Sequence[str]) -> Vector:
        """Unit vectors [n, d] of texts; thread-safe. ConfigurationError where the model cannot be had."""

    @abstractmethod
    def understands(self, text: str, language: str = "") -> bool:
        """Whether `read` makes sense of a text; `language` is BCP 47, or empty where nobody told."""
