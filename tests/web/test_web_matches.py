"""Matched points on both pictures, and the line that names a landmark."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from query.answer import Answer, Landmark, Matched
from query.request import SearchRequest
from tests.web.web_doubles import FakeSearcher, a_result, sha

Make = Callable[..., Flask]
POINTS = [[0.2, 0.3, 0.25, 0.35], [0.6, 0.7, 0.65, 0.75], [0.5, 0.2, 0.55, 0.25]]
MATCH = Matched(factor="local.inliers", points=POINTS, outline=[[0.1, 0.1], [0.9, 0.15], [0.85, 1.1], [0.05, 0.9]])
QUESTION = f"/search?like={sha(0)}"


class Recognising(FakeSearcher):
    """Knows what the picture shows."""

    def search(self, request: SearchRequest) -> Answer:
        """The landmark, whatever is asked."""
        found = Landmark(
            name="Old <Tower>", place=[46.05, 14.5], result=sha(1), by={"local.inliers": 0.8}, sure=0.99,
            text="The same thing is in it: 48 points of your picture lie alike.",
        )  # fmt: skip
        return super().search(request).model_copy(update={"landmarks": [found]})


@pytest.fixture()
def searcher() -> FakeSearcher:
    first, second = a_result(1), a_result(2)
    return Recognising(results=[first.model_copy(update={"matches": [MATCH]}), second])


def test_the_landmark_is_named_above_the_results(make_app: Make, searcher: FakeSearcher) -> None:
    page = make_app({"searcher": searcher}).test_client().get(QUESTION).get_data(as_text=True)
    named = page.index("Old &lt;Tower&gt;")
    assert "46.05000, 14.50000" in page and "48 points of your picture lie alike" in page
    assert named < page.index("data-grid")


def test_both_are_in_the_json_twin(make_app: Make, searcher: FakeSearcher) -> None:
    client: FlaskClient = make_app({"searcher": searcher}).test_client()
    answer = client.get(f"/api/v1{QUESTION}").get_json()
    assert answer["results"][0]["matches"][0]["points"] == POINTS
    assert answer["landmarks"][0]["name"] == "Old <Tower>" and answer["landmarks"][0]["place"] == [46.05, 14.5]


@pytest.mark.browser
def test_points_are_drawn_on_both_pictures_where_they_are(
    open_page: Any, make_app: Make, serve: Callable[[Flask], str], searcher: FakeSearcher
) -> None:
    page = open_page(serve(make_app({"searcher": searcher})) + QUESTION)
    card = page.locator(".card").first
    card.locator("details.why > summary").click()
    pictures = card.locator(".matched-picture")
    assert pictures.count() == 2
    for at in (0, 1):
        picture = pictures.nth(at)
        picture.locator("img").evaluate("image => image.decode()")
        shown, drawn = picture.locator("img").bounding_box(), picture.locator("svg").bounding_box()
        assert shown == drawn, "the drawing lies exactly on the picture"
        assert picture.locator("path.dots:not(.halo)").get_attribute("d").count("M") == len(POINTS)
    assert pictures.nth(0).locator("polygon").count() == 0 and pictures.nth(1).locator("polygon.outline").count() == 2
    assert "3 matched points" in pictures.nth(1).locator("img").get_attribute("alt")
    assert page.locator(".card").nth(1).locator(".matched").count() == 0
