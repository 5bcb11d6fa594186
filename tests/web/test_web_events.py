"""Searches and clicks are logged of those who agreed, and of nobody else."""

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from opensearchpy import OpenSearch

from engine.connections import connect
from engine.settings import Settings
from ranking.clicks import ubi
from ranking.clicks.log import Log
from ranking.clicks.models import clicked, judged
from ranking.clicks.ubi import Behaviour
from tests.web.judging_doubles import FakeJudgements
from tests.web.web_doubles import sha

BROWSER = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"}


class FakeLog:
    """Remembers what it was given."""

    dropped = 0

    def __init__(self) -> None:
        self.searches: dict[str, Any] = {}
        self.events: dict[str, Any] = {}

    def search(self, query_id: str, record: Any) -> None:
        self.searches[query_id] = record

    def event(self, name: str, record: Any) -> None:
        self.events[name] = record


@pytest.fixture()
def log() -> FakeLog:
    return FakeLog()


@pytest.fixture()
def visitor(make_app: Callable[..., Flask], log: FakeLog) -> FlaskClient:
    client = make_app({"log": log, "forget": lambda client: 7}).test_client()
    client.environ_base["HTTP_USER_AGENT"] = BROWSER["User-Agent"]
    return client


def agree(client: FlaskClient, yes: bool = True) -> Any:
    answer = client.post("/api/v1/consent", json={"agree": yes}).get_json()
    client.environ_base["HTTP_X_CSRFTOKEN"] = client.get("/api/v1/sign-in").get_json()["csrf_token"]
    return answer


def test_nothing_is_logged_before_a_visitor_agrees(visitor: FlaskClient, log: FakeLog) -> None:
    page = visitor.get("/search?text=red").text
    assert "May this server remember" in page and "data-query" not in page
    visitor.post("/api/v1/events", json={"events": [event()]})
    assert not log.searches and not log.events


def event(action: str = "click", **changes: Any) -> dict[str, Any]:
    return {"query_id": "a" * 32, "action": action, "document": sha(1), "position": 2} | changes


def test_who_agreed_is_logged_with_the_table_that_was_served(visitor: FlaskClient, log: FakeLog) -> None:
    assert agree(visitor) == {"agreed": True, "forgotten": 0}
    page = visitor.get("/search?text=red").text
    assert "data-query" in page and "Stop, and delete them" in page
    (record,) = log.searches.values()
    assert record["user_query"] == "red" and record["application"] == "omma"
    assert record["query_response_hit_ids"][0] == sha(0) and record["query_attributes"]["ranker"] == "fusion"
    assert ubi.unpacked(record["omma"]["candidate_set"]).table[sha(0)]
    assert "127.0.0.1" not in json.dumps(record) and "Mozilla" not in json.dumps(record)
    assert visitor.post("/api/v1/events", json={"events": [event("impression"), event()]}).get_json() == {"taken": 2}
    assert {e["client_id"] for e in log.events.values()} == {record["client_id"]}
    visitor.post("/api/v1/events", json={"events": [event()]})
    assert len(log.events) == 2, "what is sent twice counts once"


def test_consent_can_be_taken_back_and_everything_is_deleted(visitor: FlaskClient, log: FakeLog) -> None:
    agree(visitor)
    assert agree(visitor, yes=False) == {"agreed": False, "forgotten": 7}
    page = visitor.get("/search?text=red").text
    assert not log.searches and "data-query" not in page and "May this server remember" not in page


def test_the_form_works_without_scripts(visitor: FlaskClient, log: FakeLog) -> None:
    token = visitor.get("/api/v1/sign-in").get_json()["csrf_token"]
    answer = visitor.post("/consent", data={"agree": "yes", "next": "/search?text=red", "csrf_token": token})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/search?text=red")
    visitor.get("/search?text=red")
    assert len(log.searches) == 1


@pytest.mark.parametrize("header", [{"DNT": "1"}, {"Sec-GPC": "1"}, {"User-Agent": "Googlebot/2.1"}, {"User-Agent": ""}])
def test_refusals_and_robots_are_heeded(visitor: FlaskClient, log: FakeLog, header: dict[str, str]) -> None:
    agree(visitor)
    visitor.get("/search?text=red", headers=header)
    assert not log.searches


def marks(kept: FakeJudgements) -> list[tuple[str, str, int]]:
    return [(kept.asked[one.topic].text, one.document, one.grade) for one in kept.all()]


def test_a_mark_is_a_judgement_of_who_agreed(make_app: Callable[..., Flask], log: FakeLog) -> None:
    kept = FakeJudgements()
    client = make_app({"log": log, "judgements": kept}).test_client()
    client.environ_base["HTTP_USER_AGENT"] = BROWSER["User-Agent"]
    asked = {"text": "red", "more": [sha(1)]}
    answer = client.post("/api/v1/mark", json=asked | {"mark": f"less:{sha(2)}"}).get_json()
    address = f"/search?text=red&more={sha(1)}&less={sha(2)}"
    assert answer == {"more": [sha(1)], "less": [sha(2)], "address": address, "logged": False} and not kept.asked
    agree(client)
    for mark in (f"less:{sha(2)}", f"more:{sha(3)}"):
        assert client.post("/api/v1/mark", json=asked | {"mark": mark}).get_json()["logged"]
    assert marks(kept) == [("red", sha(2), 0), ("red", sha(3), 3)], "of the question without its marks"
    assert {(one.source, bool(one.rater)) for one in kept.all()} == {("marks", True)}
    back = client.post("/api/v1/mark", json=asked | {"mark": f"none:{sha(3)}"}).get_json()
    assert back["more"] == [sha(1)] and marks(kept) == [("red", sha(2), 0)]
    client.get(address)
    assert not log.searches, "a moved question is another one than its topic"
    alone = client.post("/api/v1/mark", json={"more": [sha(1)], "mark": f"less:{sha(2)}"}).get_json()
    assert not alone["logged"], "marks alone are no question to judge"


@pytest.mark.parametrize("mark", ["", "more:", f"best:{sha(1)}", f"more:{sha(1)[:8]}", f"more:{sha(1)}&"])
def test_a_mark_that_is_none_is_refused(visitor: FlaskClient, mark: str) -> None:
    token = {"X-CSRFToken": visitor.get("/api/v1/sign-in").get_json()["csrf_token"]}
    assert visitor.post("/api/v1/mark", json={"text": "red", "mark": mark}, headers=token).status_code == 400


def test_a_program_agrees_by_naming_itself(visitor: FlaskClient, log: FakeLog) -> None:
    visitor.get("/api/v1/search?text=red", headers={"X-Omma-Client": "my-shop-0001"})
    assert [record["client_id"] for record in log.searches.values()] == ["my-shop-0001"]


def test_logging_can_be_switched_off_and_on_for_all(make_app: Callable[..., Flask], log: FakeLog) -> None:
    for events, count in (("off", 0), ("on", 1)):
        client = make_app({"log": log}, events=events).test_client()
        client.get("/search?text=red", headers=BROWSER)
        assert len(log.searches) == count


@pytest.mark.parametrize(
    "wrong", [{"query_id": "<script>"}, {"action": "buy"}, {"position": 0}, {"document": ""}, {"more": 1}, {"position": 10**9}]
)
def test_what_is_no_event_is_refused(visitor: FlaskClient, log: FakeLog, wrong: dict[str, Any]) -> None:
    agree(visitor)
    assert visitor.post("/api/v1/events", json={"events": [event(**wrong)]}).status_code == 400
    assert visitor.post("/api/v1/events", json={"events": [event()] * 201}).status_code == 400
    assert not log.events


@pytest.mark.browser
def test_the_page_logs_impressions_and_clicks(
    make_app: Callable[..., Flask], serve: Callable[[Flask], str], open_page: Callable[..., Any], log: FakeLog
) -> None:
    page = open_page(serve(make_app({"log": log})) + "/search?text=red", user_agent=BROWSER["User-Agent"])
    page.get_by_role("button", name="Yes", exact=True).click()
    page.wait_for_url("**/search?text=red")
    page.wait_for_timeout(1500)
    page.locator("[data-document] a.shot").first.click()
    page.wait_for_url("**/picture/**")
    end = time.monotonic() + 10
    while not any("click" in name for name in log.events) and time.monotonic() < end:
        page.wait_for_timeout(100)
    done = {(e["action_name"], e["event_attributes"]["object"]["object_id"]) for e in log.events.values()}
    assert ("click", sha(0)) in done and ("impression", sha(0)) in done
    assert len([action for action, _ in done if action == "click"]) == 1


@pytest.fixture()
def kept(live_settings: Settings) -> Any:
    """The real indices, under names of their own."""
    prefix = live_settings.index_prefix
    settings = live_settings.model_copy(update={"ubi_queries": f"{prefix}-ubi_queries", "ubi_events": f"{prefix}-ubi_events"})
    client = connect(settings)
    yield client, settings, Behaviour(client, settings)
    for name in (settings.ubi_queries, settings.ubi_events):
        client.indices.delete(index=name, ignore_unavailable=True)


@pytest.mark.engine
def test_a_chosen_goal_is_read_with_its_guess_and_is_no_click(
    kept: tuple[OpenSearch, Settings, Behaviour], make_app: Callable[..., Flask]
) -> None:
    client, _, behaviour = kept
    log = Log(behaviour)
    program = make_app({"log": log, "forget": behaviour.forget_client}).test_client()
    header = {"X-Omma-Client": "program-1"} | BROWSER
    asked = program.get(f"/api/v1/search?like={sha(0)}", headers=header).get_json()
    body = {"like": sha(0), "goal": "shop", "query_id": asked["query_id"]}
    token = {"X-CSRFToken": program.get("/api/v1/sign-in", headers=header).get_json()["csrf_token"]}
    assert program.post("/api/v1/goal", json=body, headers=header | token).get_json()["logged"]
    log.flush()
    client.indices.refresh(index=behaviour.events.index)
    client.indices.refresh(index=behaviour.queries.index)
    (label,) = behaviour.goals()
    assert (label.query_id, label.goal, label.guessed) == (asked["query_id"], "shop", "read")
    assert not list(behaviour.done()) and behaviour.forget_client("program-1") == 2


@pytest.mark.engine
def test_what_was_logged_becomes_something_to_learn_from(
    kept: tuple[OpenSearch, Settings, Behaviour], make_app: Callable[..., Flask]
) -> None:
    client, settings, behaviour = kept
    log = Log(behaviour)
    app = make_app({"log": log, "forget": behaviour.forget_client})
    for number in range(6):
        program = app.test_client()
        header = {"X-Omma-Client": f"program-{number}"} | BROWSER
        program.get("/api/v1/search?text=red", headers=header)
    log.flush()
    client.indices.refresh(index=settings.ubi_queries)
    (search, *_) = list(behaviour.served())
    sent = [event("impression", query_id=search.query_id, document=d, position=n + 1) for n, d in enumerate(search.shown[:5])]
    sent.append(event("click", query_id=search.query_id, document=search.shown[2], position=3))
    app.test_client().post("/api/v1/events", json={"events": sent}, headers={"X-Omma-Client": search.client} | BROWSER)
    log.flush()
    client.indices.refresh(index=settings.ubi_events)
    chosen = settings.model_copy(update={"click_support": 1})
    topics, judgements = judged(client, chosen)
    assert [topic.text for topic in topics] == ["red"]
    assert max(judgements, key=lambda j: j.grade).document == search.shown[2]
    (example,) = clicked(client, chosen)
    assert example.candidate_set.table.keys() == search.candidate_set.table.keys() and example.grades[search.shown[2]] == 4
    assert judged(client, chosen.model_copy(update={"click_support": 2}))[1] == [], "too few impressions say nothing"
    assert behaviour.forget_client(search.client) == 7
    assert ubi.forget(client, settings) == 0, "nothing is old yet"


def test_a_log_that_cannot_write_loses_events_and_nothing_else(settings: Settings) -> None:
    away = settings.model_copy(update={"opensearch_url": "http://127.0.0.1:1"})
    log = Log(Behaviour(connect(away), away))
    log.search("a" * 32, {"application": "omma"})
    log.flush(20)
    assert log.dropped == 1
