"""Ranges of numbers and days, and what the engine makes of them."""

import math
from typing import Any

import pytest

from engine.errors import BadQuestion
from query.filters import FilterNames, day_clause, number_range
from tests.factors.scenes import Live

MOST = 2**31 - 1  # of the engine's integers


@pytest.mark.parametrize(
    ("value", "ends"),
    [
        ("10..20", (10, 20)),
        ("..20", (-math.inf, 20)),
        ("10..", (10, math.inf)),
        ("7", (7, 7)),
        (" 1.5 .. 2.5 ", (1.5, 2.5)),
        ("-5..-1", (-5, -1)),
        ("1e3..", (1000, math.inf)),
        ("20..10", (20, 10)),
    ],
)
def test_numbers(value: str, ends: tuple[float, float]) -> None:
    assert number_range("price", value) == ends


@pytest.mark.parametrize(
    "value", ["", "..", " .. ", "ten", "1..ten", "nan", "inf", "..1e999", "1..2..3", "1-2", "0x10", "9" * 999]
)
def test_what_is_no_range_of_numbers(value: str) -> None:
    with pytest.raises(BadQuestion, match=r"price .*accepted: a number, or from\.\.to") as raised:
        number_range("price", value)
    assert len(str(raised.value)) < 300


@pytest.mark.parametrize(
    ("value", "limits"),
    [
        ("2024", {"gte": "2024-01-01", "lt": "2025-01-01"}),
        ("2024-12", {"gte": "2024-12-01", "lt": "2025-01-01"}),
        ("2024-02", {"gte": "2024-02-01", "lt": "2024-03-01"}),
        ("2024-02-29", {"gte": "2024-02-29", "lt": "2024-03-01"}),
        ("2024-05..2025", {"gte": "2024-05-01", "lt": "2026-01-01"}),
        ("..2024-05-31", {"lt": "2024-06-01"}),
        ("2024..", {"gte": "2024-01-01"}),
        ("0001", {"gte": "0001-01-01", "lt": "0002-01-01"}),
    ],
)
def test_days_are_whole(value: str, limits: dict[str, str]) -> None:
    assert day_clause("date", "date", value) == {"range": {"date": limits | {"format": "yyyy-MM-dd"}}}


@pytest.mark.parametrize(
    "value",
    ["", "..", "24", "2024-13", "2024-02-30", "2023-02-29", "0000", "2024-5", "20240501", "May", "2024/05", "2024-05-01T00:00"],
)
def test_what_is_no_day(value: str) -> None:
    with pytest.raises(BadQuestion, match=r"date .*accepted: 2024, 2024-05, 2024-05-31, or from\.\.to"):
        day_clause("date", "date", value)


def found(live: Live, name: str, value: str) -> set[str]:
    """What the engine finds by a filter of Omma's own."""
    clause: dict[str, Any] = FilterNames((), lambda _: False, list).clause(name, value)
    answer = live.client.search(index=live.index, body={"query": {"bool": {"filter": [clause]}}, "size": 50})
    return {hit["_id"] for hit in answer["hits"]["hits"]}


SHAPES = {"icon": (64, 32), "photo": (640, 480), "wide": (1600, 200), "tall": (900, 1601), "scan": (4000, 3000)}
DATES = {"icon": "2023-12-31T23:59:59", "photo": "2024-01-01", "wide": "2024-05-31T12:00:00", "tall": "2024-06-01"}


WITHIN = {
    ("width", "640"): "photo",
    ("width", "640..1600"): "photo wide tall",
    ("height", "..200"): "icon wide",
    ("width", "1600..640"): "",
    ("width", "640.5.."): "wide tall scan",
    ("width", "..99999999999"): "icon photo wide tall scan",
    ("width", "-1e300..1e300"): "icon photo wide tall scan",
    ("width", "99999999999"): "",
    ("height", "1e300.."): "",
    ("height", "..-1e300"): "",
    ("size", "small"): "icon",
    ("size", "Medium"): "photo",
    ("size", "large"): "wide tall scan",
    ("size", "640..1600"): "photo wide",
    ("size", "1601.."): "tall scan",
    ("size", "..640"): "icon photo",
    ("size", "64"): "icon",
    ("size", "-5.."): "icon photo wide tall scan",
    ("size", f"1..{MOST}"): "icon photo wide tall scan",
    ("size", "1e300"): "",
    ("size", "..-1e300"): "",
    ("size", "..0.5"): "",
    ("size", "1..1e300"): "icon photo wide tall scan",
    ("megapixels", "..0.31"): "icon photo",
    ("megapixels", "12"): "scan",
    ("megapixels", "1..1e300"): "tall scan",
    ("megapixels", "-3..-1"): "",
    ("date", "2024"): "photo wide tall",
    ("date", "2024-05"): "wide",
    ("date", "..2023-12-31"): "icon",
    ("year", "2024.."): "photo wide tall",
    ("date", "2023-12-31..2024-01-01"): "icon photo",
    ("price", "..5"): "wide",
    ("price", "1e308.."): "",
}


@pytest.mark.engine
def test_the_engine_finds_what_lies_within(live: Live) -> None:
    live.put(
        {key: {"width": w, "height": h} | ({"date": DATES[key]} if key in DATES else {}) for key, (w, h) in SHAPES.items()}
    )
    live.put({"wide": {"width": 1600, "height": 200, "date": DATES["wide"], "price": 4.99}, "unknown": {"price": 7}})
    assert {case: found(live, *case) for case in WITHIN} == {case: set(names.split()) for case, names in WITHIN.items()}
