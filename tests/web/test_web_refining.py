"""From an answer to a better one: words to narrow down by, marks of results, everything in the picture."""

import io
from collections.abc import Callable

from flask import Flask
from flask.testing import FlaskClient

from tests.web.web_doubles import FakeSearcher, picture_bytes, sha

Make = Callable[..., Flask]


def test_words_narrow_down_and_chips_widen_again(client: FlaskClient) -> None:
    page = client.get("/search?text=red+%2Bold+-%22blue+ball%22&filter=colour%3Dred").text
    asked = "/search?text=red+%2Bold+-%22blue+ball%22"
    assert f'href="{asked}+%2Bbeach&amp;filter=colour%3Dred" aria-label="Only with beach (11)"' in page
    assert f'href="{asked}+-beach+-beaches&amp;filter=colour%3Dred" aria-label="Without beach"' in page
    assert 'href="/search?text=red+-%22blue+ball%22&amp;filter=colour%3Dred" aria-label="Remove required old"' in page
    assert 'href="/search?text=red+%2Bold&amp;filter=colour%3Dred" aria-label="Remove excluded &#34;blue ball&#34;"' in page


def test_marks_are_shown_and_can_be_taken_back(client: FlaskClient) -> None:
    page = client.get(f"/search?text=red&more={sha(1)}&less={sha(40)}").text
    assert f'name="mark" value="none:{sha(1)}" type="submit" aria-label="Take back: more like this"' in page
    assert f'name="mark" value="none:{sha(40)}" type="submit" aria-label="Take back: less like this"' in page
    assert f'value="none:{sha(1)}" aria-pressed="true" aria-label="More like this"' in page, "on its card, too"
    assert f'value="less:{sha(1)}" aria-pressed="false"' in page and f'value="more:{sha(2)}" aria-pressed="false"' in page
    assert f'<input type="hidden" name="more" value="{sha(1)}">' in page
    assert f'href="/search?like={sha(3)}" aria-label="Search with Shape number 3"' in page, "a new question has no marks"
    assert "Marked pictures" not in client.get("/search?text=red").text


def test_a_mark_leads_to_the_moved_question(app: Flask) -> None:
    client = app.test_client()
    token = client.get("/api/v1/sign-in").get_json()["csrf_token"]
    asked = {"text": "red", "filter": "colour=red", "page": "3", "more": sha(1), "csrf_token": token}
    answer = client.post("/mark", data=asked | {"mark": f"more:{sha(2)}"})
    moved = f"/search?text=red&filter=colour%3Dred&more={sha(1)}&more={sha(2)}"
    assert (answer.status_code, answer.headers["Location"]) == (303, moved)
    client.get(moved)
    assert app.extensions["omma"].searcher.asked[-1].more == [sha(1), sha(2)]
    assert client.post("/mark", data=asked | {"mark": f"less:{sha(1)}"}).headers["Location"].endswith(f"&less={sha(1)}")
    assert client.post("/mark", data=asked | {"mark": f"none:{sha(1)}"}).headers["Location"].endswith("colour%3Dred")


def test_everything_in_a_picture_is_rows_that_lead_to_searches(client: FlaskClient) -> None:
    found = client.get(f"/search?like={sha(0)}&text=red&box=0.1,0.1,0.2,0.2").text
    assert f'<a href="/everything?text=red&amp;like={sha(0)}">Everything in this picture</a>' in found
    page = client.get(f"/everything?text=red&like={sha(0)}").text
    assert f'<a href="/search?text=red&amp;like={sha(0)}">Whole picture' in page
    assert f'<a href="/search?text=red&amp;like={sha(0)}&amp;box=0.1%2C0.15%2C0.45%2C0.65">ball' in page
    assert "93 % · 9 results, none is certain" in page and "<script>alert" not in page
    assert "Everything in this picture</a>" not in page


def test_everything_needs_a_picture_and_says_where_nothing_was_found(make_app: Make) -> None:
    searcher = FakeSearcher(results=[], warnings=["no object was found in this picture"])
    client = make_app({"searcher": searcher}).test_client()
    page = client.get(f"/everything?like={sha(0)}").text
    assert "No object was found in this picture" in page and "Nothing in the collection is like it." in page
    assert client.get("/everything?text=red").status_code == 400
    program = make_app({"searcher": searcher}).test_client()
    sent = program.post("/api/v1/everything?number=3", data={"image": (io.BytesIO(picture_bytes(2)), "a.png")})
    assert sent.status_code == 200 and (searcher.asked[-1].image, searcher.asked[-1].number) == (picture_bytes(2), 3)


def test_nothing_left_names_the_words_to_take_back(make_app: Make) -> None:
    page = make_app({"searcher": FakeSearcher(results=[])}).test_client().get("/search?text=red+-beach").text
    assert '<a href="/search?text=red">Search without excluding beach</a>' in page
    alone = make_app({"searcher": FakeSearcher(results=[])}).test_client().get("/search?text=%2Bbeach").text
    assert 'href="/" aria-label="Remove required beach"' in alone
