"""The bulk writer: every action gets one result, an overloaded server is waited for, requests stay small."""

import json
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from opensearchpy import OpenSearch
from opensearchpy.exceptions import ConnectionError as ClientConnectionError
from opensearchpy.exceptions import TransportError

from engine.connections import connect
from engine.errors import EngineUnavailable, OmmaError
from engine.settings import Settings
from mappings import bulk
from mappings.bulk import Action, Result, Status, write, write_all


@pytest.fixture()
def client(opensearch_url: str) -> OpenSearch:
    return connect(Settings(opensearch_url=opensearch_url))


@pytest.fixture()
def index(client: OpenSearch) -> Iterator[str]:
    name = f"bulk-{uuid.uuid4().hex[:8]}"
    fields = {"number": {"type": "integer"}}
    body = {"settings": {"number_of_replicas": 0}, "mappings": {"dynamic": "strict", "properties": fields}}
    client.indices.create(index=name, body=body)
    yield name
    client.indices.delete(index=name, ignore_unavailable=True)


def by_id(results: list[Result]) -> dict[str, Status]:
    return {result.action.id: result.status for result in results}


@pytest.mark.engine
def test_every_action_gets_its_own_result(client: OpenSearch, index: str) -> None:
    write_all(client, [Action("index", index, i, {"number": 1}) for i in ("there", "moved", "gone")])
    stale = client.get(index=index, id="moved")
    client.index(index=index, id="moved", body={"number": 2})
    results = write(
        client,
        [
            Action("create", index, "new", {"number": 1}),
            Action("create", index, "there", {"number": 1}),
            Action("index", index, "moved", {"number": 3}, position=(stale["_seq_no"], stale["_primary_term"])),
            Action("index", index, "wrong", {"number": "many"}),
            Action("delete", index, "gone"),
            Action("delete", index, "never"),
        ],
        refresh=True,
    )
    assert by_id(results) == {
        "new": Status.WRITTEN, "there": Status.CONFLICT, "moved": Status.CONFLICT, "wrong": Status.REFUSED,
        "gone": Status.WRITTEN, "never": Status.MISSING,
    }  # fmt: skip
    (refused,) = (result for result in results if result.status is Status.REFUSED)
    assert "failed to parse field [number]" in refused.reason and 'For input string: "many"' in refused.reason
    assert client.count(index=index)["count"] == 3
    with pytest.raises(OmmaError, match="does not take wrong"):
        write_all(client, [Action("index", index, "wrong", {"number": "many"})])


@pytest.mark.engine
def test_a_copy_never_replaces_a_later_state(client: OpenSearch, index: str) -> None:
    write_all(client, [Action("index", index, "a", {"number": 7}, version=7)])
    again = write(client, [Action("index", index, "a", {"number": 6}, version=6)])
    assert by_id(again) == {"a": Status.CONFLICT}
    assert client.get(index=index, id="a")["_source"] == {"number": 7}


@pytest.mark.engine
def test_an_index_that_takes_no_writes_is_named(client: OpenSearch, index: str) -> None:
    client.indices.add_block(index=index, block="write")
    assert by_id(write(client, [Action("index", index, "a", {"number": 1})])) == {"a": Status.BLOCKED}
    with pytest.raises(EngineUnavailable, match=f"{index} takes no writes now"):
        write_all(client, [Action("index", index, "a", {"number": 1})])
    assert by_id(write(client, [Action("delete", f"{index}-never", "a")])) == {"a": Status.NO_INDEX}


class Server:
    """A client whose bulk requests get the answers of a script; afterwards every action is taken."""

    def __init__(self, *script: Callable[[list[Any]], dict[str, Any]]) -> None:
        self.script, self.requests = list(script), list[str]()
        self.transport = OpenSearch().transport

    def bulk(self, body: str, **_options: Any) -> dict[str, Any]:
        self.requests.append(body)
        actions = [line for line in map(json.loads, body.splitlines()) if line.keys() <= {"index", "create", "delete"}]
        return (self.script.pop(0) if self.script else taken)(actions)


def taken(actions: list[Any]) -> dict[str, Any]:
    return {"items": [{kind: target | {"status": 201}} for action in actions for kind, target in action.items()]}


def overloaded(status: int) -> Callable[[list[Any]], dict[str, Any]]:
    """Turns the first action away."""

    def answer(actions: list[Any]) -> dict[str, Any]:
        answered = taken(actions)
        answered["items"][0]["index"] |= {"status": status, "error": {"type": "rejected", "reason": "full"}}
        return answered

    return answer


def failing(error: Exception) -> Callable[[list[Any]], dict[str, Any]]:
    def answer(_actions: list[Any]) -> dict[str, Any]:
        raise error

    return answer


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "pause", lambda attempt: None)


def actions(number: int, size: int = 1) -> list[Action]:
    return [Action("index", "i", str(i), {"text": "x" * size}) for i in range(number)]


def test_only_actions_that_an_overloaded_server_turned_away_are_sent_again() -> None:
    refused = failing(TransportError(503, "unavailable"))
    server = Server(overloaded(429), overloaded(503), refused)
    results = write(server, actions(3))  # type: ignore[arg-type]
    assert by_id(results) == dict.fromkeys("012", Status.WRITTEN)
    assert [body.count("_id") for body in server.requests] == [3, 1, 1, 1]


def test_a_server_that_stays_overloaded_or_away_is_unavailable() -> None:
    with pytest.raises(EngineUnavailable, match="did not take 1 writes"):
        write(Server(*[overloaded(429)] * 20), actions(2))  # type: ignore[arg-type]
    away = Server(failing(ClientConnectionError("N/A", "refused", OSError())))
    with pytest.raises(EngineUnavailable, match="cannot be reached"):
        write(away, actions(2))  # type: ignore[arg-type]


def test_an_internal_error_that_stays_is_the_documents_own() -> None:
    results = write(Server(*[overloaded(500)] * 20), actions(2))  # type: ignore[arg-type]
    assert by_id(results) == {"0": Status.REFUSED, "1": Status.WRITTEN}


def test_requests_are_bounded_by_bytes_and_by_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "CHUNK_BYTES", 10_000)
    server = Server()
    write(server, actions(9, size=3000))  # type: ignore[arg-type]
    assert len(server.requests) == 3 and max(map(len, server.requests)) <= 10_000
    many = Server()
    write(many, actions(bulk.CHUNK_ACTIONS + 1))  # type: ignore[arg-type]
    assert len(many.requests) == 2
