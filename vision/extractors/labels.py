"""Labels: ImageNet's classes with their WordNet names and hypernyms."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, ClassVar

import numpy as np

from engine.errors import ConfigurationError
from engine.settings import Settings
from vision.extractor import Extractor, fingerprint_of_files
from vision.extractors import backbone
from vision.image_features import ImageFeatures, Label, Vector
from vision.picture import Picture
from vision.runtime import locked

DICTIONARIES = (Path("/usr/share/wordnet"), Path("/usr/share/wordnet/dict"), Path("/usr/local/share/wordnet"))
NAMES_OF_A_KIND = 2  # further names of a hypernym are rare words
# Hypernyms so general that they say nothing of a picture.
EMPTY_KINDS = {
    "entity", "physical entity", "abstraction", "object", "whole", "matter", "causal agent", "thing", "unit", "artifact",
    "instrumentality", "organism", "living thing", "psychological feature", "abstract entity", "physical object",
    "artefact", "being", "animate thing", "instrumentation", "group", "grouping", "substance", "part", "relation",
}  # fmt: skip
Entry = tuple[str, tuple[str, ...], tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Synset:
    """Names of a concept, and the offsets of its hypernyms."""

    names: tuple[str, ...]
    hypernyms: tuple[int, ...]


def classes(settings: Settings, *, force: bool = False) -> list[Entry]:
    """Synset, names and hypernyms' names of each of the 1000 classes, in the network's order; read once, then cached."""
    cache = settings.home / "cache" / "imagenet-classes.json"
    if force or not cache.exists():
        cache.parent.mkdir(parents=True, exist_ok=True)
        with locked(cache.with_suffix(".lock")):
            temporary = cache.with_suffix(".tmp")
            temporary.write_text(json.dumps(_read()))
            temporary.replace(cache)
    return [(synset, tuple(names), tuple(kinds)) for synset, names, kinds in json.loads(cache.read_text())]


def dictionary() -> Path:
    """The folder of WordNet's files; ConfigurationError where it is not installed."""
    for folder in DICTIONARIES:
        if (folder / "data.noun").exists():
            return folder
    raise ConfigurationError("WordNet is missing; install the package wordnet-base")


def _read() -> list[Entry]:
    with (dictionary() / "data.noun").open("rb") as nouns:
        return [_entry(nouns, synset) for synset in _order()]


def _order() -> list[str]:
    """Synsets in the order of the network's classes."""
    from timm.data.imagenet_info import ImageNetInfo  # noqa: PLC0415  (imports torch; only until the cache is there)

    info: Any = ImageNetInfo
    return [str(synset) for synset in info("imagenet-1k").label_names()]


def _entry(nouns: BinaryIO, synset: str) -> Entry:
    found = synset_at(nouns, int(synset[1:]))
    kinds = (name for kind in above(nouns, found) for name in kind.names[:NAMES_OF_A_KIND])
    return synset, found.names, tuple(dict.fromkeys(name for name in kinds if name not in EMPTY_KINDS))


def synset_at(nouns: BinaryIO, offset: int) -> Synset:
    """The synset of the line at that offset: `offset file type count (word id)* pointers (symbol offset ...)* | gloss`."""
    nouns.seek(offset)
    parts = nouns.readline().decode("ascii").partition(" | ")[0].split()
    count = int(parts[3], 16)
    names = tuple(word.replace("_", " ") for word in parts[4 : 4 + 2 * count : 2])
    pointers = parts[5 + 2 * count :]
    # Four columns per pointer; `@` is a hypernym, `@i` the class of an instance.
    above_it = tuple(int(pointers[i + 1]) for i in range(0, len(pointers) - 3, 4) if pointers[i] in {"@", "@i"})
    return Synset(names, above_it)


def above(nouns: BinaryIO, synset: Synset) -> Iterator[Synset]:
    """Hypernyms, nearest first, each once."""
    waiting, met = list(synset.hypernyms), set()
    while waiting:
        offset = waiting.pop(0)
        if offset not in met:
            met.add(offset)
            found = synset_at(nouns, offset)
            yield found
            waiting += found.hypernyms


MOST = 5
FAINTEST = 0.02


class LabelsExtractor(Extractor[tuple[Label, ...]]):
    """The likeliest classes; probabilities are the softmax of the network's logits."""

    name: ClassVar[str] = "labels"
    needs: ClassVar[tuple[str, ...]] = ("backbone",)

    @property
    def fingerprint(self) -> str:
        """The network's; names are the same for every version of it."""
        return f"{backbone.MODEL}+imagenet1k@{fingerprint_of_files(backbone.weights())}"

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
