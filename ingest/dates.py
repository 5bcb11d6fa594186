"""Dates as people and programs write them, as ISO 8601. The order of day and month in `03/04/2024` is not guessed.

Numbers are read here, because only the other dates of a source can say what comes first; names of months in any language are
read with dateparser. What has no year is no date, and a year or a month alone stays one (`2024`, `2024-05`).
"""

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

from engine.errors import InputError

if TYPE_CHECKING:  # it takes a second to load, and few sources need it
    from dateparser.date import DateDataParser

TIME = r"(?:[T ,]+(?P<time>\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?: ?[AaPp]\.?[Mm]\.?)?(?: ?(?:Z|UTC|GMT|[+-]\d{2}:?\d{2}))?))?"
YEAR_FIRST = re.compile(rf"(?P<year>\d{{4}})(?P<mark>[-./:])(?P<month>\d{{1,2}})(?P=mark)(?P<day>\d{{1,2}}){TIME}")
YEAR_LAST = re.compile(rf"(?P<first>\d{{1,2}})(?P<mark>[-./])(?P<second>\d{{1,2}})(?P=mark)(?P<year>\d{{4}}|\d{{2}}){TIME}")
PART = re.compile(r"(?P<year>\d{4})(?:[-./](?P<month>\d{1,2}))?|(?P<month_first>\d{1,2})[-./](?P<its_year>\d{4})")
CJK = re.compile(r"(\d{4})[年년]\s*(\d{1,2})[月월]\s*(\d{1,2})[日일]")
SECONDS = re.compile(r"\d{10}|\d{13}")  # since 1970; thirteen digits are milliseconds
TIMES = ("%H:%M:%S.%f%z", "%H:%M:%S%z", "%H:%M%z", "%H:%M:%S.%f", "%H:%M:%S", "%H:%M", "%I:%M:%S%p", "%I:%M%p")
CENTURY, PIVOT = 2000, 69  # two digits from 69 are of the twentieth century, as POSIX has it
MONTHS = 12
FIRST_YEAR, LAST_YEAR = 1000, 2199  # numbers outside are no years
MAX_LENGTH = 60  # characters; longer texts are no dates
CACHED = 4096


class BadDate(InputError):
    """A value that is not a date, or one of several."""


def date_of(value: Any, day_first: bool | None = None) -> str:
    """ISO 8601 of a date, a date and time, a month or a year, as text or as a number (of Unix time, or like 20240517).

    `day_first`: whether the source writes the day before the month; None if that is unknown. BadDate.
    """
    if isinstance(value, datetime):
        return value.isoformat()
    text = " ".join(str(value).split())
    text = text.removesuffix(".0") if isinstance(value, float) else text
    found = _read(text, day_first) if len(text) <= MAX_LENGTH else ""
    if not found:
        raise BadDate(f"date {text[:80]!r} is not understood ({_hint(text)})")
    return found


def day_comes_first(values: Iterable[Any]) -> bool | None:
    """Whether days stand before months in a source's dates, as all unambiguous ones agree; None otherwise."""
    found = set()
    for value in values:
        match = YEAR_LAST.fullmatch(value.strip()) if isinstance(value, str) else None
        if match and match["mark"] != ".":
            first, second = int(match["first"]), int(match["second"])
            found |= {first > MONTHS} if (first > MONTHS) != (second > MONTHS) else set()
    return found.pop() if len(found) == 1 else None


def _hint(text: str) -> str:
    match = YEAR_LAST.fullmatch(text)
    if match and match["mark"] != "." and max(int(match["first"]), int(match["second"])) <= MONTHS:
        return "day or month may come first"
    return "a date is e.g. 2024-05-17, or 2024-05-17T10:20:30+02:00"


@lru_cache(maxsize=CACHED)
def _read(text: str, day_first: bool | None) -> str:
    """The date in ISO 8601; empty if the text is not one."""
    text = CJK.sub(r"\1-\2-\3", text)
    try:
        return _in_numbers(text, day_first) or _iso(text) or _in_words(text)
    except (ValueError, OverflowError):  # no such day
        return ""


def _in_numbers(text: str, day_first: bool | None) -> str:
    if match := YEAR_FIRST.fullmatch(text):
        return _joined(int(match["year"]), int(match["month"]), int(match["day"]), match["time"])
    if match := YEAR_LAST.fullmatch(text):
        day, month = int(match["first"]), int(match["second"])
        order = True if match["mark"] == "." or day == month or day > MONTHS else False if month > MONTHS else day_first
        if order is None:
            return ""
        return _joined(_year(match["year"]), *((month, day) if order else (day, month)), match["time"])
    if match := PART.fullmatch(text):
        alone = match["month"] or match["month_first"]
        return _part(int(match["year"] or match["its_year"]), int(alone) if alone else None)
    if SECONDS.fullmatch(text):
        return datetime.fromtimestamp(int(text) / 10 ** (len(text) - 10), UTC).isoformat()
    return ""


def _part(year: int, month: int | None) -> str:
    """A month or a year alone."""
    if not FIRST_YEAR <= year <= LAST_YEAR:
        return ""
    return f"{datetime(year, month, 1):%Y-%m}" if month else f"{year:04d}"


def _year(text: str) -> int:
    year = int(text)
    return year if len(text) > 2 else year + CENTURY - (100 if year >= PIVOT else 0)  # noqa: PLR2004  (digits)


def _joined(year: int, month: int, day: int, time: str | None) -> str:
    """The date with its time of day; ValueError."""
    if not time:
        return datetime(year, month, day).isoformat()
    plain = re.sub(r"(UTC|GMT)$", "Z", time.replace(".m", "m").replace("m.", "m").replace("M.", "M").replace(" ", ""))
    for form in TIMES:
        try:
            at = datetime.strptime(plain.upper(), form)
        except ValueError:
            continue
        return at.replace(year=year, month=month, day=day).isoformat()
    raise ValueError(time)


def _iso(text: str) -> str:
    """Other writings of ISO 8601: without marks, or with a week."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return ""
    return found.isoformat() if FIRST_YEAR <= found.year <= LAST_YEAR else ""


def _in_words(text: str) -> str:
    """A date with the name of its month, in any language."""
    if not (any(map(str.isalpha, text)) and re.search(r"\d", text)):
        return ""
    found = _parser().get_date_data(text)
    if found.date_obj is None or found.period not in ("day", "month", "time"):
        return ""
    if found.period == "month":  # `May 17` is no May of 2017
        return f"{found.date_obj:%Y-%m}" if str(found.date_obj.year) in text else ""
    return str(found.date_obj.isoformat())


@cache
def _parser() -> "DateDataParser":
    from dateparser.date import DateDataParser  # noqa: PLC0415

    return DateDataParser(settings={"PARSERS": ["absolute-time"], "REQUIRE_PARTS": ["month", "year"]})
