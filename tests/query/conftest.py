"""The live server with a small collection; nothing is cut unless a test says so."""

from collections.abc import Callable

import pytest
from opensearchpy import OpenSearch

from engine.connections import Context
from engine.settings import Settings
from query.search import Searcher
from ranking import calibrations
from ranking.evidence import Evidence, Evidences, Kind
from ranking.thresholds import Thresholds
from tests.factors.conftest import client, live
from tests.factors.scenes import Live
from tests.query.query_scenes import StubExtractor, collection

__all__ = ["client", "live"]  # fixtures that the tests of this folder use, too

Ask = Callable[..., Searcher]


@pytest.fixture()
def full(live: Live) -> Live:
    """The index with the collection."""
    live.put(collection())
    return live


@pytest.fixture()
def evidences() -> Evidences:
    """The evidence of the cutoff; without curves, so that nothing is cut, until the test adds some."""
    kinds: tuple[Kind, ...] = ("picture", "words")
    made = {kind: Evidence(prior=-1.0, curves={}, shown=0.5, sure=0.9) for kind in kinds}
    return Evidences(rule="by hand", data="made up", kinds=made)


@pytest.fixture()
def landmark_thresholds() -> Thresholds:
    """The thresholds of landmarks; without columns, so that none is named, until the test adds some."""
    return Thresholds(rule="by hand", data="made up")


@pytest.fixture()
def calibrated(monkeypatch: pytest.MonkeyPatch, evidences: Evidences, landmark_thresholds: Thresholds) -> None:
    """Searches use these, in place of the packaged calibration and of that of the installation."""
    monkeypatch.setattr(calibrations, "_packaged_evidence", lambda path: evidences)
    monkeypatch.setattr(calibrations, "_packaged_landmarks", lambda path: landmark_thresholds)
    monkeypatch.setattr(calibrations, "_installed", lambda folder, mark: calibrations.NONE_INSTALLED)


@pytest.fixture()
def stub() -> StubExtractor:
    """The feature extractor of the image asked with."""
    return StubExtractor()


@pytest.fixture()
def searcher(client: OpenSearch, live_settings: Settings, stub: StubExtractor, calibrated: None) -> Searcher:
    """Asks the live server; by rank fusion, whose order is known by heart."""
    return Searcher(Context(live_settings.model_copy(update={"ranker": "fusion"}), client), lambda: stub)
