"""The relevance cutoff: which candidates are shown.

A candidate is shown if the probability that it answers the question reaches the bound of its kind of question
(ranking/evidence.py); `omma calibrate` fits both.

A feature without a curve adds nothing to the probability. It supports a candidate by itself where its factor declares that any
value is evidence (`retrieval_is_evidence`), or where a value stands out from the feature's own background, the values of this
question's candidates, by six standard deviations above their median. Median and deviation are robust, as in the modified
z-score (Iglewicz and Hoaglin, How to Detect and Handle Outliers, 1993): the deviation is the larger of those that the 75th and
the 90th percentile would have under a normal distribution, so that neither a few relevant documents nor a skewed background
are taken for the spread of the rest. `omma evaluate --uncalibrated` measures this rule (docs/measurements/uncalibrated.md).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from factors.base import Feature
from ranking.candidate_set import CandidateSet, Table
from ranking.evidence import Evidence, probabilities

ANY = 0.0  # limit of a feature of which any value is evidence
OUTLIER = 6.0  # standard deviations above the median
UPPER_QUANTILES = {0.75: 0.6745, 0.9: 1.2816}  # and the same quantiles of the standard normal distribution
MIN_BACKGROUND = 30  # candidates with a value, below which no value can stand out


@dataclass(frozen=True, slots=True)
class Kept:
    """The documents that the cutoff keeps, and the probability of every candidate (empty without calibration)."""

    documents: frozenset[str]
    probabilities: Mapping[str, float]


def apply(candidate_set: CandidateSet, evidence: Evidence | None, features: Mapping[str, Feature]) -> Kept:
    """Apply the cutoff; `features` declares the features by name.

    Where nothing can be said, because no feature of the question is calibrated or an essential one has no value, every document
    that has any value is kept (one without was proposed by a feature that was left out since).
    """
    table = candidate_set.table
    if evidence is None or not evidence.judges({name for values in table.values() for name in values}):
        return Kept(frozenset(document for document, values in table.items() if values), {})
    likely = probabilities(candidate_set, evidence, features)
    uncalibrated = {name: f for name, f in features.items() if f.is_evidence and name not in evidence.curves}
    alone = limits(table, uncalibrated)
    kept = (d for d, values in table.items() if likely[d] >= evidence.shown or supported(values, alone))
    return Kept(frozenset(kept), likely)


def limits(table: Table, features: Mapping[str, Feature]) -> dict[str, float]:
    """The least value by which each feature supports a document by itself; no entry for features by which none is."""
    found: dict[str, float] = {}
    for name, feature in features.items():
        values = [row[name] for row in table.values() if name in row]
        limit = ANY if feature.retrieval_is_evidence else stands_out(values)
        if values and limit is not None:
            found[name] = limit
    return found


def stands_out(values: Sequence[float]) -> float | None:
    """The least value that stands out from these; None where they are too few, or all alike."""
    if len(values) < MIN_BACKGROUND:
        return None
    middle, *upper = np.quantile(values, (0.5, *UPPER_QUANTILES)).tolist()
    deviation = max((value - middle) / normal for value, normal in zip(upper, UPPER_QUANTILES.values(), strict=True))
    return float(middle + OUTLIER * deviation) if deviation > 0 else None


def supported(values: Mapping[str, float], reached: Mapping[str, float]) -> bool:
    """Whether any feature reaches its limit."""
    return any(name in values and values[name] >= limit for name, limit in reached.items())
