"""The probability that a candidate answers the question: the evidence of its features, added up.

Each feature has a curve, a step function that never falls: what a value adds to the log-odds. Log-odds that are added up are
the weight of evidence of Good (Probability and the Weighing of Evidence, 1950); curves that are fitted together are a
generalised additive model (Hastie, Tibshirani, 1990). A curve holds for every collection, so it reads absolute values, and of
a feature whose scale depends on the question (BM25) the share of the question's best value.

Two bounds are chosen when the curves are fitted (ranking/learning/bounds.py): a result below the lower one is not shown;
where the best result is below the upper one, the answer is uncertain.
"""

from bisect import bisect_right
from collections.abc import Collection, Mapping
from math import exp
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from factors.base import Feature
from ranking.candidate_set import CandidateSet, Intent, Table
from ranking.thresholds import differing

Kind = Literal["picture", "words"]  # a question with an image only, or with words (and perhaps an image)
MAX_LOG_ODDS = 30.0  # beyond which a probability is 0 or 1 in print


class Curve(BaseModel):
    """The log-odds that a feature's value adds: `log_odds[n]` below `limits[n]`, the last from the last limit on.

    A missing value adds nothing.
    """

    model_config = ConfigDict(frozen=True)

    limits: list[float]
    log_odds: list[float] = Field(description="One more than limits, never falling")

    def of(self, value: float) -> float:
        """The log-odds of a value."""
        return self.log_odds[bisect_right(self.limits, value)]


class Evidence(BaseModel):
    """The curves of one kind of question, and the bounds of its probabilities.

    `essential` are the features without which nothing can be said: those that prove most, among those that every question has.
    `lost` and `risk` are what the bounds keep, as upper limits at the stated confidence; `questions` and `unanswered` are the
    numbers they rest on.
    """

    model_config = ConfigDict(frozen=True)

    prior: float = Field(description="Log-odds before any feature")
    curves: dict[str, Curve]
    essential: list[str] = []
    weights: dict[str, dict[str, str]] = Field({}, description="Feature -> extractor -> fingerprint, of those that it reads")
    shown: float = Field(0.0, description="Least probability of a result that is shown")
    sure: float = Field(1.0, description="Probability of the best result from which an answer is certain")
    lost: float = Field(0.0, description="Share of questions that lose all of their right documents")
    risk: float = Field(0.0, description="Share of certain answers with nothing right among the first results")
    questions: int = 0
    unanswered: int = Field(0, description="Questions that nothing answers")

    def probability(self, values: Mapping[str, float]) -> float:
        """Of a candidate with these values (shares, where the scale depends on the question)."""
        return probability(self.prior + sum(curve.of(values[name]) for name, curve in self.curves.items() if name in values))

    def usable(self, fingerprints: Mapping[str, str]) -> "tuple[Evidence, list[str]]":
        """Drop the curves of features whose extractors have other weights in the index, all if one of them is essential.

        Also return the names of these features.
        """
        stale = sorted(name for name in self.curves if differing(self.weights.get(name, {}), fingerprints))
        kept = {} if set(stale) & set(self.essential) else {n: curve for n, curve in self.curves.items() if n not in stale}
        return self.model_copy(update={"curves": kept}), stale

    def judges(self, valued: Collection[str]) -> bool:
        """Whether anything can be said of candidates that have values of these features."""
        return any(name in valued for name in self.curves) and all(name in valued for name in self.essential)


class Evidences(BaseModel):
    """The evidence for every kind of question, fitted on the same data."""

    model_config = ConfigDict(frozen=True)

    rule: str = Field(description="How the bounds were chosen, for people")
    data: str = Field(description="What it was fitted on, for people")
    kinds: dict[Kind, Evidence] = {}

    def of(self, intent: Intent) -> Evidence | None:
        """For a question; None where no such question was calibrated."""
        return self.kinds.get(kind_of(intent))

    def usable(self, fingerprints: Mapping[str, str]) -> "tuple[Evidences, set[str]]":
        """As `Evidence.usable`, of every kind; a kind without any curve left is dropped."""
        usable = {kind: evidence.usable(fingerprints) for kind, evidence in self.kinds.items()}
        kinds = {kind: left for kind, (left, _) in usable.items() if left.curves}
        return self.model_copy(update={"kinds": kinds}), {name for _, stale in usable.values() for name in stale}

    def features(self) -> set[str]:
        """The features that have a curve for any kind of question."""
        return {name for evidence in self.kinds.values() for name in evidence.curves}


def kind_of(intent: Intent) -> Kind:
    """The kind of a question, by its intent."""
    return "words" if "words" in intent else "picture"


def probability(log_odds: float) -> float:
    """The logistic function."""
    return 1 / (1 + exp(-max(-MAX_LOG_ODDS, min(MAX_LOG_ODDS, log_odds))))


def comparable(table: Table, features: Mapping[str, Feature]) -> dict[str, dict[str, float]]:
    """The table as curves read it: values of features whose scale depends on the question as shares of their best value."""
    best = {
        name: max((values[name] for values in table.values() if name in values), default=0.0)
        for name, feature in features.items()
        if feature.scale == "per-query"
    }
    return {
        document: {name: value / best[name] if best.get(name, 0.0) > 0 else value for name, value in values.items()}
        for document, values in table.items()
    }


def probabilities(candidate_set: CandidateSet, evidence: Evidence, features: Mapping[str, Feature]) -> dict[str, float]:
    """The probability of every candidate."""
    rows = comparable(candidate_set.table, features)
    return {document: evidence.probability(values) for document, values in rows.items()}
