"""Which candidates are shown: by their probability, and by features that are not calibrated."""

import numpy as np

from factors.base import Feature
from ranking import cutoff
from ranking.candidate_set import CandidateSet, Table
from ranking.evidence import Curve, Evidence

FEATURES = {
    "similar": Feature("similar"),
    "words": Feature("words", compares="words", scale="per-query"),
    "named": Feature("named", retrieval_is_evidence=True),
    "head": Feature("head", is_evidence=False),
}
TABLE: Table = {
    "a": {"similar": 0.9, "words": 8.0},
    "b": {"similar": 0.7, "words": 2.0},
    "c": {"similar": 0.4},
    "d": {},
}
EVEN = Evidence(prior=0.0, curves={"unasked": Curve(limits=[0.5], log_odds=[0.0, 1.0])}, shown=0.6)


def by(**curves: tuple[float, float]) -> Evidence:
    """Evidence of features that add something from a limit on; the prior alone is not enough."""
    made = {name: Curve(limits=[limit], log_odds=[0.0, added]) for name, (limit, added) in curves.items()}
    return Evidence(prior=-2.0, curves=made, shown=0.5)


def kept(evidence: Evidence | None, table: Table = TABLE) -> set[str]:
    rows = {document: dict(values) for document, values in table.items()}
    return set(cutoff.apply(CandidateSet(table=rows), evidence, FEATURES).documents)


def test_one_feature_is_enough_if_it_proves_enough() -> None:
    assert kept(by(similar=(0.7, 3.0))) == {"a", "b"}, "the limit itself is enough"
    assert kept(by(similar=(0.7, 1.0))) == set()


def test_weak_evidence_of_several_features_adds_up() -> None:
    assert kept(by(similar=(0.7, 1.2), words=(0.2, 1.2))) == {"a", "b"}
    assert kept(by(similar=(0.7, 1.2), words=(0.5, 1.2))) == {"a"}, "a share of the question's best value"


def test_the_scale_of_a_question_does_not_matter() -> None:
    louder = {document: {**values, "words": 30 * values.get("words", 0.0)} for document, values in TABLE.items()}
    assert kept(by(words=(0.5, 3.0)), louder) == {"a"}


def test_every_candidate_has_a_probability() -> None:
    found = cutoff.apply(CandidateSet(table={key: dict(row) for key, row in TABLE.items()}), by(similar=(0.7, 3.0)), FEATURES)
    assert found.probabilities.keys() == TABLE.keys()
    assert found.probabilities["a"] > 0.7 and found.probabilities["d"] < 0.2


def background(relevant: float | None, seed: int = 5, number: int = 200) -> Table:
    """Candidates of a question: values of an exponential tail above .5, and perhaps one relevant document."""
    tail = 0.5 + np.random.default_rng(seed).exponential(0.02, number)
    table = {f"d{n}": {"similar": float(value), "words": 1.0} for n, value in enumerate(tail)}
    return table if relevant is None else table | {"relevant": {"similar": relevant, "words": 1.0}}


def test_a_feature_that_is_not_calibrated_keeps_what_stands_out_and_nothing_for_having_a_value() -> None:
    measured = by(words=(2.0, 3.0))
    assert kept(measured, background(0.95)) == {"relevant"}
    alarms = sum(bool(kept(measured, background(None, seed))) for seed in range(200))
    assert alarms <= 20, "of 200 questions without a relevant document, even with a skewed background"


def test_a_feature_that_is_no_evidence_keeps_nothing_however_it_stands_out() -> None:
    table = {document: {"head": row["similar"], "words": 1.0} for document, row in background(0.95).items()}
    assert kept(by(words=(2.0, 3.0)), table) == set()


def test_where_there_is_no_background_nothing_stands_out() -> None:
    measured = by(words=(2.0, 3.0))
    assert kept(measured, background(0.95, number=20)) == set()
    assert kept(measured, {f"d{n}": {"similar": 0.7, "words": 1.0} for n in range(50)}) == set()


def test_a_match_is_evidence_where_the_factor_declares_it_and_nothing_is_calibrated() -> None:
    table: Table = {"a": {"named": 0.1}, "b": {"similar": 0.5, "words": 1.0}, "c": {"undeclared": 1.0}}
    assert kept(by(words=(2.0, 3.0)), table) == {"a"}
    assert kept(by(words=(2.0, 3.0), named=(0.5, 9.0)), table) == set(), "its value counts where it is calibrated"


def test_without_calibration_every_document_with_a_value_is_kept() -> None:
    assert kept(None) == kept(EVEN) == {"a", "b", "c"}, "no feature of this question is calibrated"
    assert cutoff.apply(CandidateSet(table={"a": {"similar": 1.0}}), None, FEATURES).probabilities == {}
