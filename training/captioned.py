"""Captioned photos as networks see and read them, for the joint embedding: once per state of the networks, then cached."""

import csv
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.errors import ConfigurationError
from engine.settings import Settings
from training.features import features_of
from vision.extractor import fingerprint_of_files, fingerprint_of_values
from vision.extractors import backbone
from vision.image_features import Vector
from vision.sentences import Sentences

Half = NDArray[np.float16]
CAPTIONS = 5  # of each photo
SHORT = 3  # texts of a few words that are made of each photo's captions, as people ask
WORDS = (2, 5)  # of a short text: from, and fewer than

_LIST = (
    "the and with its his her their from into onto over near while that this there are for has have wearing looking "
    "standing sitting holding two three one some other another front through down next behind around out being who "
    "which"
)
STOP = frozenset(_LIST.split())


@dataclass(frozen=True, slots=True)
class Captioned:
    """Photos by name, their features [n, 1280], and texts [n, 8] with their vectors [n, 8, 384].

    The first five texts of a photo are its captions, the others a few words of them.
    """

    names: tuple[str, ...]
    photos: Half
    texts: tuple[tuple[str, ...], ...]
    sentences: Half


def captioned(folder: Path, settings: Settings, tell: Callable[[str], None] = lambda text: None) -> Captioned:
    """All photos of Flickr8k below `folder/flickr8k` that have captions; ConfigurationError where they are missing."""
    captions = captions_of(folder / "flickr8k")
    names = sorted(captions)
    whole = [text for name in names for text in captions[name]]
    short = [text for place, name in enumerate(names) for text in shortened(captions[name], place)]
    tell(f"{len(names)} photos, {len(whole)} captions")
    reader = Sentences(settings)
    sentences = [
        _kept(settings, "sentences", fingerprint_of_values(texts, reader.fingerprint), partial(reader.embed, texts))
        for texts in (whole, short)
    ]
    by_photo = [rows.reshape(len(names), -1, rows.shape[1]) for rows in sentences]
    told = [(*captions[name], *short[SHORT * place : SHORT * (place + 1)]) for place, name in enumerate(names)]
    paths = [folder / "flickr8k" / "images" / name for name in names]
    mark = fingerprint_of_values(names, fingerprint_of_files(backbone.weights()))
    photos = _kept(settings, "photos", mark, partial(features_of, paths, settings))
    return Captioned(tuple(names), photos, tuple(told), np.concatenate(by_photo, axis=1))


def captions_of(folder: Path) -> dict[str, list[str]]:
    """Five captions by the name of their photo, of the photos that are there."""
    if not (folder / "captions.csv").exists():
        raise ConfigurationError(f"no captioned photos in {folder}; name the development data by --data")
    there = {path.name for path in (folder / "images").iterdir()}
    found: dict[str, list[str]] = {}
    with (folder / "captions.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            if row["image"] in there:
                found.setdefault(row["image"], []).append(row["caption"])
    return {name: captions for name, captions in found.items() if len(captions) == CAPTIONS}


def shortened(captions: Sequence[str], seed: int) -> list[str]:
    """A few telling words of some captions of one photo, in their order."""
    rng = np.random.default_rng(seed)
    made = []
    for caption in rng.permutation(np.asarray(captions, dtype=object))[:SHORT]:
        words = words_of(caption) or [caption]
        chosen = rng.permutation(len(words))[: rng.integers(*WORDS)]
        made.append(" ".join(words[place] for place in sorted(chosen)))
    return made


def words_of(text: str) -> list[str]:
    """Words that say what is seen."""
    return [word for word in re.findall(r"[a-z]{3,}", text.lower()) if word not in STOP]


def _kept(settings: Settings, part: str, mark: str, made: Callable[[], Vector]) -> Half:
    """An array from the cache, made where it is not there, in half precision."""
    path = settings.home / "cache" / f"joint-{part}-{mark}.npy"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_suffix(".tmp.npy")
        np.save(temporary, made().astype(np.float16))
        temporary.replace(path)
    kept: Half = np.load(path)
    return kept
