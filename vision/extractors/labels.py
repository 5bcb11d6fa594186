"""Labels: ImageNet's classes, with names and hypernyms from WordNet."""

import importlib.util
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, ClassVar

import numpy as np

from engine.errors import ConfigurationError
from engine.settings import Settings
from vision.extractor import Extractor, fingerprint_of_files
from vision.extractors import backbone
from vision.image_features import ImageFeatures, Label, Vector
from vision.picture import Picture
from vision.runtime import locked

MAX_LABELS = 5  # of a picture
MIN_PROBABILITY = 0.02
WORDNET_FOLDERS = (Path("/usr/share/wordnet"), Path("/usr/share/wordnet/dict"), Path("/usr/local/share/wordnet"))
SYNSETS = Path("data", "_info", "imagenet_synsets.txt")  # in the package timm
NAMES_PER_HYPERNYM = 2  # further names of a hypernym are rare words
# Hypernyms that are too general to describe a picture.
GENERAL_HYPERNYMS = {
    "entity", "physical entity", "abstraction", "object", "whole", "matter", "causal agent", "thing", "unit", "artifact",
    "instrumentality", "organism", "living thing", "psychological feature", "abstract entity", "physical object",
    "artefact", "being", "animate thing", "instrumentation", "group", "grouping", "substance", "part", "relation",
}  # fmt: skip
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
    with (wordnet_folder() / "data.noun").open("rb") as nouns:
        return [_entry(nouns, synset) for synset in _synsets()]


def _synsets() -> list[str]:
    """Synsets in the order of the network's classes: a file of the package timm, whose import would load torch for it."""
    spec = importlib.util.find_spec("timm")
    if spec is None or spec.origin is None:
        raise ConfigurationError("package timm is missing; run `./omma up` to set up again")
    return (Path(spec.origin).parent / SYNSETS).read_text().split()


def _entry(nouns: BinaryIO, synset: str) -> Entry:
    found = synset_at(nouns, int(synset[1:]))
    names = (name for hypernym in hypernyms_of(nouns, found) for name in hypernym.names[:NAMES_PER_HYPERNYM])
    return synset, found.names, tuple(dict.fromkeys(name for name in names if name not in GENERAL_HYPERNYMS))


@dataclass(frozen=True, slots=True)
class Synset:
    """Names of a synset, the offsets of its hypernyms, and the number of its subject (05 animals, 06 artefacts, ...)."""

    names: tuple[str, ...]
    hypernyms: tuple[int, ...]
    subject: str = ""


def wordnet_folder() -> Path:
    """The folder of WordNet's files. Raise ConfigurationError if it is not installed."""
    for folder in WORDNET_FOLDERS:
        if (folder / "data.noun").exists():
            return folder
    raise ConfigurationError("WordNet is missing; install the package wordnet-base")


def synset_at(nouns: BinaryIO, offset: int) -> Synset:
    """The synset at a byte offset; a line is `offset file type count (word id)* pointers (symbol offset ...)* | gloss`."""
    nouns.seek(offset)
    parts = nouns.readline().decode("ascii").partition(" | ")[0].split()
    count = int(parts[3], 16)
    names = tuple(word.replace("_", " ") for word in parts[4 : 4 + 2 * count : 2])
    pointers = parts[5 + 2 * count :]
    # Four columns per pointer; `@` is a hypernym, `@i` the class of an instance.
    hypernyms = tuple(int(pointers[i + 1]) for i in range(0, len(pointers) - 3, 4) if pointers[i] in {"@", "@i"})
    return Synset(names, hypernyms, parts[1])


def hypernyms_of(nouns: BinaryIO, synset: Synset) -> Iterator[Synset]:
    """All hypernyms, nearest first, each once."""
    waiting, seen = list(synset.hypernyms), set()
    while waiting:
        offset = waiting.pop(0)
        if offset not in seen:
            seen.add(offset)
            found = synset_at(nouns, offset)
            yield found
            waiting += found.hypernyms
