"""Dates as people and programs write them; none is a guess."""

from typing import Any

import pytest

from ingest.dates import BadDate, date_of, day_comes_first

DAY = "2024-05-17T00:00:00"
WRITTEN = {
    "2024-05-17": DAY, "20240517": DAY, "2024/05/17": DAY, "17.05.2024": DAY, "17.5.24": DAY, "17/05/2024": DAY,
    "5/17/2024": DAY, "17 May 2024": DAY, "May 17th, 2024": DAY, "17-May-24": DAY, "17. Mai 2024": DAY, "17 mai 2024": DAY,
    "17 мая 2024": DAY, "17 de mayo de 2024": DAY, "2024年5月17日": DAY, "2024-W20-5": DAY,
    "2024": "2024", "2024-05": "2024-05", "05/2024": "2024-05", "May 2024": "2024-05",
    "2024:05:17 10:20:30": "2024-05-17T10:20:30", "5/17/2024 3:04 PM": "2024-05-17T15:04:00",
    "17.05.2024, 10:20": "2024-05-17T10:20:00", "2024-05-17T10:20:30.5+0200": "2024-05-17T10:20:30.500000+02:00",
    "2024-05-17 10:20:30 UTC": "2024-05-17T10:20:30+00:00", "Fri, 17 May 2024 10:20:30 GMT": "2024-05-17T10:20:30+00:00",
    "1715941230": "2024-05-17T10:20:30+00:00", "04/04/2024": "2024-04-04T00:00:00",
}  # fmt: skip


@pytest.mark.parametrize("text", WRITTEN)
def test_a_date_is_that_date_whatever_the_source_does(text: str) -> None:
    for day_first in (None, True, False):
        assert date_of(text, day_first) == WRITTEN[text]


@pytest.mark.parametrize(
    "wrong",
    ["soon", "TBD", "12.50", "45429", "yesterday", "in 3 days", "31.02.2024", "2024-13-45", "0000-00-00", "99/99/2024",
     "Q2 2024", "May 17", "2019-2020", "TRUE", True, "x" * 1000, "0000:00:00 00:00:00"],
)  # fmt: skip
def test_what_is_no_date_is_refused(wrong: Any) -> None:
    with pytest.raises(BadDate, match="is not understood"):
        date_of(wrong)


def test_the_order_of_day_and_month_is_that_of_the_source_or_unknown() -> None:
    assert date_of("03/04/2024", True) == "2024-04-03T00:00:00" and date_of("03/04/2024", False) == "2024-03-04T00:00:00"
    with pytest.raises(BadDate, match="day or month may come first"):
        date_of("03/04/2024")
    assert day_comes_first(["03/04/2024", "25/12/2023", "17.05.2024", None, 5]) is True
    assert day_comes_first(["12/25/2023"]) is False and day_comes_first(["25/12/2023", "12/25/2023", "03/04/2024"]) is None


def test_numbers_are_days_years_or_unix_time() -> None:
    assert [date_of(n) for n in (20240517, 2024, 2024.0)] == [DAY, "2024", "2024"]
    assert date_of(1715941230) == date_of(1715941230000) == "2024-05-17T10:20:30+00:00"
