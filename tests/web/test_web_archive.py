"""Places and dates of an archive: a map and a time line that narrow it down, by keyboard, on small screens, without scripts."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from query.archive import Period, Tile
from tests.web.web_doubles import FakeSearcher
from web.map import map_of, timeline_of

Make = Callable[..., Flask]


def tile(latitude: float, longitude: float, count: int) -> Tile:
    return Tile(tile="1/0/0", count=count, place=[latitude, longitude], bounds=[0.0, 0.0, 1.0, 1.0])


def test_places_and_dates_are_links_that_narrow_down(make_app: Make) -> None:
    searcher = FakeSearcher()
    client = make_app({"searcher": searcher}).test_client()
    page = client.get("/archive?filter=date%3D2024&filter=tile%3D1%2F0%2F0&filter=category%3Dcats").text
    assert "filter=date%3D2024&amp;filter=category%3Dcats&amp;filter=tile%3D5%2F16%2F10" in page
    assert "filter=tile%3D1%2F0%2F0&amp;filter=category%3Dcats&amp;filter=date%3D2025" in page
    assert searcher.asked[-1].filters == {"date": ["2024"], "tile": ["1/0/0"], "category": ["cats"]}
    assert "40 pictures" in page and "http://" not in page.split("<main")[1].split("</main>")[0]


def test_programs_get_tiles_and_periods(client: FlaskClient) -> None:
    found = client.get("/api/v1/archive").get_json()
    assert found["tiles"][0]["tile"] == "5/16/10" and found["periods"][1] == {"date": "2025", "count": 20}


def test_spots_lie_within_the_map_and_grow_with_their_pictures() -> None:
    drawn = map_of([tile(51.7, -1.3, 31), tile(-33.9, 151.2, 2), tile(85.0, -170.0, 1)])
    assert all(0 <= spot.x <= 1000 and 0 <= spot.y <= 500 for spot in drawn.spots)
    assert [spot.tile.count for spot in drawn.spots] == [31, 2, 1]
    assert drawn.spots[0].radius > drawn.spots[1].radius > drawn.spots[2].radius
    near = map_of([tile(51.75, -1.26, 3), tile(51.76, -1.25, 3)])
    assert abs(near.spots[0].x - near.spots[1].x) > 100, "a small area is shown large"
    assert near.lines and all(line.label.endswith(("N", "W")) for line in near.lines)


def test_a_map_of_one_place_and_of_none_can_be_drawn() -> None:
    (spot,) = map_of([tile(0.0, 180.0, 1)]).spots
    assert 0 <= spot.x <= 1000
    assert not map_of([]).spots


def test_labels_of_the_time_line_do_not_touch() -> None:
    bars = timeline_of([Period(date=str(1960 + n), count=n + 1) for n in range(50)])
    assert len(bars) == 50 and sum(bool(bar.label) for bar in bars) <= 12
    assert bars[-1].height == 120 and bars[0].height >= 2


@pytest.mark.browser()
@pytest.mark.parametrize("width", [360, 1440])
def test_the_archive_is_walked_by_keyboard(
    open_page: Any, make_app: Make, serve: Callable[[Flask], str], width: int
) -> None:  # fmt: skip
    page = open_page(serve(make_app()) + "/", viewport={"width": width, "height": 780}, java_script_enabled=width == 360)
    page.get_by_role("link", name="Places and dates").click()
    page.wait_for_url("**/archive")
    if width == 360:  # without scripts nothing can be measured
        assert page.evaluate("document.documentElement.scrollWidth") == width
    page.get_by_role("link", name="31 pictures around 51.750, -1.260").press("Enter")
    page.wait_for_url("**tile%3D5%2F16%2F10**")
    page.get_by_role("link", name="2025: 20 pictures").press("Enter")
    page.wait_for_url("**date%3D2025**")
    page.get_by_role("link", name="Search among these").first.click()
    page.wait_for_url("**/search?**")
