"""Local descriptors: keypoints with visual words, by which the same thing is found again in another picture."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import ClassVar

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.extractor import Extractor, fingerprint_of_files, fingerprint_of_values
from vision.image_features import ImageFeatures, Local, Vector
from vision.picture import Picture

VOCABULARY_WEIGHTS = Path(__file__).parents[1] / "weights" / "words.npz"


@dataclass(frozen=True, slots=True, eq=False)
class Vocabulary:
    """Mean [128] and principal directions [128, d]; centres [words, d]; directions of the signature's bits [d, bits]."""

    mean: Vector
    directions: Vector
    centres: Vector
    bits: Vector
    nearness: Vector  # [d + 1, words]: times (descriptor, 1), greatest for the nearest centre

    @classmethod
    def of(cls, mean: Vector, directions: Vector, centres: Vector, bits: Vector) -> "Vocabulary":
        """With what is computed once."""
        lengths = -0.5 * (centres**2).sum(axis=1, keepdims=True)
        nearness = np.ascontiguousarray(np.hstack([centres, lengths]).T, dtype=np.float32)
        return cls(mean, directions, centres, bits, nearness)

    def reduced(self, descriptors: Vector) -> Vector:
        """RootSIFT [n, 128] as [n, d]."""
        return np.asarray((descriptors - self.mean) @ self.directions, dtype=np.float32)

    def words(self, reduced: Vector, nearest: int = 1) -> NDArray[np.int32]:
        """Numbers of the nearest centres [n, nearest], the nearest first."""
        closeness = np.hstack([reduced, np.ones((len(reduced), 1), np.float32)]) @ self.nearness
        found = np.empty((len(reduced), nearest), dtype=np.int32)
        for at in range(nearest):  # a few times the greatest is far cheaper than sorting thousands
            found[:, at] = closeness.argmax(axis=1)
            closeness[np.arange(len(found)), found[:, at]] = -np.inf
        return found

    def codes(self, reduced: Vector) -> NDArray[np.uint8]:
        """Signatures [n, bits / 8]: on which side of each bit's plane a descriptor lies."""
        return np.packbits(reduced @ self.bits > 0, axis=1)


@lru_cache(maxsize=2)
def load_vocabulary(path: Path = VOCABULARY_WEIGHTS) -> Vocabulary:
    """The vocabulary that the repository ships; centres are kept as bytes of one scale."""
    with np.load(path) as kept:
        centres = (kept["centres"].astype(np.float32) - 128) * np.float32(kept["step"])
        return Vocabulary.of(
            kept["mean"].astype(np.float32), kept["directions"].astype(np.float32), centres, kept["bits"].astype(np.float32)
        )


def save_vocabulary(path: Path, known: Vocabulary) -> None:
    """Centres in bytes, the rest in half precision."""
    step = float(np.abs(known.centres).max()) / 127
    np.savez_compressed(
        path,
        centres=(np.round(known.centres / step) + 128).astype(np.uint8),
        step=np.float32(step),
        mean=known.mean.astype(np.float16),
        directions=known.directions.astype(np.float16),
        bits=known.bits.astype(np.float16),
    )


SIDE = 480  # px of the longer side of what is looked at
GROWTH = 2.0  # by which a small picture is made larger at most, so that it has points of its own
MOST = 600  # points of one picture
CONTRAST = 0.01  # below SIFT's usual .04: drawings and soft pictures have little
OCTAVE_LAYERS = 3
OPAQUE = 128
METHOD = (SIDE, GROWTH, MOST, CONTRAST, OCTAVE_LAYERS, OPAQUE)


@dataclass(frozen=True, slots=True, eq=False)
class Described:
    """Points as SIFT gives them: `points` [n, 2], `sizes` [n] and `angles` [n] as in `Local`, `descriptors` [n, 128]."""

    points: Vector
    sizes: Vector
    angles: Vector
    descriptors: Vector


class LocalExtractor(Extractor[Local]):
    """Points where something is to be seen, their visual words and signatures; none where the picture is even."""

    name: ClassVar[str] = "local"

    @property
    def fingerprint(self) -> str:
        """How points are found, and the vocabulary."""
        return f"rootsift@{fingerprint_of_files(VOCABULARY_WEIGHTS)}{fingerprint_of_values(*METHOD)[:4]}"

    def files(self) -> tuple[Path, ...]:
        """The vocabulary, which the repository ships."""
        return (VOCABULARY_WEIGHTS,)

    def _load(self) -> None:
        load_vocabulary()

    def _observe(self, pictures: Sequence[Picture], seen: Sequence[ImageFeatures]) -> list[Local]:
        return [named(describe(picture), load_vocabulary()) for picture in pictures]


def named(described: Described, known: Vocabulary) -> Local:
    """Points with words and signatures in place of descriptors."""
    reduced = known.reduced(described.descriptors)
    return Local(described.points, described.sizes, described.angles, known.words(reduced)[:, 0], known.codes(reduced))


def describe(picture: Picture) -> Described:
    """The strongest points of a picture."""
    grey, mask = _working_copy(picture)
    found, descriptors = cv2.SIFT.create(MOST, OCTAVE_LAYERS, CONTRAST).detectAndCompute(grey, mask)
    if descriptors is None or not found:
        return Described(*(np.zeros(shape, np.float32) for shape in ((0, 2), 0, 0, (0, 128))))
    # Of points at one place with several directions SIFT may give more than were asked for.
    strongest = np.argsort([-point.response for point in found], kind="stable")[:MOST]
    height, width = grey.shape
    places = np.array([found[n].pt for n in strongest]) / [width, height]
    return Described(
        points=np.clip(places, 0, 1).astype(np.float32),
        sizes=np.array([found[n].size for n in strongest], dtype=np.float32) / max(width, height),
        angles=np.array([found[n].angle for n in strongest], dtype=np.float32) % 360,
        descriptors=root(np.asarray(descriptors[strongest], dtype=np.float32)),
    )


def root(descriptors: NDArray[np.float32]) -> Vector:
    """RootSIFT of SIFT [n, 128]: of unit length, so that Euclidean distance compares by Hellinger's kernel."""
    shares = descriptors / np.maximum(descriptors.sum(axis=1, keepdims=True), 1e-7)
    return np.asarray(np.sqrt(shares), dtype=np.float32)


def _working_copy(picture: Picture) -> tuple[NDArray[np.uint8], NDArray[np.uint8] | None]:
    """Grey levels at the working size, and where something is that is not see-through."""
    height, width = picture.pixels.shape[:2]
    factor = min(GROWTH, SIDE / max(height, width))
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    way = cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR
    grey = np.asarray(cv2.resize(cv2.cvtColor(picture.pixels, cv2.COLOR_RGB2GRAY), size, interpolation=way), dtype=np.uint8)
    if picture.alpha is None:
        return grey, None
    alpha = np.asarray(cv2.resize(picture.alpha, size, interpolation=way), dtype=np.uint8)
    return grey, (255 * (alpha >= OPAQUE)).astype(np.uint8)
