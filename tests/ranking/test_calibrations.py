"""Calibrations belong to the installation: feature by feature, by fingerprints, with what Omma comes with as the seed."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from engine.errors import NotFoundError
from engine.settings import Settings
from ranking import calibrations
from ranking.calibrations import Calibration, CalibrationCard, Calibrations, combined
from ranking.evidence import Curve, Evidence, Evidences
from ranking.thresholds import Thresholds


def evidence(rule: str, weights: str, **limits: float) -> Evidences:
    """Curves with one step each; that of `similar` belongs to weights."""
    curves = {name: Curve(limits=[limit], log_odds=[0.0, 3.0]) for name, limit in limits.items()}
    made = Evidence(prior=-1.0, curves=curves, weights={"similar": {"embedding": weights}}, shown=0.5)
    return Evidences(rule=rule, data="here", kinds={"picture": made})


SEED = evidence("shipped", "net@1", similar=0.5, words=0.3)


def limit(found: Evidences, name: str) -> float:
    return found.kinds["picture"].curves[name].limits[0]


def calibration(name: str, value: float, weights: str = "net@2") -> Calibration:
    card = CalibrationCard(
        id=name, made=datetime.now(UTC), data="here", documents=9, questions=3, weights={"embedding": weights}
    )
    return Calibration(card, evidence("own", weights, similar=value), Thresholds(rule="same", data="here"))


@pytest.fixture()
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Calibrations:
    """Those of an empty installation, over a small seed."""
    (tmp_path / "seed.json").write_text(SEED.model_dump_json())
    monkeypatch.setattr(calibrations, "PACKAGED_EVIDENCE", tmp_path / "seed.json")
    return Calibrations(Settings(home=tmp_path))


def test_the_seed_serves_where_its_weights_fit_and_is_named_where_they_do_not(kept: Calibrations) -> None:
    fits = kept.in_use({"embedding": "net@1"})
    assert fits.evidence == SEED and fits.stale == () and not fits.problem
    differs = kept.in_use({"embedding": "net@2"})
    assert differs.evidence.features() == {"words"} and differs.stale == ("similar",)


def test_the_installations_own_come_first_feature_by_feature(kept: Calibrations) -> None:
    kept.add(calibration("one", 0.7))
    found = kept.in_use({"embedding": "net@2"})
    assert (limit(found.evidence, "similar"), limit(found.evidence, "words")) == (0.7, 0.3)
    assert found.evidence.rule == "own" and found.stale == ()
    assert limit(kept.in_use({"embedding": "net@1"}).evidence, "similar") == 0.5, "made for these weights"


def test_a_new_calibration_is_used_at_once_and_can_be_rolled_back(kept: Calibrations) -> None:
    kept.add(calibration("one", 0.7))
    kept.add(calibration("two", 0.8))
    assert [card.id for card in kept.list()] == ["two", "one"] and kept.state().current == "two"
    assert limit(kept.in_use({"embedding": "net@2"}).evidence, "similar") == 0.8
    assert kept.rollback().current == "one"
    assert limit(kept.in_use({"embedding": "net@2"}).evidence, "similar") == 0.7
    assert kept.rollback().current == ""
    with pytest.raises(NotFoundError, match="no calibration was in use before"):
        kept.rollback()


def test_by_what_results_are_cut_is_said(kept: Calibrations) -> None:
    assert kept.in_words({"embedding": "net@1"}) == "calibrated on here; shown: answers to an image from 50.0%"
    assert kept.in_words({"embedding": "net@3", "more": "x"}).startswith("calibrated on here"), "the words have no weights"
    kept.add(calibration("one", 0.7))
    assert f"here, {datetime.now(UTC):%Y-%m-%d}" in kept.in_words({"embedding": "net@2"})
    (kept.folder / "state.json").write_text("{")
    assert "is not used" in kept.in_words({"embedding": "net@2"})


@pytest.mark.parametrize("damage", ["state.json", "one/evidence.json"])
def test_a_damaged_file_is_a_problem_that_is_named_and_the_seed_serves(kept: Calibrations, damage: str) -> None:
    kept.add(calibration("one", 0.7))
    (kept.folder / damage).write_text("{")
    kept.folder.joinpath("state.json").touch()
    calibrations._installed.cache_clear()
    found = kept.in_use({"embedding": "net@1"})
    assert damage.rsplit("/", maxsplit=1)[-1] in found.problem and "omma calibrate" in found.problem
    assert found.evidence == SEED


def test_what_neither_has_for_these_weights_is_stale() -> None:
    own = calibration("one", 0.7, "net@3").evidence
    _, stale = combined(own, SEED, {"embedding": "net@2"})
    assert stale == ["similar"]


def test_after_a_calibration_on_this_index_nothing_is_stale(kept: Calibrations) -> None:
    made = calibration("one", 0.7)
    unmeasured = Calibration(made.card, evidence("own", "net@2", words=0.2), made.landmarks)
    assert kept.in_use({"embedding": "net@2"}).stale == ("similar",)
    kept.add(unmeasured)
    found = kept.in_use({"embedding": "net@2"})
    assert found.stale == () and "similar" not in found.evidence.features(), "no document has a value: nothing to complain of"
    assert kept.in_use({"embedding": "net@3"}).stale == ("similar",)
