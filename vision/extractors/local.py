"""Local descriptors: points with what is around them, by which the same thing is found again in another picture.

SIFT (Lowe 2004) with the square root of its normalised histograms (RootSIFT: Arandjelovic and Zisserman 2012).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import cv2
import numpy as np
from numpy.typing import NDArray

from vision import fingerprints, vocabulary
from vision.extractor import Extractor
from vision.image_features import ImageFeatures, Local, Vector
from vision.picture import Picture
from vision.vocabulary import Vocabulary

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
        return f"rootsift@{fingerprints.of_files(vocabulary.WEIGHTS)}{fingerprints.of_values(*METHOD)[:4]}"

    def files(self) -> tuple[Path, ...]:
        """The vocabulary, which the repository ships."""
        return (vocabulary.WEIGHTS,)

    def _load(self) -> None:
        vocabulary.load()

    def _observe(self, pictures: Sequence[Picture], seen: Sequence[ImageFeatures]) -> list[Local]:
        return [named(describe(picture), vocabulary.load()) for picture in pictures]


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
