"""Labels: ImageNet's classes with their WordNet names and hypernyms."""

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

import numpy as np

from vision import fingerprints
from vision.extractor import Extractor
from vision.extractors import backbone
from vision.image_features import ImageFeatures, Label, Vector
from vision.picture import Picture
from vision.wordnet import classes, dictionary

MOST = 5
FAINTEST = 0.02


class LabelsExtractor(Extractor[tuple[Label, ...]]):
    """The likeliest classes; probabilities are the softmax of the network's logits."""

    name: ClassVar[str] = "labels"
    needs: ClassVar[tuple[str, ...]] = ("backbone",)

    @property
    def fingerprint(self) -> str:
        """The network's; names are the same for every version of it."""
        return f"{backbone.MODEL}+imagenet1k@{fingerprints.of_files(backbone.weights())}"

    def files(self) -> tuple[Path, ...]:
        """WordNet's nouns."""
        return (dictionary() / "data.noun",)

    def export(self, *, force: bool = False) -> None:
        """Names and hypernyms of the classes, looked up once."""
        classes(self.settings, force=force)

    def _load(self) -> None:
        self._classes = classes(self.settings)

    def _observe(self, pictures: Sequence[Picture], seen: Sequence[ImageFeatures]) -> list[tuple[Label, ...]]:
        return [self._likeliest(softmax(p.backbone.logits)) for p in seen if p.backbone is not None]

    def _likeliest(self, probabilities: Vector) -> tuple[Label, ...]:
        best = np.argsort(-probabilities)[:MOST]
        sure = [i for i in best if probabilities[i] >= FAINTEST]
        return tuple(self._label(i, float(probabilities[i])) for i in sure)

    def _label(self, index: int, probability: float) -> Label:
        synset, names, hypernyms = self._classes[index]
        return Label(synset, names, hypernyms, probability)


def softmax(logits: Vector) -> Vector:
    """Probabilities [n] of logits [n]."""
    powers = np.exp(logits - logits.max())
    probabilities: Vector = powers / powers.sum()
    return probabilities
