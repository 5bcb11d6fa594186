"""What a picture shows, for programs and as a part of a page; and the judgement that it is wrong."""

import io
from collections.abc import Callable

import pytest
from flask import Flask, render_template
from flask.testing import FlaskClient

from answers.entities import Identification
from answers.entities.entity import Entity
from tests.web.entity_doubles import DOCUMENT, FakeEntities, a_card
from tests.web.judging_doubles import FakeJudgements
from tests.web.test_web_events import BROWSER, FakeLog
from tests.web.web_doubles import picture_bytes, sha
from web.parameters import SearchParameters

ARGENTINA = Entity(id="test:Argentina", names={"en": "Argentina", "de": "Argentinien"}, descriptions={"en": "A country."})


@pytest.fixture()
def entities() -> FakeEntities:
    answer = Identification(card=a_card(), perhaps=[a_card("Argentina (song)", description="A song.")], least=0.6)
    return FakeEntities(answer, {ARGENTINA.id: ARGENTINA})


@pytest.fixture()
def app(make_app: Callable[..., Flask], entities: FakeEntities) -> Flask:
    return make_app({"entities": entities, "log": FakeLog()})


def test_a_picture_of_the_collection_is_identified_in_the_browsers_language(
    client: FlaskClient, entities: FakeEntities
) -> None:
    answer = client.get(f"/api/v1/identify?like={sha(1)}", headers={"Accept-Language": "de-AT,de;q=0.9"}).get_json()
    assert (answer["card"]["name"], answer["perhaps"][0]["name"]) == ("Argentina", "Argentina (song)")
    request, language = entities.asked[-1]
    assert (request.like, language) == (sha(1), "de-AT")
    client.get(f"/api/v1/identify?like={sha(1)}&language=fr")
    assert entities.asked[-1][1] == "fr"


def test_a_picture_that_is_sent_is_identified(client: FlaskClient, entities: FakeEntities) -> None:
    form = {"image": (io.BytesIO(picture_bytes(1)), "a.png")}
    answer = client.post("/api/v1/identify?text=flag", data=form, content_type="multipart/form-data")
    assert answer.get_json()["card"]["prices"] == [2.0, 3.5]
    assert entities.asked[-1][0].image == picture_bytes(1) and entities.asked[-1][1] == "en"


def test_nothing_asked_is_refused(client: FlaskClient) -> None:
    assert client.get("/api/v1/identify").status_code == 400


def test_a_card_by_id_is_in_the_language_asked_for(client: FlaskClient) -> None:
    card = client.get("/api/v1/entity?id=test:Argentina&language=de").get_json()
    assert (card["name"], card["description"]) == ("Argentinien", "A country.")
    gone = client.get("/api/v1/entity?id=test:Atlantis")
    assert gone.status_code == 404 and "was deleted" in gone.get_json()["detail"]


def kept(entities: FakeEntities) -> list[tuple[str, str, int]]:
    store: FakeJudgements = entities.judgements
    return [(store.topic(one.topic).text, one.document, one.grade) for one in store.all()]


def test_that_is_wrong_is_a_judgement_of_who_agreed(client: FlaskClient, entities: FakeEntities) -> None:
    asked = {"text": "blue and white", "like": sha(1), "entity": ARGENTINA.id}
    answer = client.post("/api/v1/entity/wrong", json=asked).get_json()
    assert not answer["logged"] and kept(entities) == [], "nobody agreed"
    agreed = BROWSER | {"X-Omma-Client": "reader-12345678"}
    answer = client.post("/api/v1/entity/wrong", json=asked, headers=agreed).get_json()
    assert answer["logged"] and kept(entities) == [("blue and white", ARGENTINA.id, 0)]
    assert answer["address"].startswith("/search?text=blue+and+white")


def test_a_judgement_of_an_entity_that_was_deleted_says_so(client: FlaskClient, entities: FakeEntities) -> None:
    answer = client.post("/api/v1/entity/wrong", json={"text": "x", "entity": "test:Atlantis"})
    assert answer.status_code == 404 and "was deleted" in answer.get_json()["detail"]
    assert kept(entities) == []


def test_the_card_shows_everything_and_runs_nothing(app: Flask, entities: FakeEntities) -> None:
    with app.test_request_context("/search?text=x"):
        html = render_template("parts/card.html", identification=entities.answer, asked=SearchParameters(text="x"))
    assert '<h2 id="entity-name" lang="en" dir="auto">Argentina</h2>' in html
    for part in ("A country in South America.", "93 % certain", "2.00 to 3.50", "CC0 1.0", "That is wrong", "A song."):
        assert part in html
    assert 'href="https://example.org/argentina" rel="noreferrer nofollow"' in html
    assert f"/picture/{DOCUMENT}" in html and 'name="entity" value="test:Argentina"' in html
    assert "<script>alert" not in html and "&lt;script&gt;" in html


def test_without_a_certain_entity_the_closest_ones_are_shown_as_perhaps(app: Flask) -> None:
    with app.test_request_context("/search?text=x"):
        asked = SearchParameters(text="x")
        perhaps = render_template("parts/card.html", identification=Identification(perhaps=[a_card()]), asked=asked)
        nothing = render_template("parts/card.html", identification=Identification(), asked=asked)
    assert "Perhaps" in perhaps and "<article" not in perhaps
    assert not nothing.strip()
