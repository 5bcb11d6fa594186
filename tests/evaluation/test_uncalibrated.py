"""The rule for features without thresholds is measured beside no limit at all."""

import numpy as np
import pytest

from engine.settings import Settings
from evaluation import pages, uncalibrated
from evaluation.candidate_log import Asked
from ranking.calibrations import Calibrations, InUse
from ranking.candidate_set import CandidateSet
from ranking.evidence import Curve, Evidence, Evidences
from ranking.thresholds import Thresholds

KNOWN = Evidence(prior=0.0, curves={"similar": Curve(limits=[0.9], log_odds=[0.0, 3.0])})
CALIBRATED = Evidences(rule="r", data="d", kinds={"picture": KNOWN})
CANDIDATES, QUESTIONS = 60, 50


def asked(number: int, relevant: float | None) -> Asked:
    """Candidates with exponential values above 0.2, and a relevant one with a value of its own."""
    values = 0.2 + np.random.default_rng(number).exponential(0.03, CANDIDATES)
    table = {f"d{at}": {"similar": float(value)} for at, value in enumerate(values)}
    grades = {} if relevant is None else {"own": 4}
    table |= {} if relevant is None else {"own": {"similar": relevant}}
    return Asked(
        set="made up", topic=str(number), family=str(number), part=None, grades=grades, wide=CandidateSet(table=table),
        proposals={}, kept=[], limit=100, took={},
    )  # fmt: skip


@pytest.fixture()
def figures(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> uncalibrated.Json:
    """Half of the relevant documents are far from the others, half among them; ten questions have no answer."""
    monkeypatch.setattr(Calibrations, "in_use", lambda self, fingerprints: InUse(CALIBRATED, Thresholds(rule="", data="")))
    found = [asked(number, 0.95 if number % 2 else 0.25) for number in range(QUESTIONS)]
    return uncalibrated.measure([*found, *(asked(1000 + number, None) for number in range(10))], settings)


def test_false_alarms_and_finds_are_counted_for_each_limit(figures: uncalibrated.Json) -> None:
    (row,) = figures["rows"]
    assert (row["feature"], row["nothing"], row["relevant"]) == ("similar", QUESTIONS + 10, QUESTIONS)
    assert row["background"]["false_alarms"] <= 0.1 and row["background"]["finds"] == 0.5
    assert row["any_value"] == {"false_alarms": 1.0, "finds": 1.0}


def test_the_page_names_every_feature(figures: uncalibrated.Json) -> None:
    page = pages.render("uncalibrated", {"surroundings": {"measured": "now"}} | figures)
    assert "| similar | 60 |" in page and "50.0%" in page
