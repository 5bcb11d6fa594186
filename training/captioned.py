"""Captioned photos for the joint embedding: features of the photos and vectors of their texts, computed once, then cached."""

import csv
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from engine.errors import ConfigurationError
from engine.settings import Settings
from training.features import Half, cached, features_of
from vision.extractor import fingerprint_of_files, fingerprint_of_values
from vision.extractors import backbone
from vision.image_features import Vector
from vision.sentences import Sentences

CAPTIONS = 5  # of each photo
SHORT = 3  # short texts made of each photo's captions, like queries
WORDS = (2, 5)  # number of words of a short text: from, and fewer than

_LIST = (
    "the and with its his her their from into onto over near while that this there are for has have wearing looking "
    "standing sitting holding two three one some other another front through down next behind around out being who "
    "which"
)
STOP_WORDS = frozenset(_LIST.split())


@dataclass(frozen=True, slots=True)
class Captioned:
    """Names of n photos, their features [n, 1280], and texts [n, 8] with their vectors [n, 8, 384].

    The first five texts of a photo are its captions; the others are a few words of one caption each.
    """

    names: tuple[str, ...]
    photos: Half
    texts: tuple[tuple[str, ...], ...]
    sentences: Half


def captioned(folder: Path, settings: Settings, log: Callable[[str], None] = lambda text: None) -> Captioned:
    """All photos of `folder/flickr8k` that have captions. Raise ConfigurationError if the folder has none."""
    captions = captions_of(folder / "flickr8k")
    names = sorted(captions)
    whole = [text for name in names for text in captions[name]]
    short = [text for place, name in enumerate(names) for text in shortened(captions[name], place)]
    log(f"{len(names)} photos, {len(whole)} captions")
    reader = Sentences(settings)
    sentences = [
        _cached(settings, "sentences", fingerprint_of_values(part, reader.fingerprint), partial(reader.embed, part))
        for part in (whole, short)
    ]
    by_photo = [rows.reshape(len(names), -1, rows.shape[1]) for rows in sentences]
    texts = [(*captions[name], *short[SHORT * place : SHORT * (place + 1)]) for place, name in enumerate(names)]
    paths = [folder / "flickr8k" / "images" / name for name in names]
    mark = fingerprint_of_values(names, fingerprint_of_files(backbone.weights()))
    photos = _cached(settings, "photos", mark, partial(features_of, paths, settings))
    return Captioned(tuple(names), photos, tuple(texts), np.concatenate(by_photo, axis=1))


def captions_of(folder: Path) -> dict[str, list[str]]:
    """Captions by file name of their photo, for photos that exist and have five. Raise ConfigurationError without a list."""
    if not (folder / "captions.csv").exists():
        raise ConfigurationError(f"no captioned photos in {folder}; name the development data by --data")
    existing = {path.name for path in (folder / "images").iterdir()}
    found: dict[str, list[str]] = {}
    with (folder / "captions.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            if row["image"] in existing:
                found.setdefault(row["image"], []).append(row["caption"])
    return {name: captions for name, captions in found.items() if len(captions) == CAPTIONS}


def shortened(captions: Sequence[str], seed: int) -> list[str]:
    """Short texts: a few content words of some captions of one photo, in their order."""
    rng = np.random.default_rng(seed)
    made = []
    for caption in rng.permutation(np.asarray(captions, dtype=object))[:SHORT]:
        words = words_of(caption) or [caption]
        chosen = rng.permutation(len(words))[: rng.integers(*WORDS)]
        made.append(" ".join(words[place] for place in sorted(chosen)))
    return made


def words_of(text: str) -> list[str]:
    """Content words: words of three letters and more that are no stop words."""
    return [word for word in re.findall(r"[a-z]{3,}", text.lower()) if word not in STOP_WORDS]


def _cached(settings: Settings, part: str, mark: str, make: Callable[[], Vector]) -> Half:
    return cached(settings.home / "cache" / f"joint-{part}-{mark}.npy", make)
