"""Geometric verification: whether two pictures show the same thing, by local features that match and lie alike.

Signatures that are each other's nearest neighbour are candidate matches. Two filters follow: a common rotation and scale, which
rejects most chance matches, and RANSAC (a similarity, or a homography if it explains clearly more).
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.image_features import Local, Vector

SIDE = 480.0  # longer side of a picture, in the units of all distances below
MAX_ERROR = 6.0  # reprojection error of an inlier
MAX_RATIO = 0.85  # of differing bits, nearest to second-nearest (Lowe's ratio test)
MAX_DIFFERING = 0.3  # share of bits that may differ
MIN_INLIERS = 6  # at different places; fewer may be chance
ROTATION_TOLERANCE, SCALE_TOLERANCE = 30.0, 0.8  # degrees, and powers of two, by which matches of one motion may differ
HOMOGRAPHY_MIN_PAIRS = 8  # a homography has eight degrees of freedom
HOMOGRAPHY_GAIN = 1.25  # inliers of a homography by those of a similarity, for it to be preferred
MIN_SCALE, MAX_SCALE = 0.04, 25.0  # plausible changes of scale
MIN_SPREAD = 0.03  # of the points, across by along their main direction; below it they lie on a line
CELL = 4.0  # points closer than this are one place

Codes = NDArray[np.uint8]
Flags = NDArray[np.bool_]
Matrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Placed:
    """Local features of a picture, and its size in pixels."""

    local: Local
    width: int
    height: int

    @property
    def scale(self) -> Vector:
        """Factors [2] from fractions of the picture to distances."""
        sides = np.array([self.width, self.height], dtype=np.float32)
        return np.asarray(sides * (SIDE / max(self.width, self.height)), dtype=np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Alignment:
    """How one picture lies on another.

    `pairs` [n, 2] are indices of matching points, `count` the number of pairs at different places. `matrix` [3, 3] maps the
    first picture to the second, in distances. `outline` [4, 2] holds the first picture's corners as fractions of the second,
    clockwise from the upper left.
    """

    pairs: NDArray[np.intp]
    count: int
    matrix: Matrix
    outline: Vector


def align(one: Placed, other: Placed) -> Alignment | None:
    """The alignment of two pictures, or None if too few points agree."""
    pairs = _consistent(one, other, pairs_of(one.local.codes, other.local.codes))
    if len(pairs) < MIN_INLIERS:
        return None
    ours, theirs = one.local.points[pairs[:, 0]] * one.scale, other.local.points[pairs[:, 1]] * other.scale
    found = _model(ours, theirs)
    if found is None:
        return None
    matrix, inliers = found
    count = min(_places(ours[inliers]), _places(theirs[inliers]))
    outline = _outline(matrix, one, other)
    if count < MIN_INLIERS or outline is None or _collinear(ours[inliers]) or _collinear(theirs[inliers]):
        return None
    return Alignment(pairs[inliers], count, matrix, outline)


def pairs_of(ours: Codes, theirs: Codes) -> NDArray[np.intp]:
    """Index pairs [n, 2] of signatures that are each other's nearest, and clearly nearer than the second-nearest."""
    if min(len(ours), len(theirs)) < 2:  # noqa: PLR2004  (the ratio test needs a second-nearest)
        return np.zeros((0, 2), np.intp)
    distances = _hamming(ours, theirs)
    rows, best = np.arange(len(ours)), distances.argmin(axis=1)
    least = distances[rows, best]
    mutual = distances.argmin(axis=0)[best] == rows
    distances[rows, best] = np.iinfo(distances.dtype).max
    clear = (least < MAX_RATIO * distances.min(axis=1)) & (least <= MAX_DIFFERING * 8 * ours.shape[1])
    kept = np.flatnonzero(mutual & clear)
    return np.stack([kept, best[kept]], axis=1)


def _hamming(ours: Codes, theirs: Codes) -> NDArray[np.uint16]:
    """Hamming distances [n, m] of signatures whose length is a multiple of 64 bits."""
    one, other = (np.ascontiguousarray(codes).view(np.uint64) for codes in (ours, theirs))
    counts = np.zeros((len(ours), len(theirs)), dtype=np.uint16)
    for at in range(one.shape[1]):
        counts += np.bitwise_count(one[:, None, at] ^ other[:, at])
    return counts


def _consistent(one: Placed, other: Placed, pairs: NDArray[np.intp]) -> NDArray[np.intp]:
    """The largest set of pairs that agree with one pair in rotation and scale."""
    if len(pairs) < MIN_INLIERS:
        return pairs
    ours, theirs = one.local, other.local
    turn = theirs.angles[pairs[:, 1]] - ours.angles[pairs[:, 0]]
    growth = np.log2(np.maximum(theirs.sizes[pairs[:, 1]], 1e-6) / np.maximum(ours.sizes[pairs[:, 0]], 1e-6))
    apart = np.abs((turn[:, None] - turn + 180) % 360 - 180)
    agree = (apart <= ROTATION_TOLERANCE) & (np.abs(growth[:, None] - growth) <= SCALE_TOLERANCE)
    return np.asarray(pairs[agree[np.argmax(agree.sum(axis=1))]], dtype=np.intp)


def _model(ours: Vector, theirs: Vector) -> tuple[Matrix, Flags] | None:
    """Matrix and inliers of the motion: a similarity, or a homography if that explains clearly more pairs."""
    cv2.setRNGSeed(0)
    similarity, near = cv2.estimateAffinePartial2D(ours, theirs, method=cv2.RANSAC, ransacReprojThreshold=MAX_ERROR)
    simple = None if similarity is None else _found(np.vstack([similarity, [0, 0, 1]]), near)
    if len(ours) < HOMOGRAPHY_MIN_PAIRS:
        return simple
    matrix, near = cv2.findHomography(ours, theirs, cv2.USAC_MAGSAC, MAX_ERROR / 2, maxIters=1000, confidence=0.99)
    if matrix is None:
        return simple
    general = _found(matrix, near)
    better = simple is None or general[1].sum() >= HOMOGRAPHY_GAIN * simple[1].sum()
    return general if better and _keeps_orientation(general[0]) else simple


def _found(matrix: NDArray[np.generic], near: NDArray[np.generic]) -> tuple[Matrix, Flags]:
    return np.asarray(matrix, dtype=np.float64), np.asarray(near, dtype=np.bool_).ravel()


def _keeps_orientation(matrix: Matrix) -> bool:
    """Whether a homography is finite and does not mirror."""
    return bool(np.isfinite(matrix).all() and np.linalg.det(matrix[:2, :2]) > 0)


def _outline(matrix: Matrix, one: Placed, other: Placed) -> Vector | None:
    """The first picture's corners on the second; None if their shape or scale is implausible."""
    w, h = (float(v) for v in one.scale)
    corners = np.array([[0, 0, 1], [w, 0, 1], [w, h, 1], [0, h, 1]]) @ matrix.T
    if (corners[:, 2] <= 0).any() or not np.isfinite(corners).all():
        return None
    places = (corners[:, :2] / corners[:, 2:]).astype(np.float32)
    growth = abs(cv2.contourArea(places)) / (w * h)
    if not (cv2.isContourConvex(places) and MIN_SCALE**2 <= growth <= MAX_SCALE**2):
        return None
    return np.asarray(places / other.scale, dtype=np.float32)


def _places(points: Vector) -> int:
    """The number of different places."""
    return len(np.unique(np.round(points / CELL), axis=0))


def _collinear(points: Vector) -> bool:
    """Whether the points lie on a line or at one place."""
    spread = np.linalg.svd(points - points.mean(axis=0), compute_uv=False)
    return bool(spread[0] < CELL or spread[1] < MIN_SPREAD * spread[0])
