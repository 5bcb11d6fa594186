"""From features to the confidence of a tag: a logistic model, and the bound from which a tag is certain.

Both are fitted on pictures whose tags are known, with their own text hidden (evaluation/tags), and are part of the repository
(`confidence-packaged.json`; `omma evaluate --task tags --packaged` writes it).
"""

import math
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from ranking.evidence import Curve, probability

PACKAGED = Path(__file__).parent / "confidence-packaged.json"


class Weight(BaseModel):
    """What a feature adds: `weight` * (value - `mean`) / `scale`; nothing where it is missing."""

    model_config = ConfigDict(frozen=True)

    mean: float
    scale: float
    weight: float


class Confidence(BaseModel):
    """The model: its score is `bias` plus what each feature adds.

    `curve` maps the score to log-odds (isotonic regression on collections that the weights were not fitted on).
    """

    model_config = ConfigDict(frozen=True)

    data: str = Field(description="What it was fitted on, for people")
    rule: str = Field(description="How the bound was chosen, for people")
    bias: float
    weights: dict[str, Weight]
    curve: Curve
    certain: float = Field(description="Confidence from which a tag is certain")

    def score(self, row: Mapping[str, float]) -> float:
        """The sum for one candidate, by which candidates are ordered."""
        return self.bias + sum(_added(one, row.get(name, math.nan)) for name, one in self.weights.items())

    def of(self, row: Mapping[str, float]) -> float:
        """The probability that the candidate is a right tag."""
        return probability(self.curve.of(self.score(row)))


def _added(one: Weight, value: float) -> float:
    return 0.0 if math.isnan(value) else one.weight * (value - one.mean) / one.scale


@lru_cache(maxsize=1)
def packaged() -> Confidence:
    """The model that Omma comes with."""
    return Confidence.model_validate_json(PACKAGED.read_text(encoding="utf-8"))
