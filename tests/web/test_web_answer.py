"""The answer above the results: the goal and its parts, at once or as they are ready, with scripts and without."""

import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from answers.intent.goals import GOALS
from engine.errors import EngineUnavailable
from query.answer import AnswerPart, PartItem
from tests.web.answering_doubles import FakeAnswering, a_text_part, an_offer_part
from tests.web.csrf import csrf_token
from tests.web.test_web_events import BROWSER, FakeLog, agree
from tests.web.web_doubles import HOSTILE, FakeSearcher, picture_bytes, sha

Make = Callable[..., Flask]
QUESTION = f"/search?like={sha(0)}"
TAGS = AnswerPart(
    name="later", title="Later", reason="It takes longer.", items=[PartItem(text=f"snail {HOSTILE}", document=sha(3))]
)  # fmt: skip


@pytest.fixture()
def answering() -> FakeAnswering:
    return FakeAnswering(FakeSearcher(), parts=[a_text_part(), an_offer_part()], waits=[TAGS])


@pytest.fixture()
def app(make_app: Make, answering: FakeAnswering) -> Flask:
    return make_app({"answering": answering})


def test_the_page_shows_the_goal_and_what_is_there_at_once(client: FlaskClient) -> None:
    page = client.get(QUESTION).text
    assert "It has many lines of text." in page and 'value="read" aria-pressed="true"' in page
    assert "TOTAL 12.50" in page and "<script>alert" not in page
    assert "3 lines could be read." in page and "10.50" in page and "https://shop.example/1" in page
    assert 'data-part="later"' in page and "aria-busy=true" in page and "snail" not in page
    assert "complete=true" in page, "without scripts the next load shows it"
    assert "snail" in client.get(QUESTION + "&complete=true").text


def test_words_alone_and_further_pages_have_results_only(client: FlaskClient) -> None:
    assert "data-parts" not in client.get("/search?text=red").text
    assert "data-parts" not in client.get(QUESTION + "&page=2").text


def test_programs_get_the_same_parts_whole(client: FlaskClient) -> None:
    begun = client.get(f"/api/v1/search?like={sha(0)}").get_json()
    assert [(part["name"], part["pending"]) for part in begun["parts"]] == [
        ("text", False), ("products", False), ("later", True),
    ]  # fmt: skip
    whole = client.get(f"/api/v1/ask?like={sha(0)}").get_json()
    assert whole["parts"][-1]["items"][0]["text"].startswith("snail") and whole["results"]
    assert whole["intent"]["goal"] == "read" and set(whole["intent"]["probabilities"]) == set(GOALS)
    sent = client.post("/api/v1/ask?goal=shop", data={"image": (io.BytesIO(picture_bytes()), "a.png")})
    assert sent.get_json()["intent"] | {"reason": ""} == whole["intent"] | {
        "goal": "shop", "by": "chosen", "probability": 1.0, "reason": "",
    }  # fmt: skip


def test_who_asks_is_told_to_the_parts(client: FlaskClient, answering: FakeAnswering) -> None:
    client.get(QUESTION + "&goal=place", headers={"Accept-Language": "de-CH,en;q=0.5"})
    assert answering.asking[-1].goal == "place" and answering.asking[-1].languages == ("de", "en")
    assert client.get(QUESTION + "&goal=nonsense").status_code == 400


def events_of(text: str) -> list[tuple[str, dict[str, str]]]:
    """Name and data of each event."""
    lines = [block.split("\n") for block in text.strip().split("\n\n")]
    return [(event.removeprefix("event: "), json.loads(data.removeprefix("data: "))) for event, data in lines]


def test_later_parts_come_as_events(client: FlaskClient, answering: FakeAnswering) -> None:
    response = client.get(f"/search/parts?like={sha(0)}&query_id=abc1")
    assert response.mimetype == "text/event-stream" and "'unsafe-inline'" not in response.headers["Content-Security-Policy"]
    (name, part), (end, _) = events_of(response.text)
    assert (name, part["name"], end) == ("part", "later", "done")
    assert "snail" in part["html"] and "<script>" not in part["html"]
    answering.fails = EngineUnavailable("OpenSearch does not answer")
    assert [name for name, _ in events_of(client.get(f"/search/parts?like={sha(0)}").text)] == ["part", "trouble", "done"]


def test_a_chosen_goal_leads_and_is_remembered_in_the_session(client: FlaskClient, answering: FakeAnswering) -> None:
    form = {"like": sha(0), "goal": "shop", "query_id": "ab" * 16, "csrf_token": csrf_token(client)}
    gone = client.post("/goal", data=form, headers={"Origin": "http://localhost"})
    assert gone.status_code == 303 and gone.headers["Location"].endswith(f"like={sha(0)}&goal=shop")
    assert "You chose what is shown first." in client.get(gone.headers["Location"]).text
    client.get(QUESTION)
    assert answering.asking[-1].last == "shop" and answering.asking[-1].goal is None


def test_a_chosen_goal_is_a_label_of_who_agreed_only(make_app: Make, answering: FakeAnswering) -> None:
    log = FakeLog()
    app = make_app({"answering": answering, "log": log})
    stranger, client = app.test_client(), app.test_client()
    client.environ_base["HTTP_USER_AGENT"] = BROWSER["User-Agent"]
    body = {"like": sha(0), "goal": "shop", "query_id": "ab" * 16}
    assert stranger.post("/api/v1/goal", json=body).get_json()["logged"] is False and not log.events
    agree(client)
    client.get(QUESTION)
    assert next(iter(log.searches.values()))["query_attributes"]["goal"] == "read"
    assert client.post("/api/v1/goal", json=body).get_json()["logged"] is True
    (record,) = log.events.values()
    assert (record["action_name"], record["message"], record["query_id"]) == ("goal", "shop", "ab" * 16)


@pytest.mark.browser()
def test_a_browser_puts_later_parts_in_their_place(open_page: Any, serve: Callable[[Flask], str], app: Flask) -> None:
    page = open_page(serve(app) + QUESTION)
    page.get_by_text("snail").wait_for(state="attached")
    assert page.locator("[data-part=later]").get_attribute("aria-busy") is None
    page.locator("[data-part=later] > summary").focus()
    page.keyboard.press("Enter")
    assert page.locator("[data-part=later] img").is_visible()
    assert page.locator("[data-part=text] [data-copy]").first.is_visible()


@pytest.mark.browser()
@pytest.mark.parametrize("scripts", [True, False])
def test_one_click_changes_the_goal(open_page: Any, serve: Callable[[Flask], str], app: Flask, scripts: bool) -> None:
    page = open_page(serve(app) + QUESTION, java_script_enabled=scripts, viewport={"width": 360, "height": 780})
    page.get_by_role("button", name="Buy it").press("Enter")
    page.wait_for_url("**goal=shop**")
    assert page.get_by_role("button", name="Buy it").get_attribute("aria-pressed") == "true"
    if not scripts:
        page.locator("[data-part=later] > summary").click()
        page.get_by_role("link", name="Wait for it").click()
        page.wait_for_url("**complete=true**")
        page.locator("[data-part=later] > summary").click()
        assert page.get_by_text("snail").is_visible()
    page.get_by_role("link", name="Let Omma guess").click()
    page.wait_for_url(lambda url: "goal=" not in url)


@pytest.mark.browser()
@pytest.mark.parametrize("width", [360, 1440])
def test_the_answer_is_not_wider_than_the_screen(
    open_page: Any, serve: Callable[[Flask], str], app: Flask, width: int
) -> None:  # fmt: skip
    page = open_page(serve(app) + QUESTION, viewport={"width": width, "height": 780})
    page.get_by_text("snail").wait_for(state="attached")
    page.evaluate("document.querySelectorAll('details.part').forEach((part) => { part.open = true; })")
    assert page.evaluate("document.documentElement.scrollWidth") == width
