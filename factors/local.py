"""Local: the same thing is in both images, whatever its position, size and orientation."""

import base64
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from factors.base import UNSCORED, Clause, Evidence, Factor, Feature, Json, Match, Question, Rescore, Rescored, Task
from vision.geometry import Alignment, Placed, align
from vision.image_features import ImageFeatures, Local

MAX_POINTS = 300  # of a document
MAX_QUERY_WORDS = 128  # visual words: more find no more (vision/weights/words.json), and a request has 1,024 clauses in all
INLIERS_AT_HALF = 12.0  # matched points for a value of one half
MAX_DRAWN = 40  # matched points on the page
WORDS_WEIGHT = 0.5  # of shared words, relative to matched points
POINT = np.dtype([("x", "<u2"), ("y", "<u2"), ("size", "u1"), ("angle", "u1"), ("word", "<u2"), ("code", "u1", 16)])
MIN_LOG_SIZE, STEPS_PER_OCTAVE = -10.0, 24.0  # of stored sizes: logarithm to base 2 of the smallest, and resolution
RESCORE_FIELDS = ("local_points", "width", "height")


class LocalPoints(Factor):
    """Visual words in the inverted index, and geometry of what they propose."""

    name: ClassVar[str] = "local"
    title: ClassVar[str] = "Same thing in it"
    about: ClassVar[str] = (
        "Points of the picture that can be found again (RootSIFT), as visual words in the engine's own inverted index: BM25 of "
        f"the question's {MAX_QUERY_WORDS} strongest words against a document's. It proposes candidates, and is no evidence by "
        "itself. For the best of them `local.inliers` matches points one by one, by binary signatures, and looks whether they "
        "lie alike in both pictures (RANSAC, a similarity or a homography): n matched points make a value of n / (n + "
        f"{INLIERS_AT_HALF:g}). It finds the same print, building, logo, cover or pattern when it is cropped, turned, smaller, "
        "seen from the side, partly hidden or pasted into another picture."
    )
    reads: ClassVar[tuple[str, ...]] = ("local",)
    weight: ClassVar[float] = 2.0
    features: ClassVar[tuple[Feature, ...]] = (
        Feature("local", scale="per-query", weight=WORDS_WEIGHT, task=Task("near-duplicate", "Success@1")),
        Feature("local.inliers", retrieves=False, rescored=True, retrieval_is_evidence=True, identifies=True),
    )

    def fields(self, dimensions: object) -> Json:
        """Words as text, and the points as bytes, in a column of their own that is read for the best few only."""
        words: Json = {"type": "text", "analyzer": "whitespace", "index_options": "freqs", "similarity": "visual"}
        return {"local": words, "local_points": {"type": "binary", "doc_values": True}}

    def image_fields(self, image_features: ImageFeatures) -> Json:
        """The strongest points; neither field where there is none."""
        if image_features.local is None or not len(image_features.local):
            return {}
        kept = image_features.local.chosen(slice(MAX_POINTS))
        return {"local": as_text(kept.words), "local_points": packed(kept)}

    def restore(self, document: Mapping[str, Any]) -> dict[str, Any]:
        """The points, none where the extractor found none; nothing where it failed."""
        if "local" in document.get("missing", ()):
            return {}
        return {"local": unpacked(document.get("local_points", ""))}

    def clauses(self, question: Question) -> list[Clause]:
        """A column of words and one of matched points, where the picture asked with has points."""
        seen = question.image_features
        if seen is None or seen.local is None or not len(seen.local):
            return []
        match: Json = {"match": {"local": {"query": as_text(strongest_words(seen.local))}}}
        asked = Placed(seen.local, seen.width, seen.height)
        rescore = Rescore(reads=RESCORE_FIELDS, compute=partial(compared, asked), by=("local",))
        return [
            Clause("local", score=match, retrieve=match),
            Clause("local.inliers", score=UNSCORED, rescore=rescore),
        ]

    def unshown_fields(self) -> tuple[str, ...]:
        """Both fields."""
        return ("local", "local_points")

    def box(self, evidence: Evidence) -> list[float] | None:
        """The rectangle around the matched points."""
        if evidence.rescored is None or evidence.rescored.match is None:
            return None
        places = np.array([pair[2:] for pair in evidence.rescored.match.pairs])
        (left, top), (right, bottom) = places.min(axis=0), places.max(axis=0)
        return [round(float(v), 4) for v in (left, top, right - left, bottom - top)]

    def explain(self, evidence: Evidence) -> str:
        """The number of matched points."""
        if evidence.clause == "local":
            return f"Has details that look like some of your picture's (BM25 {evidence.value:.1f})."
        part = "chosen part" if evidence.question.region else "picture"
        count = evidence.rescored.count if evidence.rescored else round(INLIERS_AT_HALF * evidence.value / (1 - evidence.value))
        return f"The same thing is in it: {count} points of your {part} lie alike."


def strongest_words(local: Local) -> NDArray[np.int32]:
    """Distinct words of the strongest points, at most as many as are asked with."""
    _, first = np.unique(local.words, return_index=True)
    return np.asarray(local.words[np.sort(first)[:MAX_QUERY_WORDS]], dtype=np.int32)


def as_text(words: NDArray[np.int32]) -> str:
    """Words as the index takes them: numbers between blanks."""
    return " ".join(map(str, words.tolist()))


def compared(asked: Placed, fields: Mapping[str, Sequence[Any]]) -> Rescored | None:
    """The geometric verification of a document; None where it has no points, or too few agree."""
    if not fields.get("local_points"):
        return None
    there = Placed(unpacked(fields["local_points"][0]), int(fields["width"][0]), int(fields["height"][0]))
    found = align(asked, there)
    if found is None:
        return None
    return Rescored(value_of(found.count), found.count, _match(asked, there, found))


def value_of(count: int) -> float:
    """n matched points as n / (n + INLIERS_AT_HALF), within 0..1."""
    return round(count / (count + INLIERS_AT_HALF), 6)


def packed(local: Local) -> str:
    """Points as base64 of 24 bytes each."""
    rows = np.zeros(len(local), dtype=POINT)
    rows["x"], rows["y"] = np.round(local.points * 65535).T
    rows["size"] = np.clip(np.round((np.log2(np.maximum(local.sizes, 1e-6)) - MIN_LOG_SIZE) * STEPS_PER_OCTAVE), 0, 255)
    rows["angle"] = np.round(local.angles / 360 * 256).astype(int) % 256
    rows["word"], rows["code"] = local.words, local.codes
    return base64.b64encode(rows.tobytes()).decode()


def unpacked(text: str) -> Local:
    """Inverse of `packed`."""
    rows = np.frombuffer(base64.b64decode(text), dtype=POINT)
    return Local(
        points=(np.stack([rows["x"], rows["y"]], axis=1) / 65535).astype(np.float32),
        sizes=np.exp2(rows["size"] / STEPS_PER_OCTAVE + MIN_LOG_SIZE).astype(np.float32),
        angles=(rows["angle"] * (360 / 256)).astype(np.float32),
        words=rows["word"].astype(np.int32),
        codes=np.ascontiguousarray(rows["code"]),
    )


def _match(asked: Placed, there: Placed, found: Alignment) -> Match:
    pairs = found.pairs[np.linspace(0, len(found.pairs) - 1, min(MAX_DRAWN, len(found.pairs))).astype(int)]
    places = np.hstack([asked.local.points[pairs[:, 0]], there.local.points[pairs[:, 1]]])
    ours, theirs = np.round(places, 4).tolist(), np.round(found.outline, 4).tolist()
    return Match(tuple((a, b, c, d) for a, b, c, d in ours), tuple((x, y) for x, y in theirs))
