"""Calibrate features on candidate logs: the evidence that Omma ships, and that of collections that were left out."""

from collections.abc import Sequence
from datetime import UTC, datetime

from engine.errors import ConfigurationError
from evaluation.candidate_log import Asked, weights_of
from factors.registry import FactorRegistry
from ranking.calibrations import Calibration, CalibrationCard, new_id
from ranking.evidence import kind_of
from ranking.learning.bounds import KnownAnswers
from ranking.learning.evidence import fit
from ranking.thresholds import Thresholds
from workers.learning.calibration import NOTHING, weights_by_feature


def of_logs(asked: Sequence[Asked], factors: FactorRegistry, data: str) -> Calibration:
    """The evidence of the questions of candidate logs; ConfigurationError if there is nothing to learn from.

    Questions of the test side are left out: no model learns from them.
    """
    weights, questions = weights_of(asked), [known_answers(one) for one in asked if one.side != "test"]
    features = {feature.name: feature for feature in factors.every_feature}
    evidence = fit(questions, features, weights_by_feature(factors, weights), data)
    if not evidence.kinds:
        raise ConfigurationError(NOTHING)
    now = datetime.now(UTC)
    card = CalibrationCard(id=new_id(now), made=now, data=data, documents=0, questions=len(questions), weights=weights)
    return Calibration(card, evidence, Thresholds(rule="", data=data))


def known_answers(asked: Asked) -> KnownAnswers:
    """A question of a candidate log; where judgements are incomplete, a document without one may be right."""
    candidates = asked.example().candidate_set
    right = frozenset(document for document, grade in asked.grades.items() if grade > 0)
    wrong = candidates.table.keys() - right if asked.complete else {i for i, grade in asked.grades.items() if grade <= 0}
    kind = kind_of(candidates.query_features.intent)
    return KnownAnswers(kind, asked.set, candidates.table, right, frozenset(wrong))
