"""Judging: blind, by keys, with a way back; and what is made of it."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.web.judging_doubles import FakeJudgements
from tests.web.web_doubles import FakeSearcher, a_result, sha


@pytest.fixture()
def kept() -> FakeJudgements:
    return FakeJudgements()


@pytest.fixture()
def searcher() -> FakeSearcher:
    return FakeSearcher(results=[a_result(seed) for seed in range(60)])


@pytest.fixture()
def judges(make_app: Callable[..., Flask], kept: FakeJudgements, searcher: FakeSearcher) -> Flask:
    return make_app({"judgements": kept, "searcher": searcher})


def sheet(client: FlaskClient, rater: str = "Ada", question: str = "text=red") -> Any:
    return client.get(f"/api/v1/judge?{question}&rater={rater}").get_json()


def judge(client: FlaskClient, topic: str, document: str, grade: Any, rater: str = "Ada") -> Any:
    return client.put("/api/v1/judge", json={"topic": topic, "document": document, "grade": grade, "rater": rater})


def test_the_order_is_blind_a_raters_own_and_the_same_every_time(judges: Flask) -> None:
    client = judges.test_client()
    orders = [[d["id"] for d in sheet(client, rater)["documents"]] for rater in ("Ada", "Ada", "Bob")]
    ranked = [sha(seed) for seed in range(60)]
    assert orders[0] == orders[1] != orders[2] and set(orders[0]) == set(orders[2])
    assert orders[0] != sorted(orders[0], key=ranked.index)
    assert set(ranked[:20]) < set(orders[0]), "the first results, and a few from farther below"
    assert len(orders[0]) == 25
    assert not {"score", "position", "why", "factors"} & set(sheet(client)["documents"][0])


def test_grades_are_kept_replaced_and_taken_back(judges: Flask) -> None:
    client = judges.test_client()
    topic = sheet(client)["topic"]["id"]
    for grade in (1, 4):
        assert judge(client, topic, sha(3), grade).get_json()["grade"] == grade
    grades = {d["id"]: d["grade"] for d in sheet(client)["documents"]}
    assert grades[sha(3)] == 4 and sheet(client)["done"] == 1
    assert sheet(client, "Bob")["done"] == 0, "a rater does not see the grades of others"
    undo = {"topic": topic, "document": sha(3), "rater": "Ada"}
    assert client.delete("/api/v1/judge", json=undo).get_json() == {"grade": 1}
    assert client.delete("/api/v1/judge", json=undo).get_json() == {"grade": None}
    assert client.delete("/api/v1/judge", json=undo).status_code == 404


@pytest.mark.parametrize("grade", [5, -1, "good", None])
def test_what_is_no_grade_is_refused(judges: Flask, kept: FakeJudgements, grade: Any) -> None:
    client = judges.test_client()
    assert judge(client, sheet(client)["topic"]["id"], sha(1), grade).status_code == 400
    assert not kept.given


def test_questions_that_nobody_asked_and_raters_without_a_name_are_refused(judges: Flask) -> None:
    client = judges.test_client()
    assert judge(client, "nosuch", sha(1), 3).status_code == 404
    assert client.get("/api/v1/judge?rater=Ada").status_code == 400, "there is no question"
    assert client.get("/api/v1/judge?text=red").status_code == 400, "nobody says who judges"
    assert client.get("/api/v1/judge?text=red&rater=%00").status_code == 400


def test_agreement_and_files(judges: Flask) -> None:
    client = judges.test_client()
    topic = sheet(client)["topic"]["id"]
    for rater, grades in (("Ada", (4, 0, 4, 0, 2)), ("Bob", (4, 0, 4, 1, 2))):
        for seed, grade in enumerate(grades):
            judge(client, topic, sha(seed), grade, rater)
    overview = client.get("/api/v1/judgements").get_json()
    assert overview["agreement"]["fleiss"] == pytest.approx(0.714, abs=0.01) and overview["topics"][0]["raters"] == [
        "Ada",
        "Bob",
    ]
    assert "substantial" in client.get("/judgements").text
    qrels = client.get("/api/v1/judgements/export?format=qrels").text.splitlines()
    assert f"{topic} 0 {sha(0)} 4" in qrels and len(qrels) == 10
    assert client.get("/api/v1/judgements/export?format=quepid").text.startswith("query,docid,rating\nred,")
    assert '"text":"red"' in client.get("/api/v1/judgements/export?format=topics").text


def test_the_page_asks_for_a_name_first(judges: Flask) -> None:
    client = judges.test_client()
    assert "Who judges?" in client.get("/judge?text=red").text
    assert "Judge these results" in client.get("/search?text=red").text


@pytest.mark.browser
def test_keys_grade_arrows_move_and_u_takes_back(
    judges: Flask, kept: FakeJudgements, serve: Callable[[Flask], str], open_page: Callable[..., Any]
) -> None:
    page = open_page(serve(judges) + "/judge?text=red")
    page.get_by_label("Name").fill("Ada")
    page.get_by_role("button", name="Begin").click()
    page.locator("[data-card]:focus").wait_for()
    first, second = (page.locator("[data-card]").nth(at).get_attribute("data-card") for at in (0, 1))
    page.keyboard.press("4")
    page.locator("[data-done]:text-is('1')").wait_for()
    page.locator(f'[data-card="{second}"]:focus').wait_for()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("2")
    page.locator("[data-done]:text-is('2')").wait_for()
    page.wait_for_timeout(300)
    given = {j.document: (j.grade, j.rater) for j in kept.all()}
    assert given == {first: (4, "Ada"), second: (2, "Ada")}
    page.keyboard.press("u")
    page.locator("[data-done]:text-is('1')").wait_for()
    page.reload()
    page.locator("[data-card]").first.wait_for()
    assert page.locator("[data-done]").inner_text() == "1", "the grade is still there"
    assert page.locator("[data-card]").first.get_attribute("data-grade") == "4"
    page.locator("[data-card]").nth(5).get_by_role("button", name="3", exact=True).click()
    page.locator("[data-done]:text-is('2')").wait_for()
    assert page.locator("[data-card]").count() == 25
