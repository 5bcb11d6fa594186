"""The packaged joint embedding: a tower on the backbone's features and one on sentence vectors (`training/joint.py`).

Both models are frozen, as in DeViSE (Frome et al. 2013); the towers are fitted on captioned photos with the loss of CLIP
(Radford et al. 2021).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import ClassVar

import numpy as np

from engine.settings import Settings
from vision.extractor import Joint, fingerprint_of_files
from vision.extractors import backbone
from vision.image_features import ImageFeatures, Vector, unit
from vision.picture import Picture
from vision.sentences import MODEL, Sentences, package

ENGLISH = "en"
MIN_AGREEMENT = "least_agreement"  # name of `min_agreement` in the file of weights
WEIGHTS = Path(__file__).parents[1] / "weights" / "joint-lite2.npz"


@dataclass(frozen=True, slots=True)
class Tower:
    """The sum of a linear map and a network of one hidden layer.

    mean [p], direct [p, d], bias [d], inner [p, h], inner_bias [h], outer [h, d]; h is 0 without a hidden layer.
    """

    mean: Vector
    direct: Vector
    bias: Vector
    inner: Vector
    inner_bias: Vector
    outer: Vector

    def encode(self, rows: Vector) -> Vector:
        """Rows [n, p] to unit vectors [n, d]."""
        centred: Vector = rows - self.mean
        hidden = np.maximum(centred @ self.inner + self.inner_bias, 0)
        mapped: Vector = (centred @ self.direct + self.bias + hidden @ self.outer).astype(np.float32)
        return unit(mapped)


class JointExtractor(Joint):
    """Backbone features through the image tower, sentence vectors through the text tower."""

    name: ClassVar[str] = "joint"
    needs: ClassVar[tuple[str, ...]] = ("backbone",)

    def __init__(self, settings: Settings) -> None:
        """Load nothing yet."""
        super().__init__(settings)
        self._sentences = Sentences(settings)

    @property
    def dimension(self) -> int:  # type: ignore[override]
        """Length of the vectors."""
        return len(towers(WEIGHTS)[0].bias)

    @property
    def fingerprint(self) -> str:
        """Backbone, sentence model and both towers."""
        mark = fingerprint_of_files(backbone.weights(), package(), WEIGHTS)
        return f"{backbone.MODEL}+{MODEL}+joint{self.dimension}@{mark}"

    def files(self) -> tuple[Path, ...]:
        """The towers, which are part of the repository, and the sentence model."""
        return (WEIGHTS, package())

    def export(self, *, force: bool = False) -> None:
        """The sentence model as ONNX, written once per machine."""
        self._sentences.export(force=force)

    def _observe(self, pictures: Sequence[Picture], seen: Sequence[ImageFeatures]) -> list[Vector]:
        features = np.stack([p.backbone.features for p in seen if p.backbone is not None])
        return list(towers(WEIGHTS)[0].encode(backbone.square_root(features)))

    def encode_text(self, texts: Sequence[str]) -> Vector:
        """Unit vectors [n, d] of English texts."""
        return towers(WEIGHTS)[1].encode(self._sentences.embed(texts))

    def understands(self, text: str, language: str = "") -> bool:
        """Whether a text is English, and likely so by its words."""
        return language.partition("-")[0] in ("", ENGLISH) and self._sentences.knows(text)

    @property
    def min_agreement(self) -> float | None:  # type: ignore[override]
        """The threshold measured for these towers."""
        with np.load(WEIGHTS) as kept:
            return float(kept[MIN_AGREEMENT])


@lru_cache(maxsize=2)
def towers(path: Path) -> tuple[Tower, Tower]:
    """The image tower and the text tower of a file."""
    with np.load(path) as kept:
        parts = {name: kept[name].astype(np.float32) for name in kept.files if name != MIN_AGREEMENT}
    image, text = (
        Tower(**{name.removeprefix(f"{side}_"): part for name, part in parts.items() if name.startswith(f"{side}_")})
        for side in ("picture", "text")
    )
    return image, text
