"""Local features: SIFT keypoints with visual words and binary signatures, which find the same thing in another picture."""

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

SIDE = 480  # px of the longer side of the copy in which points are detected
MAX_ENLARGEMENT = 2.0  # of a small picture, so that it has points
MAX_POINTS = 600  # of a picture
CONTRAST = 0.01  # threshold of SIFT, below the usual 0.04: drawings and soft pictures have little contrast
OCTAVE_LAYERS = 3
MIN_ALPHA = 128  # of pixels that may have points
METHOD = (SIDE, MAX_ENLARGEMENT, MAX_POINTS, CONTRAST, OCTAVE_LAYERS, MIN_ALPHA)
VOCABULARY_WEIGHTS = Path(__file__).parents[1] / "weights" / "words.npz"


class LocalExtractor(Extractor[Local]):
    """Keypoints with visual words and signatures; none in a picture without texture."""

    name: ClassVar[str] = "local"

    @property
    def fingerprint(self) -> str:
        """Parameters of the detector, and the vocabulary."""
        return f"rootsift@{fingerprint_of_files(VOCABULARY_WEIGHTS)}{fingerprint_of_values(*METHOD)[:4]}"

    def files(self) -> tuple[Path, ...]:
        """The vocabulary, which is part of the repository."""
        return (VOCABULARY_WEIGHTS,)

    def _load(self) -> None:
        load_vocabulary()

    def _observe(self, pictures: Sequence[Picture], seen: Sequence[ImageFeatures]) -> list[Local]:
        return [quantized(describe(picture), load_vocabulary()) for picture in pictures]


@dataclass(frozen=True, slots=True, eq=False)
class Described:
    """Keypoints with RootSIFT descriptors [n, 128]; `points` [n, 2], `sizes` [n] and `angles` [n] are as in `Local`."""

    points: Vector
    sizes: Vector
    angles: Vector
    descriptors: Vector


def describe(picture: Picture) -> Described:
    """The strongest keypoints of a picture, the strongest first."""
    grey, mask = _working_copy(picture)
    found, descriptors = cv2.SIFT.create(MAX_POINTS, OCTAVE_LAYERS, CONTRAST).detectAndCompute(grey, mask)
    if descriptors is None or not found:
        return Described(*(np.zeros(shape, np.float32) for shape in ((0, 2), 0, 0, (0, 128))))
    # SIFT may return more than asked for: a place with several directions counts once for its limit.
    strongest = np.argsort([-point.response for point in found], kind="stable")[:MAX_POINTS]
    height, width = grey.shape
    places = np.array([found[n].pt for n in strongest]) / [width, height]
    return Described(
        points=np.clip(places, 0, 1).astype(np.float32),
        sizes=np.array([found[n].size for n in strongest], dtype=np.float32) / max(width, height),
        angles=np.array([found[n].angle for n in strongest], dtype=np.float32) % 360,
        descriptors=root_sift(np.asarray(descriptors[strongest], dtype=np.float32)),
    )


def _working_copy(picture: Picture) -> tuple[NDArray[np.uint8], NDArray[np.uint8] | None]:
    """Grey levels at the working size, and the mask of pixels that are not transparent, if any are."""
    height, width = picture.pixels.shape[:2]
    factor = min(MAX_ENLARGEMENT, SIDE / max(height, width))
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    way = cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR
    grey = np.asarray(cv2.resize(cv2.cvtColor(picture.pixels, cv2.COLOR_RGB2GRAY), size, interpolation=way), dtype=np.uint8)
    if picture.alpha is None:
        return grey, None
    alpha = np.asarray(cv2.resize(picture.alpha, size, interpolation=way), dtype=np.uint8)
    return grey, (255 * (alpha >= MIN_ALPHA)).astype(np.uint8)


def root_sift(descriptors: NDArray[np.float32]) -> Vector:
    """RootSIFT of SIFT descriptors [n, 128] (Arandjelovic and Zisserman 2012): unit length, compared by Hellinger's kernel."""
    shares = descriptors / np.maximum(descriptors.sum(axis=1, keepdims=True), 1e-7)
    return np.asarray(np.sqrt(shares), dtype=np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Vocabulary:
    """Visual words: a reduction of descriptors, centres of words, and planes of signatures.

    mean [128], directions [128, d] (principal components), centres [words, d], bits [d, bits] (normals of the planes).
    """

    mean: Vector
    directions: Vector
    centres: Vector
    bits: Vector
    nearness: Vector  # [d + 1, words]: (descriptor, 1) @ nearness is greatest for the nearest centre

    @classmethod
    def of(cls, mean: Vector, directions: Vector, centres: Vector, bits: Vector) -> "Vocabulary":
        """The vocabulary, with `nearness` computed."""
        lengths = -0.5 * (centres**2).sum(axis=1, keepdims=True)
        nearness = np.ascontiguousarray(np.hstack([centres, lengths]).T, dtype=np.float32)
        return cls(mean, directions, centres, bits, nearness)

    def reduced(self, descriptors: Vector) -> Vector:
        """Descriptors [n, 128] in principal components [n, d]."""
        return np.asarray((descriptors - self.mean) @ self.directions, dtype=np.float32)

    def words(self, reduced: Vector, nearest: int = 1) -> NDArray[np.int32]:
        """Indices of the nearest centres [n, nearest], the nearest first."""
        closeness = np.hstack([reduced, np.ones((len(reduced), 1), np.float32)]) @ self.nearness
        found = np.empty((len(reduced), nearest), dtype=np.int32)
        for at in range(nearest):  # taking the maximum a few times is cheaper than sorting thousands
            found[:, at] = closeness.argmax(axis=1)
            closeness[np.arange(len(found)), found[:, at]] = -np.inf
        return found

    def codes(self, reduced: Vector) -> NDArray[np.uint8]:
        """Signatures [n, bits / 8]: each bit is the side of a plane on which the descriptor lies."""
        return np.packbits(reduced @ self.bits > 0, axis=1)


def quantized(described: Described, known: Vocabulary) -> Local:
    """Keypoints with visual words and signatures instead of descriptors."""
    reduced = known.reduced(described.descriptors)
    return Local(described.points, described.sizes, described.angles, known.words(reduced)[:, 0], known.codes(reduced))


@lru_cache(maxsize=2)
def load_vocabulary(path: Path = VOCABULARY_WEIGHTS) -> Vocabulary:
    """The vocabulary of a file, by default the one in the repository."""
    with np.load(path) as kept:
        centres = (kept["centres"].astype(np.float32) - 128) * np.float32(kept["step"])
        return Vocabulary.of(
            kept["mean"].astype(np.float32), kept["directions"].astype(np.float32), centres, kept["bits"].astype(np.float32)
        )


def save_vocabulary(path: Path, known: Vocabulary) -> None:
    """Write centres as bytes with one scale, the rest in half precision."""
    step = float(np.abs(known.centres).max()) / 127
    np.savez_compressed(
        path,
        centres=(np.round(known.centres / step) + 128).astype(np.uint8),
        step=np.float32(step),
        mean=known.mean.astype(np.float16),
        directions=known.directions.astype(np.float16),
        bits=known.bits.astype(np.float16),
    )
