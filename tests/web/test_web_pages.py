"""What people see."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from engine.errors import BadQuestion, EngineUnavailable, WeightsMismatchError
from engine.settings import Settings
from query.answer import Source
from query.document import DescribedItem, DescribedPart, DocumentView, LinkedSnippet
from tests.web.web_doubles import HOSTILE, FakeSearcher, a_result, fake_services, sha
from web.app import create_app
from web.parameters import SearchParameters
from web.present import aspect, duration, marked, message_html, percent
from web.services import Overview

Make = Callable[..., Flask]


def test_the_front_page_offers_pictures_to_begin_with(client: FlaskClient) -> None:
    page = client.get("/").text
    assert "796 pictures" in page
    assert f"/search?like={sha(0)}" in page
    assert "How results are ordered and cut" in page and "model m1 (comes with Omma)" in page


def test_an_empty_collection_is_shown_the_way_to_its_first_pictures(make_app: Make) -> None:
    page = make_app({"overview": lambda: Overview(documents=0)}).test_client().get("/").text
    assert "no pictures to search yet" in page and 'href="/ingest"' in page


def test_a_result_says_why_it_is_here(client: FlaskClient) -> None:
    page = client.get("/search?text=red").text
    assert "Shape number 0" in page
    assert "It speaks for this picture by linked_text." in page
    assert "46 %" in page and "value 0.900" in page and "score 0.0500" in page
    assert "a <mark>red</mark> &lt;b&gt;1&lt;/b&gt; thing" in page
    assert "1 near-duplicate" in page


def test_a_matched_part_is_drawn_over_the_thumbnail(client: FlaskClient) -> None:
    page = client.get("/search?text=red").text
    assert 'viewBox="0 0 320 240"' in page
    assert 'x="32.0" y="36.0" width="144.0" height="156.0"' in page


def test_a_match_of_nearly_everything_is_not_drawn(make_app: Make) -> None:
    result = a_result(0)
    result.box = [0.0, 0.0, 1.0, 0.98]
    page = make_app({"searcher": FakeSearcher(results=[result])}).test_client().get("/search?text=red").text
    assert 'class="spots"' not in page


def test_objects_of_the_question_are_links_to_their_part(client: FlaskClient) -> None:
    page = client.get(f"/search?like={sha(0)}&text=red").text
    assert f'href="/search?text=red&amp;like={sha(0)}&amp;box=0.1%2C0.15%2C0.45%2C0.65" class="region' in page


def test_text_of_others_is_shown_as_text_everywhere(make_app: Make) -> None:
    result = a_result(1, title=HOSTILE)
    result.highlights = {"texts": [f"{HOSTILE}\ue000{HOSTILE}\ue001"]}
    result.sources[0].reference = HOSTILE
    result.why[0].text = HOSTILE
    searcher = FakeSearcher(results=[result], warnings=[HOSTILE])
    client = make_app({"searcher": searcher}).test_client()
    page = client.get("/search", query_string={"text": HOSTILE, "like": sha(0), "filter": f"colour={HOSTILE}"}).text
    assert "<script>alert" not in page and "<img src=x" not in page
    assert page.count("&lt;script&gt;alert") >= 8
    assert "<script>alert" not in client.get("/quarantine").text


def a_part(title: str, *, lines: bool = False, facet: str = "", note: str = "", **item: Any) -> DescribedPart:
    return DescribedPart(factor="any", title=title, items=[DescribedItem(**item)], lines=lines, facet=facet, note=note)


def a_view(document_id: str) -> DocumentView:
    box = [0.1, 0.2, 0.3, 0.4]
    return DocumentView(
        id=document_id, title=HOSTILE, width=640, height=480, bytes=20_480, format="png", category=HOSTILE,
        collections=[HOSTILE], facets={HOSTILE: [HOSTILE]}, text=HOSTILE,
        descriptions=[
            a_part("Objects", text=HOSTILE, confidence=0.9, box=box),
            a_part("Read in it", lines=True, text=HOSTILE, confidence=0.8, box=box),
            a_part("Perhaps in it, too", lines=True, note="Hard to read.", text=HOSTILE, box=box),
            a_part("Recognised as", facet="label", text=HOSTILE, confidence=0.5, more=["animal"]),
            a_part("Colours", facet="colour", text="red", rgb=[200, 10, 10], confidence=0.4),
            a_part(HOSTILE, text=HOSTILE, note=HOSTILE),
        ],
        texts=[
            LinkedSnippet(kind="title", text=HOSTILE, language='en" onclick="x'),
            LinkedSnippet(kind="nearby", text="Menu", weight=0.1, reason=f"said on 9 of 9 pages {HOSTILE}", is_trash=True),
        ],
        sources=[
            Source(source="feed", reference=HOSTILE, collection="c", page="javascript:alert(1)"),
            Source(source="feed", reference="row 2", collection="c", page="https://shop.example/?a=1&b=<2>"),
        ],
    )  # fmt: skip


def test_the_page_of_a_picture_shows_what_is_known_as_text(make_app: Make) -> None:
    page = make_app({"show": a_view}).test_client().get(f"/picture/{sha(0)}").text
    assert "<script>alert" not in page and "<img src=x" not in page and "javascript:" not in page
    assert 'lang="en&#34; onclick' in page
    assert page.index("Read in it") < page.index("Perhaps in it, too")
    assert "Kept apart, and not searched (1)" in page and "Kept apart: said on 9 of 9 pages &lt;" in page
    assert "640 × 480 · PNG · 20 kB" in page and 'fill="rgb(200,10,10)"' in page
    assert 'href="https://shop.example/?a=1&amp;b=&lt;2&gt;" rel="noreferrer' in page
    assert f'href="/search?like={sha(0)}&amp;box=0.1%2C0.2%2C0.3%2C0.4" class="region"' in page


def test_facets_narrow_down_and_chips_widen_again(client: FlaskClient) -> None:
    page = client.get("/search?text=red&filter=category%3Dkind+0").text
    assert 'href="/search?text=red&amp;filter=category%3Dkind+0&amp;filter=colour%3Dred"' in page
    assert 'href="/search?text=red" aria-label="Remove filter category: kind 0"' in page
    assert re.search(r'class="facet on"[^>]*href="/search\?text=red" aria-current=true', page)


def test_pages_lead_on_and_back(client: FlaskClient) -> None:
    page = client.get("/search?text=red&page=2").text
    assert "Page 2 of 3" in page
    assert 'rel="prev" href="/search?text=red"' in page and 'rel="next" href="/search?text=red&amp;page=3"' in page


def test_the_cut_is_shown_with_its_bounds(client: FlaskClient) -> None:
    page = client.get("/search?text=red").text
    assert "37 less related pictures are hidden" in page
    assert "from a probability of 12 %" in page and "Measured on the demo corpus" in page and "Perhaps" not in page


def test_warnings_are_shown(make_app: Make) -> None:
    client = make_app({"searcher": FakeSearcher(warnings=["OCR failed; its factor is left out"])}).test_client()
    assert "OCR failed; its factor is left out" in client.get("/search?text=red").text


def test_no_results_come_with_ways_on(make_app: Make) -> None:
    client = make_app({"searcher": FakeSearcher(results=[])}).test_client()
    page = client.get("/search?text=red&filter=colour%3Dred").text
    assert "No picture fits this question" in page and "Search without the filters" in page


def test_a_question_without_anything_leads_to_the_front_page(client: FlaskClient) -> None:
    assert client.get("/search").location == "/"


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (EngineUnavailable("OpenSearch does not answer"), 503),
        (BadQuestion("a quote is not closed"), 400),
        (WeightsMismatchError("index: a@1, models: b@2"), 409),
    ],
)
def test_errors_are_pages_for_people_and_json_for_programs(make_app: Make, error: Exception, status: int) -> None:
    client = make_app({"searcher": FakeSearcher(fails=error)}).test_client()
    page = client.get("/search?text=red", headers={"Accept": "text/html"})
    assert page.status_code == status and str(error)[1:] in page.text and "<main" in page.text
    for path, accept in (("/api/v1/search", "*/*"), ("/search", "application/json")):
        response = client.get(f"{path}?text=red", headers={"Accept": accept})
        assert (response.status_code, response.mimetype) == (status, "application/problem+json")
        assert response.get_json()["detail"] == str(error) and response.get_json()["status"] == status


def test_an_unexpected_error_reveals_no_internals(make_app: Make) -> None:
    client = make_app({"searcher": FakeSearcher(fails=RuntimeError("password=hunter2"))}).test_client()
    for path in ("/search?text=red", "/api/v1/search?text=red"):
        response = client.get(path)
        assert response.status_code == 500 and "hunter2" not in response.text


def test_a_server_that_is_down_says_when_to_come_back(make_app: Make) -> None:
    client = make_app({"searcher": FakeSearcher(fails=EngineUnavailable("down"))}).test_client()
    assert client.get("/api/v1/search?text=red").headers["Retry-After"] == "5"


@pytest.mark.parametrize("query", ["box=1,2,3", "box=a,b,c,d", "page=0", "page=x", "filter=nothing", "like=zz", "number=1000"])
def test_parameters_that_make_no_sense_are_refused(client: FlaskClient, query: str) -> None:
    for path in ("/search", "/api/v1/search"):
        response = client.get(f"{path}?text=red&{query}")
        assert response.status_code == 400
        assert query.partition("=")[0] in response.text.lower()


def test_the_question_goes_on_as_it_was_asked(app: Flask) -> None:
    app.test_client().get(f"/search?like={sha(0)}&text=red&box=0.1,0.2,0.3,0.4&filter=a=1&filter=a=2&filter=b=x=y&page=3")
    asked = app.extensions["omma"].searcher.asked[-1]
    assert asked.filters == {"a": ["1", "2"], "b": ["x=y"]}
    assert (asked.like, asked.text, asked.page) == (sha(0), "red", 3)


def test_a_change_of_the_question_goes_back_to_its_first_page() -> None:
    asked = SearchParameters(text="a & b", filter=["x=1"], page=4)
    assert asked.with_filter("y", "ü") == "/search?text=a+%26+b&filter=x%3D1&filter=y%3D%C3%BC"
    assert asked.url(page=5).endswith("page=5")


@pytest.mark.parametrize(
    ("snippet", "html"),
    [
        ("\ue000a\ue001 b", "<mark>a</mark> b"),
        ("<i>\ue000<b>\ue001", "&lt;i&gt;<mark>&lt;b&gt;</mark>"),
        ("\ue001a\ue000b", "a<mark>b</mark>"),
        ("\ue000\ue000a\ue001\ue001", "<mark></mark><mark>a</mark>"),
        ("plain", "plain"),
    ],
)
def test_marks_are_made_after_escaping(snippet: str, html: str) -> None:
    assert str(marked(snippet)) == html


def test_messages_are_sentences_with_code() -> None:
    assert str(message_html("run `omma <up>` <now>")) == "Run <code>omma &lt;up&gt;</code> &lt;now&gt;"


def test_figures_for_people() -> None:
    assert [percent(value) for value in (0, 0.001, 0.427, 1)] == ["0 %", "<1 %", "43 %", "100 %"]
    assert [duration(value) for value in (None, 9.4, 130, 7300)] == ["–", "9 s", "2 min 10 s", "2 h 1 min"]
    assert [aspect(*sides) for sides in ((300, 200), (1, 100), (100, 1), (0, 0))] == ["ar-15", "ar-6", "ar-22", "ar-10"]


def test_every_shape_of_a_tile_has_its_style(app: Flask, settings: Settings) -> None:
    css = create_app(settings, fake_services(settings), {"RATELIMIT_STORAGE_URI": "memory://"}).test_client().get(
        "/static/css/results.css"
    ).text  # fmt: skip
    for width in range(1, 400):
        assert f".{aspect(width, 100)} " in css


def test_styles_and_pages_name_the_same_classes() -> None:
    """A class that is renamed on one side only loses its style without any error."""
    web = Path(__file__).resolve().parents[2] / "web"
    css = " ".join(path.read_text() for path in (web / "static/css").glob("*.css"))
    selectors = re.sub(r"\{[^}]*\}|/\*.*?\*/", "{", css, flags=re.DOTALL)
    styled = {name for name in re.findall(r"\.([a-z][a-z0-9-]*)", selectors) if not name.startswith(("ar-", "layer-", "tint-"))}
    sources = [*(web / "templates").rglob("*.html"), *(web / "static/js").glob("*.js")]
    pages = " ".join(path.read_text() for path in sources)
    assert len(styled) > 100
    assert not styled - set(re.findall(r"[a-z][a-z0-9-]*", pages)), "styled, and on no page"
