"""The joint embedding of the profile `hub`: the image model's own space, into which its text tower, or another, reads."""

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from engine.errors import ConfigurationError
from engine.settings import Settings
from vision import fingerprints
from vision.extractor import HUB
from vision.hub.embedding import HubEmbedding
from vision.hub.texts import HubTexts
from vision.image_features import ImageFeatures, Vector
from vision.joint import Joint
from vision.picture import Picture


class HubJoint(Joint):
    """What the image tower saw, once more: it has looked already, as the embedding."""

    name: ClassVar[str] = "joint"
    variant: ClassVar[str] = HUB
    needs: ClassVar[tuple[str, ...]] = ("embedding",)
    borrows: ClassVar[tuple[str, ...]] = ("embedding",)

    def __init__(self, settings: Settings, embedding: HubEmbedding) -> None:
        """`embedding` looks at the pictures."""
        super().__init__(settings)
        self._pictures, self._texts = embedding, HubTexts(settings)

    @property
    def dimension(self) -> int:  # type: ignore[override]
        """Length of the vectors."""
        return self._pictures.dimension

    @property
    def fingerprint(self) -> str:
        """Image tower and text tower."""
        mark = fingerprints.of_values(self._pictures.fingerprint, self._texts.fingerprint)
        return f"{self._pictures.fingerprint.partition('@')[0]}+text@{mark}"

    def files(self) -> tuple[Path, ...]:
        """The weights of local folders."""
        return tuple(dict.fromkeys((*self._pictures.files(), *self._texts.files())))

    def export(self, *, force: bool = False) -> None:
        """The text tower as ONNX, made once."""
        self._texts.export(force=force)

    def _observe(self, pictures: Sequence[Picture], seen: Sequence[ImageFeatures]) -> list[Vector]:
        return [f.embedding for f in seen if f.embedding is not None]

    def encode_text(self, texts: Sequence[str]) -> Vector:
        """Unit vectors [n, d]; ConfigurationError for a text tower of another space."""
        vectors = self._texts.encode_text(texts)
        if len(vectors) and vectors.shape[1] != self.dimension:
            raise ConfigurationError(
                f"texts have {vectors.shape[1]} dimensions and pictures {self.dimension}: OMMA_JOINT_MODEL and "
                "OMMA_EMBEDDING_MODEL do not belong together"
            )
        return vectors

    def understands(self, text: str, language: str = "") -> bool:
        """Whatever has letters: what languages a public model knows is not written in it."""
        return any(letter.isalpha() for letter in text)
