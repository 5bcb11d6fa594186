"""The live server with a small collection; nothing is cut unless a test says so."""

from collections.abc import Callable, Iterator

import pytest
from opensearchpy import OpenSearch

from engine.client import connect
from engine.settings import Settings
from mappings import versions
from query.search import Searcher
from ranking import cut
from ranking.cut import Thresholds
from tests.factors.scenes import Live
from tests.query.query_scenes import Told, collection

Ask = Callable[..., Searcher]


@pytest.fixture()
def client(live_settings: Settings) -> Iterator[OpenSearch]:
    """The server; whatever was made under the test's prefix is gone afterwards."""
    connected = connect(live_settings)
    yield connected
    for index in connected.indices.get(index=f"{live_settings.index_prefix}-*", params={"expand_wildcards": "all"}):
        connected.indices.delete(index=index)
    connected.indices.delete_index_template(name=versions.alias(live_settings), ignore=404)


@pytest.fixture()
def live(client: OpenSearch, live_settings: Settings) -> Live:
    """An empty index with all factors' fields."""
    return Live(client, live_settings)


@pytest.fixture()
def full(live: Live) -> Live:
    """The index with the collection."""
    live.put(collection())
    return live


@pytest.fixture()
def thresholds(monkeypatch: pytest.MonkeyPatch) -> Thresholds:
    """Those that searches go by; without columns, so that nothing is cut, until the test adds some."""
    told = Thresholds(profile="packaged", rule="by hand", data="made up")
    monkeypatch.setattr(cut, "load", lambda profile: told)
    return told


@pytest.fixture()
def told() -> Told:
    """What looks at pictures asked with."""
    return Told()


@pytest.fixture()
def searcher(client: OpenSearch, live_settings: Settings, told: Told, thresholds: Thresholds) -> Searcher:
    """Asks the live server."""
    return Searcher(live_settings, client, looks=lambda: told)
