"""A feature extractor without models: its outputs depend only on the image's id."""

from collections.abc import Collection, Sequence

import numpy as np

from vision.feature_extractor import FeatureExtractor
from vision.image_features import Box, Colour, ImageFeatures, Label, Line, Object, Text, Word
from vision.picture import Picture

FINGERPRINTS = {
    name: f"{name}-test@1"
    for name in (
        "backbone",
        "centre",
        "embedding",
        "products",
        "joint",
        "labels",
        "objects",
        "text_presence",
        "text",
        "colours",
        "phash",
        "local",
    )
}


def unit(seed: int, size: int = 256) -> np.ndarray:
    vector = np.random.default_rng(seed).normal(size=size).astype(np.float32)
    return vector / np.linalg.norm(vector)


def image_features_of(picture_id: str, width: int = 64, height: int = 48) -> ImageFeatures:
    seed = int(picture_id[:8], 16)
    box = Box(0.1, 0.1, 0.5, 0.5)
    return ImageFeatures(
        picture_id=picture_id, width=width, height=height, embedding=unit(seed), products=unit(seed + 3), joint=unit(seed + 2),
        labels=(Label("n02084071", ("dog",), ("animal",), 0.8),), objects=(Object("dog", 0.9, box, unit(seed + 1)),),
        text_presence=0.9, text=Text((Line((Word("SALE", 0.9, box),)),)), colours=(Colour("red", (200, 10, 10), 1.0),),
        phash=seed,
    )  # fmt: skip


class TestFeatureExtractor(FeatureExtractor):
    """Makes outputs from image ids; it has no extractors."""

    __test__ = False

    def __init__(self) -> None:
        super().__init__([])
        self.batch_sizes: list[int] = []

    def extract(self, pictures: Sequence[Picture], extractors: Collection[str] | None = None) -> list[ImageFeatures]:
        self.batch_sizes.append(len(pictures))
        return [image_features_of(picture.id, picture.width, picture.height) for picture in pictures]

    def fingerprints(self) -> dict[str, str]:
        return dict(FINGERPRINTS)

    def dimensions(self) -> dict[str, int]:
        return {"embedding": 256, "products": 256, "joint": 256, "objects": 256}

    def encode_text(self, texts: Sequence[str]) -> np.ndarray:
        return np.stack([unit(sum(text.encode())) for text in texts])

    def understands(self, text: str, language: str = "") -> bool:
        return language in ("", "en")

    def min_agreement(self) -> float | None:
        return None

    def warm_up(self, extractors: Collection[str] | None = None) -> None:
        pass
