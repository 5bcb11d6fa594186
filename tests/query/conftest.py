"""The live server with a small collection; nothing is cut unless a test says so."""

from collections.abc import Callable

import pytest
from opensearchpy import OpenSearch

from engine.connections import Context
from engine.settings import Settings
from query.search import Searcher
from ranking import calibrations
from ranking.cutoff import Thresholds
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
def thresholds() -> Thresholds:
    """The thresholds of the cutoff; without columns, so that nothing is cut, until the test adds some."""
    return Thresholds(rule="by hand", data="made up")


@pytest.fixture()
def landmark_thresholds() -> Thresholds:
    """The thresholds of landmarks; without columns, so that none is named, until the test adds some."""
    return Thresholds(rule="by hand", data="made up")


@pytest.fixture()
def calibrated(monkeypatch: pytest.MonkeyPatch, thresholds: Thresholds, landmark_thresholds: Thresholds) -> None:
    """Searches use these thresholds, in place of the packaged ones and of those of the installation."""
    packaged = {calibrations.PACKAGED_CUTOFF: thresholds, calibrations.PACKAGED_LANDMARKS: landmark_thresholds}
    monkeypatch.setattr(calibrations, "_packaged", packaged.__getitem__)
    monkeypatch.setattr(calibrations, "_installed", lambda folder, mark: calibrations.NONE_INSTALLED)


@pytest.fixture()
def stub() -> StubExtractor:
    """The feature extractor of the image asked with."""
    return StubExtractor()


@pytest.fixture()
def searcher(client: OpenSearch, live_settings: Settings, stub: StubExtractor, calibrated: None) -> Searcher:
    """Asks the live server; by rank fusion, whose order is known by heart."""
    return Searcher(Context(live_settings.model_copy(update={"ranker": "fusion"}), client), lambda: stub)
