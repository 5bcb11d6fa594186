"""Whether two pictures show the same thing: points that look alike must also lie alike.

Signatures that are each other's nearest propose pairs; a common turn and change of size, by which most chance pairs fall, and
RANSAC (a similarity, or a homography where it explains clearly more) leave those that agree.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.image_features import Local, Vector

SIDE = 480.0  # length of the longer side in which distances are counted
REACH = 6.0  # of that length: how far a point may lie from where it should
RATIO = 0.85  # of differing bits, best to second-best, under which a pair is no accident
FARTHEST = 0.3  # share of bits that may differ
LEAST = 6  # pairs that agree, at different places; below that it may be chance
TURN, GROWTH = 30.0, 0.8  # degrees, and powers of two, by which pairs of one motion may differ
HOMOGRAPHY = 8  # pairs from which eight numbers mean anything
CLEARLY = 1.25  # times as many pairs as a similarity explains
SMALLEST, LARGEST = 0.04, 25.0  # change of size that is believed
THIN = 0.03  # spread of the pairs across, by that along their main direction, under which they are a line
CELL = 4.0  # of the length: points closer than this are one place

Codes = NDArray[np.uint8]
Flags = NDArray[np.bool_]
Matrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Placed:
    """Points of a picture of that many pixels."""

    local: Local
    width: int
    height: int

    @property
    def scale(self) -> Vector:
        """From fractions to lengths [2]."""
        sides = np.array([self.width, self.height], dtype=np.float32)
        return np.asarray(sides * (SIDE / max(self.width, self.height)), dtype=np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Alignment:
    """How one picture lies on another: which points are the same [n, 2], as numbers of points, and the matrix [3, 3].

    `count` is the number of pairs at different places; `outline` [4, 2] the first picture's corners on the second, as
    fractions of that, clockwise from the upper left.
    """

    pairs: NDArray[np.intp]
    count: int
    matrix: Matrix
    outline: Vector


def align(one: Placed, other: Placed) -> Alignment | None:
    """The alignment of two pictures, or None where too few points agree."""
    pairs = _of_one_motion(one, other, pairs_of(one.local.codes, other.local.codes))
    if len(pairs) < LEAST:
        return None
    ours, theirs = one.local.points[pairs[:, 0]] * one.scale, other.local.points[pairs[:, 1]] * other.scale
    found = _model(ours, theirs)
    if found is None:
        return None
    matrix, inliers = found
    count = min(_places(ours[inliers]), _places(theirs[inliers]))
    outline = _outline(matrix, one, other)
    if count < LEAST or outline is None or _thin(ours[inliers]) or _thin(theirs[inliers]):
        return None
    return Alignment(pairs[inliers], count, matrix, outline)


def pairs_of(ours: Codes, theirs: Codes) -> NDArray[np.intp]:
    """Pairs [n, 2] of signatures that are each other's nearest, and clearly nearer than the second-nearest."""
    if min(len(ours), len(theirs)) < 2:  # noqa: PLR2004  (a second-nearest is needed)
        return np.zeros((0, 2), np.intp)
    distances = _differing(ours, theirs)
    rows, best = np.arange(len(ours)), distances.argmin(axis=1)
    least = distances[rows, best]
    mutual = distances.argmin(axis=0)[best] == rows
    distances[rows, best] = np.iinfo(distances.dtype).max
    clear = (least < RATIO * distances.min(axis=1)) & (least <= FARTHEST * 8 * ours.shape[1])
    kept = np.flatnonzero(mutual & clear)
    return np.stack([kept, best[kept]], axis=1)


def _differing(ours: Codes, theirs: Codes) -> NDArray[np.uint16]:
    """Differing bits [n, m] of signatures of 64 bits or a multiple."""
    one, other = (np.ascontiguousarray(codes).view(np.uint64) for codes in (ours, theirs))
    counts = np.zeros((len(ours), len(theirs)), dtype=np.uint16)
    for at in range(one.shape[1]):
        counts += np.bitwise_count(one[:, None, at] ^ other[:, at])
    return counts


def _of_one_motion(one: Placed, other: Placed, pairs: NDArray[np.intp]) -> NDArray[np.intp]:
    """The pairs that agree with the pair that most others agree with, in turn and in change of size."""
    if len(pairs) < LEAST:
        return pairs
    ours, theirs = one.local, other.local
    turn = theirs.angles[pairs[:, 1]] - ours.angles[pairs[:, 0]]
    growth = np.log2(np.maximum(theirs.sizes[pairs[:, 1]], 1e-6) / np.maximum(ours.sizes[pairs[:, 0]], 1e-6))
    apart = np.abs((turn[:, None] - turn + 180) % 360 - 180)
    agree = (apart <= TURN) & (np.abs(growth[:, None] - growth) <= GROWTH)
    return np.asarray(pairs[agree[np.argmax(agree.sum(axis=1))]], dtype=np.intp)


def _model(ours: Vector, theirs: Vector) -> tuple[Matrix, Flags] | None:
    """The motion that explains most pairs; the simpler one unless the other explains clearly more."""
    cv2.setRNGSeed(0)
    similarity, near = cv2.estimateAffinePartial2D(ours, theirs, method=cv2.RANSAC, ransacReprojThreshold=REACH)
    simple = None if similarity is None else _found(np.vstack([similarity, [0, 0, 1]]), near)
    if len(ours) < HOMOGRAPHY:
        return simple
    matrix, near = cv2.findHomography(ours, theirs, cv2.USAC_MAGSAC, REACH / 2, maxIters=1000, confidence=0.99)
    if matrix is None:
        return simple
    general = _found(matrix, near)
    better = simple is None or general[1].sum() >= CLEARLY * simple[1].sum()
    return general if better and _plausible(general[0]) else simple


def _found(matrix: NDArray[np.generic], near: NDArray[np.generic]) -> tuple[Matrix, Flags]:
    return np.asarray(matrix, dtype=np.float64), np.asarray(near, dtype=np.bool_).ravel()


def _plausible(matrix: Matrix) -> bool:
    """Whether a homography turns nothing inside out."""
    return bool(np.isfinite(matrix).all() and np.linalg.det(matrix[:2, :2]) > 0)


def _outline(matrix: Matrix, one: Placed, other: Placed) -> Vector | None:
    """The first picture's corners on the second; None where they make no believable picture."""
    w, h = (float(v) for v in one.scale)
    corners = np.array([[0, 0, 1], [w, 0, 1], [w, h, 1], [0, h, 1]]) @ matrix.T
    if (corners[:, 2] <= 0).any() or not np.isfinite(corners).all():
        return None
    places = (corners[:, :2] / corners[:, 2:]).astype(np.float32)
    growth = abs(cv2.contourArea(places)) / (w * h)
    if not (cv2.isContourConvex(places) and SMALLEST**2 <= growth <= LARGEST**2):
        return None
    return np.asarray(places / other.scale, dtype=np.float32)


def _places(points: Vector) -> int:
    """How many different places there are."""
    return len(np.unique(np.round(points / CELL), axis=0))


def _thin(points: Vector) -> bool:
    """Whether they lie on a line, or on one spot."""
    spread = np.linalg.svd(points - points.mean(axis=0), compute_uv=False)
    return bool(spread[0] < CELL or spread[1] < THIN * spread[0])
