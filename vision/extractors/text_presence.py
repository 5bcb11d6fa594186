"""The gate of OCR: the probability that a picture contains text, from the backbone's features."""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import ClassVar

import numpy as np

from vision.extractor import Extractor, fingerprint_of_files
from vision.extractors import backbone
from vision.image_features import ImageFeatures, Vector, unit
from vision.picture import Picture

WEIGHTS = Path(__file__).parents[1] / "weights" / "text-presence-lite2.npz"


class TextPresenceExtractor(Extractor[float]):
    """Probability, by logistic regression, that Tesseract would read words; `training/text_presence.py` fits it."""

    name: ClassVar[str] = "text_presence"
    needs: ClassVar[tuple[str, ...]] = ("backbone",)

    @property
    def fingerprint(self) -> str:
        """Backbone and head."""
        return f"{backbone.MODEL}+text-presence@{fingerprint_of_files(backbone.weights(), WEIGHTS)}"

    def files(self) -> tuple[Path, ...]:
        """The head, which is part of the repository."""
        return (WEIGHTS,)

    def _observe(self, pictures: Sequence[Picture], seen: Sequence[ImageFeatures]) -> list[float]:
        features = np.stack([p.backbone.features for p in seen if p.backbone is not None])
        return [float(p) for p in probability(features)]


def probability(features: Vector, path: Path = WEIGHTS) -> Vector:
    """Probability of text [n] for features [n, 1280]."""
    weights, bias = head(path)
    chances: Vector = 1 / (1 + np.exp(-(unit(features) @ weights + bias)))
    return chances


@lru_cache(maxsize=2)
def head(path: Path) -> tuple[Vector, float]:
    """Weights [1280] and bias."""
    with np.load(path) as kept:
        return kept["weights"].astype(np.float32), float(kept["bias"])
