"""Where and when pictures were taken: tiles and periods that get finer as one narrows down."""

import pytest

from engine.errors import BadQuestion
from query.archive import Archive
from query.request import SearchRequest
from query.search import Searcher
from query.tiles import bounds_of, parse_tile, tile_at
from tests.factors.scenes import Live
from tests.query.query_scenes import document, seen

OXFORD, ROME = (51.75, -1.26), (41.9, 12.48)


@pytest.fixture()
def travelled(live: Live) -> Live:
    """Two pictures of Oxford, a street apart, one of Rome, one without place and date."""
    live.put({
        "dog0": document(seen("dog0", "dog", 0), place=OXFORD, date="2024-05-17"),
        "dog1": document(seen("dog1", "dog", 1), place=(51.752, -1.262), date="2024-06-01"),
        "cat0": document(seen("cat0", "cat", 0), place=ROME, date="2025-01-02"),
        "car0": document(seen("car0", "car", 0)),
    })  # fmt: skip
    return live


def archive(searcher: Searcher, **filters: str) -> Archive:
    return searcher.archive(SearchRequest(filters={name: [value] for name, value in filters.items()}))


@pytest.mark.engine
def test_tiles_and_periods_count_and_narrow_down(travelled: Live, searcher: Searcher) -> None:
    whole = archive(searcher)
    assert (whole.total, whole.placed, whole.dated) == (4, 3, 3)
    assert [tile.count for tile in whole.tiles] == [2, 1] and sum(period.count for period in whole.periods) == 3
    assert whole.tiles[0].place == pytest.approx([51.751, -1.261], abs=0.001)
    assert [result.id for result in whole.samples][:1] == ["cat0"], "the latest first"
    town = archive(searcher, tile=whole.tiles[0].tile)
    assert town.total == 2 and {tuple(period.date.split("-")[:2]) for period in town.periods} == {
        ("2024", "05"),
        ("2024", "06"),
    }
    street = archive(searcher, tile=town.tiles[0].tile)
    assert len(street.tiles) >= 1 and street.total <= 2
    assert archive(searcher, date="2025").total == 1 and archive(searcher, date="2024-05").tiles[0].count == 1


@pytest.mark.engine
def test_an_empty_archive_is_an_answer(live: Live, searcher: Searcher) -> None:
    found = archive(searcher)
    assert found.total == 0 and not found.tiles and not found.periods


@pytest.mark.parametrize("wrong", ["", "5", "1/2/0", "23/0/0", "5/16/ten", "-1/0/0", "5/16/10/2", "1/0/99999999999"])
def test_a_wrong_tile_says_what_is_accepted(wrong: str) -> None:
    with pytest.raises(BadQuestion, match="zoom/x/y"):
        parse_tile(wrong)


@pytest.mark.parametrize("place", [OXFORD, ROME, (-33.87, 151.21), (89.9, 0.0), (-90.0, 180.0), (0.0, -180.0)])
def test_a_place_lies_in_its_tile(place: tuple[float, float]) -> None:
    south, west, north, east = bounds_of(*parse_tile(tile_at(*place, zoom=9)))
    assert west <= place[1] <= east
    assert south <= max(-85.06, min(85.06, place[0])) + 0.01 and max(-85.06, min(85.06, place[0])) - 0.01 <= north
