"""The live server with a small collection; nothing is cut unless a test says so."""

from collections.abc import Callable

import pytest
from opensearchpy import OpenSearch

from engine.context import Context
from engine.settings import Settings
from query.search import Searcher
from ranking.calibrations import Calibrations, InUse
from ranking.cutoff import Thresholds
from tests.factors.conftest import client, live
from tests.factors.scenes import Live
from tests.query.query_scenes import Told, collection

__all__ = ["client", "live"]  # fixtures that the tests of this folder use, too

Ask = Callable[..., Searcher]


@pytest.fixture()
def full(live: Live) -> Live:
    """The index with the collection."""
    live.put(collection())
    return live


@pytest.fixture()
def thresholds(monkeypatch: pytest.MonkeyPatch) -> Thresholds:
    """Those that searches go by; without columns, so that nothing is cut, until the test adds some."""
    made = Thresholds(rule="by hand", data="made up")
    monkeypatch.setattr(Calibrations, "in_use", lambda self, fingerprints: InUse(made, made))
    return made


@pytest.fixture()
def told() -> Told:
    """What looks at pictures asked with."""
    return Told()


@pytest.fixture()
def searcher(client: OpenSearch, live_settings: Settings, told: Told, thresholds: Thresholds) -> Searcher:
    """Asks the live server; by rank fusion, whose order is known by heart."""
    return Searcher(Context(live_settings.model_copy(update={"ranker": "fusion"}), client), lambda: told)
