"""The live server, with everything that a test makes taken away afterwards."""

from collections.abc import Iterator

import pytest
from opensearchpy import OpenSearch

from engine.connections import connect
from engine.settings import Settings
from mappings import versions
from tests.factors.scenes import Live


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
