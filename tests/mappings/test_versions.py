"""Versions of the index behind their alias, on the live server."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from opensearchpy import OpenSearch
from opensearchpy.exceptions import RequestError

from engine.connections import connect
from engine.errors import NotFoundError
from engine.settings import Settings
from mappings import template, versions

pytestmark = pytest.mark.engine


@pytest.fixture()
def client(live_settings: Settings) -> Iterator[OpenSearch]:
    connected = connect(live_settings)
    yield connected
    for index in versions.all_indices(connected, live_settings):
        connected.indices.delete(index=index)
    connected.indices.delete_index_template(name=versions.alias(live_settings), ignore=404)


def made(settings: Settings, fingerprint: str = "e@1") -> dict[str, Any]:
    meta = versions.record_weights({"f": ["embedding"]}, {"embedding": fingerprint})
    return template.index_body({"f": {"hue": {"type": "keyword"}}}, meta, settings)


def test_many_workers_make_one_index(client: OpenSearch, live_settings: Settings) -> None:
    with ThreadPoolExecutor(8) as pool:
        jobs = [
            pool.submit(versions.ensure, connect(live_settings), live_settings, lambda: made(live_settings)) for _ in range(8)
        ]
        names = {job.result() for job in jobs}
    assert names == {versions.alias(live_settings)}
    assert versions.all_indices(client, live_settings) == [versions.index_name(live_settings, 1)]
    assert versions.current_index(client, live_settings) == f"{live_settings.index_prefix}-pictures-000001"


def test_without_an_index_the_error_says_what_to_do(client: OpenSearch, live_settings: Settings) -> None:
    with pytest.raises(NotFoundError, match="omma ingest"):
        versions.current_index(client, live_settings)


def test_meta_comes_back_from_the_mapping(client: OpenSearch, live_settings: Settings) -> None:
    versions.ensure(client, live_settings, lambda: made(live_settings))
    meta = versions.meta(client, live_settings)
    assert meta["factors"] == {"f": {"embedding": "e@1"}}
    assert meta["version"] == 1


def test_the_alias_moves_at_once(client: OpenSearch, live_settings: Settings) -> None:
    versions.ensure(client, live_settings, lambda: made(live_settings))
    old = versions.current_index(client, live_settings)
    new = versions.create_version(client, live_settings, 2, made(live_settings, "e@2"))
    assert versions.current_index(client, live_settings) == old
    versions.switch(client, live_settings, old, new)
    assert versions.current_index(client, live_settings) == new
    assert versions.meta(client, live_settings)["factors"] == {"f": {"embedding": "e@2"}}
    assert versions.version_of(new) == 2


def test_an_unknown_field_is_refused(client: OpenSearch, live_settings: Settings) -> None:
    alias = versions.ensure(client, live_settings, lambda: made(live_settings))
    client.index(index=alias, id="a", body={"hue": "red", "width": 3})
    with pytest.raises(RequestError, match="strict_dynamic_mapping_exception"):
        client.index(index=alias, id="b", body={"hu": "red"})
