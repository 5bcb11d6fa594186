"""What visual words and signatures are worth, on pictures and copies of theirs whose every point is known."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from engine.errors import BadPicture
from engine.settings import get_settings
from training.features import load
from vision.extractors.local import Described, Vocabulary, describe
from vision.geometry import pairs_of
from vision.image_features import Vector
from vision.picture import Picture

KEPT = 300  # points of a document
TERMS = (128, 256, 400)  # words of a question
SMALLER, CROPPED, MOST_TURNED = 0.7, 0.7, 40.0
CLOSE = 0.015  # of the longer side: two points are the same place
K1, B = 1.2, 0.5


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """A picture, its copy, and where each point of the copy was [n, 2], as fractions of the picture."""

    whole: Described
    copy: Described
    origins: Vector
    aspect: tuple[float, float]  # width and height by the longer side


def seen_twice(path: Path) -> Seen | None:
    """A picture, and a copy that is turned, smaller and cropped by a seed that its name gives; None where it cannot be read."""
    cv2.setNumThreads(1)
    try:
        picture = load(path, get_settings())
    except BadPicture:
        return None
    copy, matrix = moved(picture, int(np.frombuffer(path.name.encode()[-8:].rjust(8), np.uint32)[0]))
    whole, part = describe(picture), describe(copy)
    h, w = picture.pixels.shape[:2]
    places = part.points * copy.pixels.shape[1::-1]
    turn = cv2.invertAffineTransform(matrix)
    origins = (places @ turn[:, :2].T + turn[:, 2]) / [w, h]
    return Seen(whole, part, origins.astype(np.float32), (w / max(w, h), h / max(w, h)))


def moved(picture: Picture, seed: int) -> tuple[Picture, NDArray[np.float64]]:
    """The copy, and the matrix [2, 3] from pixels of the picture to pixels of the copy."""
    random = np.random.default_rng(seed)
    h, w = picture.pixels.shape[:2]
    size = (max(8, round(w * SMALLER * CROPPED)), max(8, round(h * SMALLER * CROPPED)))
    turn = cv2.getRotationMatrix2D((w / 2, h / 2), random.uniform(-MOST_TURNED, MOST_TURNED), SMALLER)
    matrix = np.asarray(turn, dtype=np.float64)
    matrix[:, 2] += (size[0] / 2 - w / 2, size[1] / 2 - h / 2)
    pixels = cv2.warpAffine(picture.pixels, matrix, size, flags=cv2.INTER_AREA, borderValue=(255, 255, 255))
    return replace(picture, pixels=np.asarray(pixels, dtype=np.uint8), alpha=None, width=size[0], height=size[1]), matrix


def retrieval(known: Vocabulary, seen: Sequence[Seen]) -> dict[str, Any]:
    """How often the picture is first, and among the first ten, by BM25 over words: by words per descriptor and per question."""
    counts = _counts([known.words(known.reduced(one.whole.descriptors[:KEPT]), 1) for one in seen], len(known.centres))
    weighted = bm25(counts)
    asked = [known.words(known.reduced(one.copy.descriptors), 2) for one in seen]
    found: dict[str, Any] = {}
    for nearest in (1, 2):
        for terms in TERMS:
            chosen = [_terms(words, nearest, terms) for words in asked]
            places = [_place(weighted, words, n) for n, words in enumerate(chosen)]
            found[f"{nearest} word{'s' * (nearest > 1)}, {terms} terms"] = {
                "r_at_1": round(float(np.mean([place < 1 for place in places])), 3),
                "r_at_10": round(float(np.mean([place < 10 for place in places])), 3),  # noqa: PLR2004
            }
    return found


def bm25(counts: csr_matrix) -> csr_matrix:
    """Weights [documents, words] by BM25 of counts, as Lucene has it."""
    documents = counts.shape[0]
    lengths = np.asarray(counts.sum(axis=1)).ravel()
    frequency = np.asarray((counts > 0).sum(axis=0)).ravel()
    idf = np.log(1 + (documents - frequency + 0.5) / (frequency + 0.5))
    rows, columns = counts.nonzero()
    tf = counts.data
    norm = K1 * (1 - B + B * lengths[rows] / max(lengths.mean(), 1))
    return csr_matrix((idf[columns] * tf / (tf + norm), (rows, columns)), shape=counts.shape)


def bits_kept(known: Vocabulary, bits: Vector, seen: Sequence[Seen]) -> dict[str, Any]:
    """Of matches by signatures (best both ways, and clearly better than the second): how many, and the share that is right."""
    right = made = 0
    for one in seen:
        pairs = _pairs(known, bits, one)
        apart = (one.origins[pairs[:, 0]] - one.whole.points[pairs[:, 1]]) * one.aspect
        right += int((np.linalg.norm(apart, axis=1) < CLOSE).sum())
        made += len(pairs)
    return {"bytes": bits.shape[1] // 8, "right_per_picture": round(right / len(seen), 1), "right": round(right / made, 3)}


def _pairs(known: Vocabulary, bits: Vector, one: Seen) -> NDArray[np.int64]:
    ours, theirs = (np.packbits(known.reduced(d.descriptors) @ bits > 0, axis=1) for d in (one.copy, one.whole))
    return pairs_of(ours, theirs[:KEPT])


def _terms(words: NDArray[np.int32], nearest: int, most: int) -> NDArray[np.int32]:
    """The first distinct words of the strongest points."""
    flat = words[:, :nearest].ravel()
    _, first = np.unique(flat, return_index=True)
    return np.asarray(flat[np.sort(first)[:most]], dtype=np.int32)


def _place(weighted: csr_matrix, words: NDArray[np.int32], own: int) -> int:
    """How many other documents score as much as the picture's own."""
    scores = np.asarray(weighted[:, words].sum(axis=1)).ravel()
    return int((scores >= scores[own]).sum()) - 1 if scores[own] > 0 else len(scores)


def _counts(words: Sequence[NDArray[np.int32]], size: int) -> csr_matrix:
    rows = np.concatenate([np.full(len(found), n) for n, found in enumerate(words)])
    columns = np.concatenate([found[:, 0] for found in words])
    return csr_matrix((np.ones(len(rows)), (rows, columns)), shape=(len(words), size))
