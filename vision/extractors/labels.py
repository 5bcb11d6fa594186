"""Labels: ImageNet's classes, with names and hypernyms from WordNet."""

import importlib.util
import json
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

import numpy as np

from engine.errors import ConfigurationError
from engine.settings import Settings
from vision.extractor import Extractor, fingerprint_of_files
from vision.extractors import backbone
from vision.image_features import ImageFeatures, Label, Vector
from vision.picture import Picture
from vision.runtime import locked
from vision.wordnet import GENERAL_HYPERNYMS, hypernyms_of, noun, wordnet_folder

MAX_LABELS = 5  # of a picture
MIN_PROBABILITY = 0.02
SYNSETS = Path("data", "_info", "imagenet_synsets.txt")  # in the package timm
NAMES_PER_HYPERNYM = 2  # further names of a hypernym are rare words
Entry = tuple[str, tuple[str, ...], tuple[str, ...]]  # synset, names, names of hypernyms


class LabelsExtractor(Extractor[tuple[Label, ...]]):
    """The most likely classes; probabilities are the softmax of the backbone's logits."""

    name: ClassVar[str] = "labels"
    needs: ClassVar[tuple[str, ...]] = ("backbone",)

    @property
    def fingerprint(self) -> str:
        """The backbone's; names of classes do not depend on its version."""
        return f"{backbone.MODEL}+imagenet1k@{fingerprint_of_files(backbone.weights())}"

    def files(self) -> tuple[Path, ...]:
        """WordNet's nouns."""
        return (wordnet_folder() / "data.noun",)

    def export(self, *, force: bool = False) -> None:
        """Names and hypernyms of the classes, read from WordNet once."""
        classes(self.settings, force=force)

    def _load(self) -> None:
        self._classes = classes(self.settings)

    def _observe(self, pictures: Sequence[Picture], seen: Sequence[ImageFeatures]) -> list[tuple[Label, ...]]:
        return [self._most_likely(softmax(p.backbone.logits)) for p in seen if p.backbone is not None]

    def _most_likely(self, probabilities: Vector) -> tuple[Label, ...]:
        best = np.argsort(-probabilities)[:MAX_LABELS]
        likely = [i for i in best if probabilities[i] >= MIN_PROBABILITY]
        return tuple(self._label(i, float(probabilities[i])) for i in likely)

    def _label(self, index: int, probability: float) -> Label:
        synset, names, hypernyms = self._classes[index]
        return Label(synset, names, hypernyms, probability)


def softmax(logits: Vector) -> Vector:
    """Probabilities [n] of logits [n]."""
    powers = np.exp(logits - logits.max())
    probabilities: Vector = powers / powers.sum()
    return probabilities


def classes(settings: Settings, *, force: bool = False) -> list[Entry]:
    """Synset, names and names of hypernyms of the 1000 classes, in the network's order; read from WordNet once, then cached."""
    cache = settings.home / "cache" / "imagenet-classes.json"
    if force or not cache.exists():
        cache.parent.mkdir(parents=True, exist_ok=True)
        with locked(cache.with_suffix(".lock")):
            if force or not cache.exists():  # another process may have written it meanwhile
                temporary = cache.with_suffix(".tmp")
                temporary.write_text(json.dumps(_read_classes()))
                temporary.replace(cache)
    return [(synset, tuple(names), tuple(hypernyms)) for synset, names, hypernyms in json.loads(cache.read_text())]


def _read_classes() -> list[Entry]:
    return [_entry(synset) for synset in _synsets()]


def _synsets() -> list[str]:
    """Synsets in the order of the network's classes: a file of the package timm, whose import would load torch for it."""
    spec = importlib.util.find_spec("timm")
    if spec is None or spec.origin is None:
        raise ConfigurationError("package timm is missing; run `./omma up` to set up again")
    return (Path(spec.origin).parent / SYNSETS).read_text().split()


def _entry(synset: str) -> Entry:
    found = noun(int(synset[1:]))
    names = (name for hypernym in hypernyms_of(found) for name in hypernym.names[:NAMES_PER_HYPERNYM])
    return synset, found.names, tuple(dict.fromkeys(name for name in names if name not in GENERAL_HYPERNYMS))
