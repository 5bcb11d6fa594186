"""Ranges of numbers and days: `10..20`, `..20`, `10..`, `2024-05..2025`."""

import math
import re
from datetime import date
from typing import Any

from engine.errors import BadQuestion

Json = dict[str, Any]
DAY = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?")
NUMBERS = "accepted: a number, or from..to with either end open"
DAYS = "accepted: 2024, 2024-05, 2024-05-31, or from..to with either end open"
DECEMBER = 12


def numbers(name: str, value: str) -> tuple[float, float]:
    """Both ends, inclusive, an open one infinite; BadQuestion."""
    low, high = _ends(name, value, NUMBERS)
    return _number(name, low, -math.inf), _number(name, high, math.inf)


def number_clause(path: str, low: float, high: float) -> Json:
    """The range as a query."""
    limits = {op: end for op, end in (("gte", low), ("lte", high)) if math.isfinite(end)}
    return {"range": {path: limits}}


def day_clause(name: str, path: str, value: str) -> Json:
    """Days from the first of the range to the last, each end a whole year, month or day; BadQuestion."""
    low, high = _ends(name, value, DAYS)
    limits = {}
    if low:
        limits["gte"] = _days(name, low)[0].isoformat()
    if high:
        limits["lt"] = _days(name, high)[1].isoformat()
    return {"range": {path: limits | {"format": "yyyy-MM-dd"}}}


def _ends(name: str, value: str, accepted: str) -> tuple[str, str]:
    """A single value is both ends."""
    low, dots, high = (part.strip() for part in value.partition(".."))
    if not (low or high):
        raise BadQuestion(f"{name} {value!r} has no end; {accepted}")
    return (low, high) if dots else (low, low)


def _number(name: str, text: str, default: float) -> float:
    if not text:
        return default
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise BadQuestion(f"{name} {text[:80]!r} is not a number; {NUMBERS}")
    return number


def _days(name: str, text: str) -> tuple[date, date]:
    """The first day of a year, month or day, and the first day after it."""
    match = DAY.fullmatch(text)
    try:
        if not match:
            raise ValueError(text)
        year, month, day = (int(part) if part else 0 for part in match.groups())
        first = date(year, month or 1, day or 1)
        return first, _after(first, has_month=bool(month), has_day=bool(day))
    except (ValueError, OverflowError) as error:
        raise BadQuestion(f"{name} {text[:80]!r} is not a day; {DAYS}") from error


def _after(first: date, *, has_month: bool, has_day: bool) -> date:
    if has_day:
        return date.fromordinal(first.toordinal() + 1)
    if not has_month:
        return date(first.year + 1, 1, 1)
    return date(first.year + first.month // DECEMBER, first.month % DECEMBER + 1, 1)
