"""Measurements of visual words and signatures, on pictures and copies of them in which every point's place is known."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from engine.errors import BadPicture
from engine.settings import Settings
from training.features import load
from vision.extractors.local import Described, Vocabulary, describe
from vision.geometry import pairs_of
from vision.image_features import Vector
from vision.picture import Picture

DOCUMENT_POINTS = 300  # of a document
TERMS = (128, 256, 400)  # words of a question
DEPTHS = (1, 10)
SCALED, CROPPED, MAX_ROTATION = 0.7, 0.7, 40.0  # of each side of a copy; degrees
CLOSE = 0.015  # of the longer side: points closer than this are the same place
K1, B = 1.2, 0.5  # of BM25


@dataclass(frozen=True, slots=True, eq=False)
class CopyPair:
    """A picture, a copy, and the place in the picture of each point of the copy [n, 2], as fractions."""

    whole: Described
    copy: Described
    origins: Vector
    aspect: tuple[float, float]  # width and height by the longer side


def with_copy(path: Path, settings: Settings) -> CopyPair | None:
    """A picture, and a copy rotated, scaled down and cropped, with a seed from its name; None if it cannot be decoded."""
    cv2.setNumThreads(1)
    try:
        picture = load(path, settings)
    except BadPicture:
        return None
    copy, matrix = moved(picture, int(np.frombuffer(path.name.encode()[-8:].rjust(8), np.uint32)[0]))
    whole, part = describe(picture), describe(copy)
    h, w = picture.pixels.shape[:2]
    places = part.points * copy.pixels.shape[1::-1]
    turn = cv2.invertAffineTransform(matrix)
    origins = (places @ turn[:, :2].T + turn[:, 2]) / [w, h]
    return CopyPair(whole, part, origins.astype(np.float32), (w / max(w, h), h / max(w, h)))


def moved(picture: Picture, seed: int) -> tuple[Picture, NDArray[np.float64]]:
    """The copy, and the matrix [2, 3] from pixels of the picture to pixels of the copy."""
    random = np.random.default_rng(seed)
    h, w = picture.pixels.shape[:2]
    size = (max(8, round(w * SCALED * CROPPED)), max(8, round(h * SCALED * CROPPED)))
    turn = cv2.getRotationMatrix2D((w / 2, h / 2), random.uniform(-MAX_ROTATION, MAX_ROTATION), SCALED)
    matrix = np.asarray(turn, dtype=np.float64)
    matrix[:, 2] += (size[0] / 2 - w / 2, size[1] / 2 - h / 2)
    pixels = cv2.warpAffine(picture.pixels, matrix, size, flags=cv2.INTER_AREA, borderValue=(255, 255, 255))
    return replace(picture, pixels=np.asarray(pixels, dtype=np.uint8), alpha=None, width=size[0], height=size[1]), matrix


def retrieval(known: Vocabulary, pairs: Sequence[CopyPair]) -> dict[str, Any]:
    """R@1 and R@10 of pictures for their copies, by BM25 over words, by words per descriptor and per question."""
    documents = [known.words(known.reduced(pair.whole.descriptors[:DOCUMENT_POINTS]), 1) for pair in pairs]
    weighted = bm25(_counts(documents, len(known.centres)))
    asked = [known.words(known.reduced(pair.copy.descriptors), 2) for pair in pairs]
    found: dict[str, Any] = {}
    for nearest, terms in product((1, 2), TERMS):
        chosen = [_terms(words, nearest, terms) for words in asked]
        ranks = np.asarray([_rank(weighted, words, n) for n, words in enumerate(chosen)])
        recalls = {f"r_at_{depth}": round(float(np.mean(ranks < depth)), 3) for depth in DEPTHS}
        found[f"{nearest} word{'s' * (nearest > 1)}, {terms} terms"] = recalls
    return found


def bm25(counts: csr_matrix) -> csr_matrix:
    """BM25 weights [documents, words] of counts, with the formula of Lucene."""
    documents = counts.shape[0]
    lengths = np.asarray(counts.sum(axis=1)).ravel()
    frequency = np.asarray((counts > 0).sum(axis=0)).ravel()
    idf = np.log(1 + (documents - frequency + 0.5) / (frequency + 0.5))
    rows, columns = counts.nonzero()
    tf = counts.data
    norm = K1 * (1 - B + B * lengths[rows] / max(lengths.mean(), 1))
    return csr_matrix((idf[columns] * tf / (tf + norm), (rows, columns)), shape=counts.shape)


def bits_kept(known: Vocabulary, bits: Vector, pairs: Sequence[CopyPair]) -> dict[str, Any]:
    """Matches of signatures (mutually nearest, by the ratio test): right ones per picture, and the share of right ones."""
    right = made = 0
    for pair in pairs:
        matches = _matches(known, bits, pair)
        distances = (pair.origins[matches[:, 0]] - pair.whole.points[matches[:, 1]]) * pair.aspect
        right += int((np.linalg.norm(distances, axis=1) < CLOSE).sum())
        made += len(matches)
    return {"bytes": bits.shape[1] // 8, "right_per_picture": round(right / len(pairs), 1), "right": round(right / made, 3)}


def _matches(known: Vocabulary, bits: Vector, pair: CopyPair) -> NDArray[np.int64]:
    """Index pairs [n, 2] of points of the copy and of the picture."""
    ours, theirs = (np.packbits(known.reduced(d.descriptors) @ bits > 0, axis=1) for d in (pair.copy, pair.whole))
    return pairs_of(ours, theirs[:DOCUMENT_POINTS])


def _terms(words: NDArray[np.int32], nearest: int, most: int) -> NDArray[np.int32]:
    """At most `most` distinct words, of the strongest points."""
    flat = words[:, :nearest].ravel()
    _, first = np.unique(flat, return_index=True)
    return np.asarray(flat[np.sort(first)[:most]], dtype=np.int32)


def _rank(weighted: csr_matrix, words: NDArray[np.int32], own: int) -> int:
    """How many other documents score at least as much as the picture's own."""
    scores = np.asarray(weighted[:, words].sum(axis=1)).ravel()
    return int((scores >= scores[own]).sum()) - 1 if scores[own] > 0 else len(scores)


def _counts(words: Sequence[NDArray[np.int32]], size: int) -> csr_matrix:
    rows = np.concatenate([np.full(len(found), n) for n, found in enumerate(words)])
    columns = np.concatenate([found[:, 0] for found in words])
    return csr_matrix((np.ones(len(rows)), (rows, columns)), shape=(len(words), size))
