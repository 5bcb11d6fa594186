"""The relevance cutoff: which candidates have evidence for being relevant.

A document is kept when at least one feature gives it evidence. What counts as evidence is calibrated by `omma calibrate`
(ranking/calibrations.py), feature by feature, in one of three ways:

* `at-least`: an absolute value, for similarities, whose scale does not depend on the question;
* `of-best`: a share of the feature's best value among the candidates, for BM25, whose scale does;
* `never`: the feature alone is no evidence, because it does not separate related from unrelated pairs.

A feature without a threshold is evidence by any value where its factor declares so (`retrieval_is_evidence`). Otherwise a value
must stand out from the feature's own background, the values of this question's candidates, by six standard deviations above
their median. Median and deviation are robust, as in the modified z-score (Iglewicz and Hoaglin, How to Detect and Handle
Outliers, 1993): the deviation is the larger of those that the 75th and the 90th percentile would have under a normal
distribution, so that neither a few relevant documents nor a skewed background are taken for the spread of the rest.
`omma evaluate --uncalibrated` measures this rule and writes docs/measurements/uncalibrated.md.
"""

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
from pydantic import BaseModel, Field

from factors.base import Feature
from ranking.candidate_set import Table

ANY = 0.0  # limit of a feature of which any value is evidence
OUTLIER = 6.0  # standard deviations above the median
UPPER_QUANTILES = {0.75: 0.6745, 0.9: 1.2816}  # and the same quantiles of the standard normal distribution
MIN_BACKGROUND = 30  # candidates with a value, below which no value can stand out


class Threshold(BaseModel):
    """How one feature gives evidence, and the figures of its calibration."""

    rule: Literal["at-least", "of-best", "never"]
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


def limits(table: Table, thresholds: Thresholds | None, features: Mapping[str, Feature]) -> dict[str, float]:
    """The value that a document must reach in at least one feature; no entry for features that give no evidence.

    `features` declares the features by name; one that is not there gives no evidence unless it was calibrated.
    """
    calibrated = thresholds.columns if thresholds else {}
    found: dict[str, float] = {}
    for name in sorted({name for values in table.values() for name in values}):
        values = [row[name] for row in table.values() if name in row]
        limit = _calibrated(calibrated[name], values) if name in calibrated else _uncalibrated(features.get(name), values)
        if limit is not None:
            found[name] = limit
    return found


def is_calibrated(table: Table, thresholds: Thresholds | None) -> bool:
    """Whether any feature of this question has a threshold; without one the cutoff keeps every document."""
    return thresholds is not None and any(name in thresholds.columns for values in table.values() for name in values)


def stands_out(values: Sequence[float]) -> float | None:
    """The least value that stands out from these; None where they are too few, or all alike."""
    if len(values) < MIN_BACKGROUND:
        return None
    middle, *upper = np.quantile(values, (0.5, *UPPER_QUANTILES)).tolist()
    deviation = max((value - middle) / normal for value, normal in zip(upper, UPPER_QUANTILES.values(), strict=True))
    return float(middle + OUTLIER * deviation) if deviation > 0 else None


def _calibrated(threshold: Threshold, values: Sequence[float]) -> float | None:
    if threshold.rule == "at-least":
        return threshold.value
    return threshold.value * max(values) if threshold.rule == "of-best" else None


def _uncalibrated(feature: Feature | None, values: Sequence[float]) -> float | None:
    if feature is None:
        return None
    return ANY if feature.retrieval_is_evidence else stands_out(values)


def supported(values: Mapping[str, float], reached: Mapping[str, float]) -> bool:
    """Whether any column gives evidence."""
    return any(column in values and values[column] >= limit for column, limit in reached.items())


def differing(weights: Mapping[str, str], fingerprints: Mapping[str, str]) -> bool:
    """Whether any extractor has another fingerprint in the index; one that the index does not know is not compared."""
    return any(fingerprints.get(extractor, mark) != mark for extractor, mark in weights.items())
