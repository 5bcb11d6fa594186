"""Calibrate features: from questions with related and unrelated documents to thresholds.

A question calibrates the features that compare a part of it (`Feature.compares`), except features whose every match is
evidence (`Feature.retrieval_is_evidence`). Values of a feature with scale "per-query" are shares of the question's best value.

Pairs have a relation (a copy of an image, one product, one caption). A feature is calibrated on the relations that it holds: it
keeps at least MIN_KEPT of their pairs and passes no more than the permitted share of unrelated ones. Its threshold is the value
at which the share of related pairs (mean over these relations) exceeds that of unrelated pairs by the most (Youden's J).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from engine.errors import ConfigurationError, InputError, NotFoundError
from factors.base import Factor, Feature
from factors.registry import FactorRegistry
from query.request import SearchRequest
from query.search import Searcher
from ranking.calibrations import Calibration, CalibrationCard, new_id
from ranking.cutoff import Threshold, Thresholds

Values = NDArray[np.float64]
MAX_PASSED = 0.02  # of the unrelated pairs, for features with an absolute scale
MAX_PASSED_PER_QUERY = 0.05  # of BM25: some documents with the same words are related after all
MIN_KEPT = 0.1  # of the related pairs; a feature that keeps fewer does not hold the relation
MAX_VALUED = 0.5  # of the unrelated pairs, that have any value of a feature whose best value counts
MAX_WRONG = 0.01  # of questions, in which an image of something else may reach a landmark's threshold
RULE = (
    "a result has evidence in at least one feature: the value at which most more related than unrelated pairs pass, with "
    f"at most {MAX_PASSED:.0%} of unrelated pairs by similarity, {MAX_PASSED_PER_QUERY:.0%} by words"
)
LANDMARK_RULE = f"the least value that at most {MAX_WRONG:.0%} of questions find in an image of something else"
PROGRESS_EVERY = 50


@dataclass(frozen=True, slots=True)
class PairQuestion:
    """A question, its related documents, and documents that are certainly unrelated.

    `same_thing`: the related documents show the same individual thing as the question's image.
    """

    relation: str
    request: SearchRequest
    related: frozenset[str]
    unrelated: frozenset[str]
    same_thing: bool = False


@dataclass
class Pairs:
    """Values of related and unrelated pairs; a pair for which the feature has no value is 0."""

    related: list[float] = field(default_factory=list)
    unrelated: list[float] = field(default_factory=list)


@dataclass
class Measurement:
    """Everything measured: pairs by feature and relation, and the best right and wrong value of each question by feature."""

    factors: FactorRegistry
    pairs: dict[str, dict[str, Pairs]] = field(default_factory=dict)
    best: dict[str, list[tuple[float, float]]] = field(default_factory=dict)
    relations: dict[str, int] = field(default_factory=dict)
    questions: int = 0

    def add(self, asked: PairQuestion, table: Mapping[str, Mapping[str, float]]) -> None:
        """Add the feature values of one question."""
        self.questions += 1
        self.relations[asked.relation] = self.relations.get(asked.relation, 0) + len(asked.related)
        for feature in self.factors.every_feature:
            values = {document: row[feature.name] for document, row in table.items() if feature.name in row}
            if asked.same_thing and feature.identifies:
                self.best.setdefault(feature.name, []).append((_best(values, asked.related), _best(values, asked.unrelated)))
            if values and _is_calibrated_by(feature, asked.request):
                self._add_pairs(feature, asked, values)

    def _add_pairs(self, feature: Feature, asked: PairQuestion, values: Mapping[str, float]) -> None:
        unit = max(values.values()) if feature.scale == "per-query" else 1.0
        if unit <= 0:
            return
        found = self.pairs.setdefault(feature.name, {}).setdefault(asked.relation, Pairs())
        found.related += [values.get(document, 0.0) / unit for document in sorted(asked.related)]
        found.unrelated += [values.get(document, 0.0) / unit for document in sorted(asked.unrelated)]


def measure(searcher: Searcher, questions: Iterable[PairQuestion], tell: Callable[[str], None]) -> Measurement:
    """Ask every question; one that cannot be asked is left out and reported."""
    found = Measurement(searcher.factors)
    for asked in questions:
        if not (asked.related and asked.unrelated):
            continue
        try:
            table = searcher.table(asked.request, sorted(asked.related | asked.unrelated))
        except (InputError, NotFoundError) as error:
            tell(f"a question of {asked.relation!r} is left out: {error}")
            continue
        found.add(asked, table)
        if found.questions % PROGRESS_EVERY == 0:
            tell(f"{found.questions} questions asked")
    return found


def calibrate(measured: Measurement, fingerprints: Mapping[str, str], documents: int, data: str) -> Calibration:
    """Thresholds from the measured pairs; ConfigurationError if there are none."""
    if not measured.pairs:
        raise ConfigurationError(
            "there are no pairs to calibrate on: index more documents that have nothing to do with each other"
        )
    factors = measured.factors
    weights = {name: _weights(factors.by_name(name), fingerprints) for name in measured.pairs.keys() | measured.best.keys()}
    columns = {name: _threshold(factors.feature(name), found, weights[name]) for name, found in sorted(measured.pairs.items())}
    landmarks = {name: _landmark(best, weights[name]) for name, best in sorted(measured.best.items())}
    now = datetime.now(UTC)
    card = CalibrationCard(
        id=new_id(now), made=now, data=data, documents=documents, questions=measured.questions, pairs=measured.relations,
        weights=dict(fingerprints),
    )  # fmt: skip
    return Calibration(
        card, Thresholds(rule=RULE, data=data, columns=columns), Thresholds(rule=LANDMARK_RULE, data=data, columns=landmarks)
    )


def choose(related: Sequence[Values], unrelated: Values, max_passed: float) -> tuple[float, float, float]:
    """The value that separates best, and the shares of related (mean over relations) and of unrelated pairs that reach it."""
    positive = np.concatenate([values[values > 0] for values in related]) if related else np.empty(0)
    candidates = np.unique(np.floor(positive * 1e4) / 1e4)  # rounded down, so that a value reaches itself
    kept = np.mean([_share_from(values, candidates) for values in related], axis=0)
    passed = _share_from(unrelated, candidates)
    allowed: list[int] = np.flatnonzero(passed <= max_passed).tolist()
    if not allowed:
        return 0.0, 0.0, 1.0
    best = max(allowed, key=lambda n: float(kept[n] - passed[n]))
    return float(candidates[best]), round(float(kept[best]), 4), round(float(passed[best]), 4)


def _is_calibrated_by(feature: Feature, request: SearchRequest) -> bool:
    has = request.has_picture if feature.compares == "picture" else bool(request.text)
    return has and not feature.retrieval_is_evidence


def _threshold(feature: Feature, pairs: Mapping[str, Pairs], weights: Mapping[str, str]) -> Threshold:
    """Calibrated on the relations that the feature holds; rule `never` if it holds none.

    A share of the question's best value is no evidence either where unrelated documents usually have some value: the best
    document would pass whatever is asked.
    """
    max_passed = MAX_PASSED_PER_QUERY if feature.scale == "per-query" else MAX_PASSED
    held = [
        one for one in pairs.values() if choose([np.array(one.related)], np.array(one.unrelated), max_passed)[1] >= MIN_KEPT
    ]
    used = held or list(pairs.values())
    unrelated = np.concatenate([np.array(one.unrelated) for one in used])
    value, kept, passed = choose([np.array(one.related) for one in used], unrelated, max_passed)
    relative = feature.scale == "per-query"
    usual = relative and float((unrelated > 0).mean()) > MAX_VALUED
    rule = "never" if usual or not held or kept < MIN_KEPT else "of-best" if relative else "at-least"
    return Threshold.model_validate(
        {"rule": rule, "value": value, "pairs": sum(len(one.related) for one in used), "unrelated": len(unrelated)}
        | {"kept": kept, "passed": passed, "weights": dict(weights)}
    )


def _landmark(best: Sequence[tuple[float, float]], weights: Mapping[str, str]) -> Threshold:
    """The value that at most MAX_WRONG of the questions reach with an image of something else."""
    right, wrong = np.array([own for own, _ in best]), np.array([other for _, other in best])
    value = float(np.quantile(wrong, 1 - MAX_WRONG, method="higher")) + 1e-4
    return Threshold(
        rule="at-least", value=round(value, 4), pairs=len(right), unrelated=len(wrong),
        kept=round(float((right >= value).mean()), 4), passed=round(float((wrong >= value).mean()), 4),
        weights=dict(weights),
    )  # fmt: skip


def _weights(factor: Factor, fingerprints: Mapping[str, str]) -> dict[str, str]:
    return {extractor: fingerprints[extractor] for extractor in factor.reads if extractor in fingerprints}


def _best(values: Mapping[str, float], documents: Iterable[str]) -> float:
    return max((values.get(document, 0.0) for document in documents), default=0.0)


def _share_from(values: Values, limits: Values) -> Values:
    """For each limit, the share of the values that reach it."""
    return 1 - np.searchsorted(np.sort(values), limits - 1e-9) / max(len(values), 1)
