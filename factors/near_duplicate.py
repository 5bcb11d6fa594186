"""Near-duplicate: the same picture, rescaled, recompressed or slightly retouched."""

import struct
from collections.abc import Mapping
from typing import Any, ClassVar

from factors import knn
from factors.base import Clause, Evidence, Factor, Feature, Json, Question, Task
from vision.image_features import ImageFeatures

BITS = 64
MAX_DISTANCE = 12  # differing bits, beyond which a hash says nothing
MAX_CANDIDATES = 50
SIGN = 1 << (BITS - 1)


class NearDuplicate(Factor):
    """Hamming distance of 64-bit perceptual hashes."""

    name: ClassVar[str] = "near_duplicate"
    title: ClassVar[str] = "Near-duplicate"
    about: ClassVar[str] = (
        "The share of equal bits of two 64-bit perceptual hashes (DCT), for pairs that differ in at most "
        f"{MAX_DISTANCE} bits; farther pairs are missing, because beyond that distance the hash says nothing. Candidates come "
        "from a binary HNSW graph. The same hash groups near-duplicates under their best result."
    )
    reads: ClassVar[tuple[str, ...]] = ("phash",)
    weight: ClassVar[float] = 1.5
    features: ClassVar[tuple[Feature, ...]] = (Feature("near_duplicate", task=Task("near-duplicate", "Success@1")),)

    def fields(self, dimensions: object) -> Json:
        """The bits as a vector to find by, and as a number to compare by."""
        return {"phash": knn.field(BITS, "hamming", "binary"), "phash_bits": {"type": "long", "index": False}}

    def image_fields(self, image_features: ImageFeatures) -> Json:
        """The hash, in both forms."""
        if image_features.phash is None:
            return {}
        return {"phash": as_bytes(image_features.phash), "phash_bits": signed(image_features.phash)}

    def restore(self, document: Mapping[str, Any]) -> dict[str, Any]:
        """The hash."""
        bits = document.get("phash_bits")
        return {} if bits is None else {"phash": int(bits) % (1 << BITS)}

    def clauses(self, question: Question) -> list[Clause]:
        """One column for a whole picture; a chosen part has no duplicate."""
        if question.image_features is None or question.image_features.phash is None or question.region:
            return []
        phash = question.image_features.phash
        retrieve = knn.retrieve("phash", as_bytes(phash), min(question.k, MAX_CANDIDATES), question.filters)
        return [Clause("near_duplicate", score=equal_bits(phash), retrieve=retrieve)]

    def unshown_fields(self) -> tuple[str, ...]:
        """The bits."""
        return ("phash",)

    def explain(self, evidence: Evidence) -> str:
        """How many bits differ."""
        differing = round((1 - evidence.value) * BITS)
        return "The same picture." if differing == 0 else f"Almost the same picture ({differing} of {BITS} bits differ)."


def equal_bits(phash: int) -> Json:
    """The share of equal bits, 0..1; no match beyond MAX_DISTANCE."""
    source = "1.0 - Long.bitCount(doc['phash_bits'].value ^ params.bits) / 64.0"
    return {
        "script_score": {
            "query": {"exists": {"field": "phash_bits"}},
            "script": {"source": source, "params": {"bits": signed(phash)}},
            "min_score": 1 - (MAX_DISTANCE + 0.5) / BITS,
        }
    }


def signed(phash: int) -> int:
    """64 bits as the engine's `long`."""
    return phash - (1 << BITS) if phash & SIGN else phash


def as_bytes(phash: int) -> list[int]:
    """64 bits as eight signed bytes, most significant first, the form of a binary vector."""
    return list(struct.unpack("8b", phash.to_bytes(BITS // 8, "big")))
