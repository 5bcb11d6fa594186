"""From features to the confidence of a tag, and the bound from which a tag is certain.

The score is logistic in the features; confidence is the score through a curve that was fitted on other collections than the
weights. Both are fitted on pictures whose tags are known, with their own text hidden (evaluation/tags/fitting.py), and part of
the repository: `omma train tags` writes `confidence-packaged.json`.
"""

import math
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from ranking.evidence import Curve, probability

PACKAGED = Path(__file__).parent / "confidence-packaged.json"


class Confidence(BaseModel):
    """The model: its score is `bias` plus the weighted features; a missing value adds nothing."""

    model_config = ConfigDict(frozen=True)

    data: str = Field(description="What it was fitted on, for people")
    rule: str = Field(description="How the bound was chosen, for people")
    bias: float
    weights: dict[str, float]
    calibration: Curve = Field(description="From the score to log-odds")
    certain: float = Field(description="Confidence from which a tag is certain")

    def score(self, row: Mapping[str, float]) -> float:
        """The sum for one candidate, by which candidates are ordered."""
        values = ((weight, row.get(name, math.nan)) for name, weight in self.weights.items())
        return self.bias + sum(weight * value for weight, value in values if not math.isnan(value))

    def of(self, row: Mapping[str, float]) -> float:
        """The probability that the candidate is a right tag."""
        return probability(self.calibration.of(self.score(row)))


@lru_cache(maxsize=1)
def packaged() -> Confidence:
    """The model that Omma comes with."""
    return Confidence.model_validate_json(PACKAGED.read_text(encoding="utf-8"))
