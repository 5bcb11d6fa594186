"""Thresholds of features: the value from which an image shows the same landmark (query/landmarks.py)."""

from collections.abc import Mapping

from pydantic import BaseModel, Field


class Threshold(BaseModel):
    """The least value of one feature, and the figures of its calibration."""

    value: float = 0.0
    pairs: int = Field(0, description="Relevant pairs measured")
    unrelated: int = Field(0, description="Unrelated pairs measured")
    kept: float = Field(0.0, description="Share of the relevant pairs that reach the threshold")
    passed: float = Field(0.0, description="Share of the unrelated pairs that reach it, too")
    weights: dict[str, str] = Field({}, description="Extractor -> fingerprint, of those that the feature reads")


class Thresholds(BaseModel):
    """Thresholds of several features, measured together."""

    rule: str = Field(description="How each threshold was chosen, for people")
    data: str = Field(description="What it was measured on, for people")
    columns: dict[str, Threshold] = {}

    def usable(self, fingerprints: Mapping[str, str]) -> "tuple[Thresholds, list[str]]":
        """Drop the columns whose extractors have other weights in the index; also return their names."""
        stale = [name for name, column in self.columns.items() if differing(column.weights, fingerprints)]
        kept = {name: column for name, column in self.columns.items() if name not in stale}
        return self.model_copy(update={"columns": kept}), sorted(stale)


def differing(weights: Mapping[str, str], fingerprints: Mapping[str, str]) -> bool:
    """Whether any extractor has another fingerprint in the index; one that the index does not know is not compared."""
    return any(fingerprints.get(extractor, mark) != mark for extractor, mark in weights.items())
