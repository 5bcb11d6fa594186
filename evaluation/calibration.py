"""Calibrate features: from questions with related and unrelated documents to evidence, and to thresholds of landmarks.

Questions come from an installation's own documents (evaluation/pairs_of_installation.py), or from candidate logs. The evidence
is fitted by `ranking.learning.evidence`.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import numpy as np

from engine.errors import ConfigurationError, InputError, NotFoundError
from evaluation.candidate_log import Asked, weights_of
from factors.base import Factor
from factors.registry import FactorRegistry
from query.request import SearchRequest
from query.search import Searcher
from ranking.calibrations import NO_EVIDENCE, Calibration, CalibrationCard, new_id
from ranking.candidate_set import CandidateSet
from ranking.evidence import Evidences, kind_of
from ranking.learning.bounds import KnownAnswers, bounded_anew
from ranking.learning.evidence import fit
from ranking.thresholds import Threshold, Thresholds

MAX_WRONG = 0.01  # of questions, in which an image of something else may reach a landmark's threshold
LANDMARK_RULE = f"the least value that at most {MAX_WRONG:.0%} of questions find in an image of something else"
PROGRESS_EVERY = 50
COPY = "copy"  # how relations of copies begin
NOTHING = "there are no pairs to calibrate on: index more documents that have nothing to do with each other"


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
class Measurement:
    """Everything measured: questions with their candidates, and the best right and wrong value of each by feature."""

    factors: FactorRegistry
    questions: list[KnownAnswers] = field(default_factory=list)
    best: dict[str, list[tuple[float, float]]] = field(default_factory=dict)

    @property
    def asked(self) -> int:
        """Number of questions, each of which is here twice."""
        return len(self.questions) // 2

    def add(self, asked: PairQuestion, candidates: CandidateSet) -> None:
        """Add the feature values of one question, which is also asked of its unrelated documents alone."""
        kind, table = kind_of(candidates.query_features.intent), candidates.table
        rest = {document: row for document, row in table.items() if document in asked.unrelated}
        self.questions.append(KnownAnswers(kind, asked.relation, table, asked.related, asked.unrelated))
        self.questions.append(KnownAnswers(kind, asked.relation, rest, frozenset(), asked.unrelated))
        if asked.same_thing:
            for feature in (feature for feature in self.factors.every_feature if feature.identifies):
                values = {document: row[feature.name] for document, row in candidates.table.items() if feature.name in row}
                self.best.setdefault(feature.name, []).append((_best(values, asked.related), _best(values, asked.unrelated)))


def measure(searcher: Searcher, questions: Iterable[PairQuestion], tell: Callable[[str], None]) -> Measurement:
    """Ask every question; one that cannot be asked is left out and reported."""
    found = Measurement(searcher.factors)
    for asked in questions:
        if not (asked.related and asked.unrelated):
            continue
        try:
            candidates = searcher.table(asked.request, sorted(asked.related | asked.unrelated))
        except (InputError, NotFoundError) as error:
            tell(f"a question of {asked.relation!r} is left out: {error}")
            continue
        found.add(asked, candidates)
        if found.asked % PROGRESS_EVERY == 0:
            tell(f"{found.asked} questions asked")
    return found


def calibrate(
    measured: Measurement, fingerprints: Mapping[str, str], documents: int, data: str, seed: Evidences = NO_EVIDENCE
) -> Calibration:
    """The evidence and thresholds that were measured; ConfigurationError if there is nothing to learn from.

    The curves of the seed are kept where they apply to these weights, and get new bounds: they were fitted to answers of many
    kinds, those that an installation can make of its own images are mostly copies.
    """
    if not measured.questions:
        raise ConfigurationError(NOTHING)
    weights = weights_by_feature(measured.factors, fingerprints)
    landmarks = {name: _landmark(best, weights[name]) for name, best in sorted(measured.best.items())}
    relations: dict[str, int] = {}
    for one in measured.questions:
        relations[one.set] = relations.get(one.set, 0) + len(one.right)
    now = datetime.now(UTC)
    card = CalibrationCard(
        id=new_id(now), made=now, data=data, documents=documents, questions=measured.asked, pairs=relations,
        weights=dict(fingerprints),
    )  # fmt: skip
    evidence = _of_installation(measured, weights, data, seed.usable(fingerprints)[0])
    return Calibration(card, evidence, Thresholds(rule=LANDMARK_RULE, data=data, columns=landmarks))


def _of_installation(measured: Measurement, weights: Mapping[str, dict[str, str]], data: str, seed: Evidences) -> Evidences:
    """The seed's curves with new bounds; new curves for kinds of questions without, if not all of these ask with copies."""
    features = {feature.name: feature for feature in measured.factors.every_feature}
    kinds = {kind: bounded_anew(kind, known, measured.questions, features) for kind, known in seed.kinds.items()}
    relations = {(one.kind, one.set) for one in measured.questions if one.right}
    fitted = {kind for kind, relation in relations if kind not in kinds and not relation.startswith(COPY)}
    own = fit([one for one in measured.questions if one.kind in fitted], features, weights, data)
    return own.model_copy(update={"kinds": own.kinds | kinds})


def of_logs(asked: Sequence[Asked], factors: FactorRegistry, data: str) -> Calibration:
    """The evidence of the questions of candidate logs; ConfigurationError if there is nothing to learn from.

    Questions of the test side are left out: no model learns from them.
    """
    weights, questions = weights_of(asked), [known_answers(one) for one in asked if one.side != "test"]
    now = datetime.now(UTC)
    card = CalibrationCard(id=new_id(now), made=now, data=data, documents=0, questions=len(questions), weights=weights)
    return Calibration(card, _evidence(questions, factors, weights, data), Thresholds(rule="", data=data))


def known_answers(asked: Asked) -> KnownAnswers:
    """A question of a candidate log; where judgements are incomplete, a document without one may be right."""
    candidates = asked.example().candidate_set
    right = frozenset(document for document, grade in asked.grades.items() if grade > 0)
    wrong = candidates.table.keys() - right if asked.complete else {i for i, grade in asked.grades.items() if grade <= 0}
    kind = kind_of(candidates.query_features.intent)
    return KnownAnswers(kind, asked.set, candidates.table, right, frozenset(wrong))


def weights_by_feature(factors: FactorRegistry, fingerprints: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """Feature -> extractor -> fingerprint, of the extractors that its factor reads."""
    return {feature.name: _weights(factors.by_name(feature.name), fingerprints) for feature in factors.every_feature}


def _evidence(
    questions: Sequence[KnownAnswers], factors: FactorRegistry, fingerprints: Mapping[str, str], data: str
) -> Evidences:
    features = {feature.name: feature for feature in factors.every_feature}
    found = fit(questions, features, weights_by_feature(factors, fingerprints), data)
    if not found.kinds:
        raise ConfigurationError(NOTHING)
    return found


def _landmark(best: Sequence[tuple[float, float]], weights: Mapping[str, str]) -> Threshold:
    """The value that at most MAX_WRONG of the questions reach with an image of something else."""
    right, wrong = np.array([own for own, _ in best]), np.array([other for _, other in best])
    value = float(np.quantile(wrong, 1 - MAX_WRONG, method="higher")) + 1e-4
    return Threshold(
        value=round(value, 4), pairs=len(right), unrelated=len(wrong), kept=round(float((right >= value).mean()), 4),
        passed=round(float((wrong >= value).mean()), 4), weights=dict(weights),
    )  # fmt: skip


def _weights(factor: Factor, fingerprints: Mapping[str, str]) -> dict[str, str]:
    return {extractor: fingerprints[extractor] for extractor in factor.reads if extractor in fingerprints}


def _best(values: Mapping[str, float], documents: Iterable[str]) -> float:
    return max((values.get(document, 0.0) for document in documents), default=0.0)
