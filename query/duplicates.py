"""Near-duplicates among the candidates.

Perceptual hashes are made of brightness: a red ball and a blue ball have the same. So names of dominant colours must agree,
too (by half, as one of them may lie at the edge of being named), where both images have them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from query.retrieval import Row

SAME_SHAPE = 0.04  # relative difference of aspect ratios
SAME_COLOURS = 0.5  # Jaccard index of the names of dominant colours
HASH_MASK = (1 << 64) - 1


@dataclass(frozen=True, slots=True)
class Duplicates:
    """Which candidates show the same image: `same[i, j]`, by the positions of their ids."""

    positions: Mapping[str, int]
    same: NDArray[np.bool_]

    def pairs(self) -> list[tuple[str, str]]:
        """Ids of those that show the same image, each pair once."""
        ids = list(self.positions)
        return [(ids[int(one)], ids[int(other)]) for one, other in np.argwhere(np.triu(self.same, 1))]

    def among(self, documents: Sequence[str]) -> NDArray[np.bool_]:
        """The same for these documents, in their order."""
        at = [self.positions[document] for document in documents]
        same: NDArray[np.bool_] = self.same[np.ix_(at, at)]
        return same


def find_duplicates(rows: Mapping[str, Row], bits: int) -> Duplicates:
    """Compare every candidate with every other one."""
    positions = {document: place for place, document in enumerate(rows)}
    return Duplicates(positions, same_pictures(list(rows.values()), bits))


def same_pictures(rows: Sequence[Row], bits: int) -> NDArray[np.bool_]:
    """Whether two rows show the same image, [n, n]: hashes differ in at most `bits` bits; shape and colours are the same."""
    hashes = np.array([int(_first(row, "phash_bits") or 0) & HASH_MASK for row in rows], dtype=np.uint64)
    known = np.array([_first(row, "phash_bits") is not None for row in rows], dtype=bool)
    shapes = np.array([_shape(row) for row in rows], dtype=np.float64)
    distance = np.bitwise_count(hashes[:, None] ^ hashes[None, :])
    shaped = np.abs(shapes[:, None] / shapes[None, :] - 1) <= SAME_SHAPE
    alike: NDArray[np.bool_] = (distance <= bits) & shaped & known[:, None] & known[None, :]
    for one, other in np.argwhere(np.triu(alike, 1)):
        alike[one, other] = alike[other, one] = _same_colours(rows[one], rows[other])
    return alike


def _same_colours(one: Row, other: Row) -> bool:
    """Whether the colours are the same; True where either is unknown."""
    ours, theirs = set(one.fields.get("colour", ())), set(other.fields.get("colour", ()))
    return not (ours and theirs) or len(ours & theirs) / len(ours | theirs) >= SAME_COLOURS


def _first(row: Row, name: str) -> int | None:
    values = row.fields.get(name)
    return values[0] if values else None


def _shape(row: Row) -> float:
    """Width over height; 1 where they are unknown."""
    width, height = _first(row, "width"), _first(row, "height")
    return width / height if width and height else 1.0
