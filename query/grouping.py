"""Near-duplicates are shown under their best result.

Perceptual hashes are made of brightness: a red ball and a blue ball have the same. So names of dominant colours must agree,
too (by half, as one of them may lie at the edge of being named), where both pictures have them.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from query.run import Alike, Group, Row, Run

SAME_SHAPE = 0.04  # relative difference of aspect ratios
SAME_COLOURS = 0.5  # Jaccard index of the names of dominant colours
BITS = (1 << 64) - 1


def group(run: Run) -> None:
    """Put each document under the first better one that shows the same picture."""
    alike = _among(run, [ranked.id for ranked in run.ranked])
    # Most documents have no better one that is like them.
    doubled: NDArray[np.bool_] = np.asarray(np.tril(alike, -1).any(axis=1))
    groups: dict[int, Group] = {}
    for place, ranked in enumerate(run.ranked):
        better = np.flatnonzero(alike[place, :place]) if doubled[place] else ()
        leader = next((int(at) for at in better if at in groups), None)
        if leader is None:
            groups[place] = Group(ranked)
        else:
            groups[leader].others.append(ranked)
    run.groups, run.total = list(groups.values()), len(groups)


def find_duplicates(run: Run) -> Alike:
    """Every candidate with every other one."""
    places = {document: place for place, document in enumerate(run.rows)}
    return Alike(places, same_pictures(list(run.rows.values()), run.duplicate_bits))


def pairs(alike: Alike) -> list[tuple[str, str]]:
    """Ids of those that show the same picture, each pair once."""
    ids = list(alike.places)
    return [(ids[int(one)], ids[int(other)]) for one, other in np.argwhere(np.triu(alike.same, 1))]


def _among(run: Run, documents: Sequence[str]) -> NDArray[np.bool_]:
    """The same, in the order of these."""
    alike = run.alike or find_duplicates(run)
    at = [alike.places[document] for document in documents]
    same: NDArray[np.bool_] = alike.same[np.ix_(at, at)]
    return same


def same_pictures(rows: Sequence[Row], bits: int) -> NDArray[np.bool_]:
    """Whether two rows show the same picture, [n, n]: hashes differ in at most `bits` bits; shape and colours are the same."""
    hashes = np.array([int(_first(row, "phash_bits") or 0) & BITS for row in rows], dtype=np.uint64)
    known = np.array([_first(row, "phash_bits") is not None for row in rows], dtype=bool)
    shapes = np.array([_shape(row) for row in rows], dtype=np.float64)
    distance = np.bitwise_count(hashes[:, None] ^ hashes[None, :])
    shaped = np.abs(shapes[:, None] / shapes[None, :] - 1) <= SAME_SHAPE
    alike: NDArray[np.bool_] = (distance <= bits) & shaped & known[:, None] & known[None, :]
    for one, other in np.argwhere(np.triu(alike, 1)):
        alike[one, other] = alike[other, one] = _same_colours(rows[one], rows[other])
    return alike


def _same_colours(one: Row, other: Row) -> bool:
    """True where either is unknown."""
    ours, theirs = set(one.fields.get("colour", ())), set(other.fields.get("colour", ()))
    return not (ours and theirs) or len(ours & theirs) / len(ours | theirs) >= SAME_COLOURS


def _first(row: Row, name: str) -> int | None:
    values = row.fields.get(name)
    return values[0] if values else None


def _shape(row: Row) -> float:
    """Width over height; 1 where they are not known."""
    width, height = _first(row, "width"), _first(row, "height")
    return width / height if width and height else 1.0
