"""Visual words: descriptors reduced, given the number of the nearest centre, and a binary signature.

Words make a picture a text that the engine's inverted index finds (Sivic and Zisserman: Video Google, ICCV 2003); signatures
tell descriptors of one word apart (Jégou, Douze, Schmid: Hamming Embedding, ECCV 2008).
"""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vision.image_features import Vector

WEIGHTS = Path(__file__).parent / "weights" / "words.npz"


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
def load(path: Path = WEIGHTS) -> Vocabulary:
    """The vocabulary that the repository ships; centres are kept as bytes of one scale."""
    with np.load(path) as kept:
        centres = (kept["centres"].astype(np.float32) - 128) * np.float32(kept["step"])
        return Vocabulary.of(
            kept["mean"].astype(np.float32), kept["directions"].astype(np.float32), centres, kept["bits"].astype(np.float32)
        )


def save(path: Path, known: Vocabulary) -> None:
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
