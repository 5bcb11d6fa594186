"""Facts of a picture from loose records: price, date, place, page, category, and any facet."""

import math
import re
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from engine.errors import InputError
from ingest.noise import clean

PRICE = re.compile(r"-?\d[\d\s.,\u00a0\u202f]*")
FACTS = frozenset({"category", "page", "date", "place", "price", "latitude", "longitude", "facets"})
LONGEST = 200  # characters of a facet's value; longer text is no facet


class BadFact(InputError):
    """A value that is not what its name says."""


def facts_of(record: Mapping[str, Any], known: Collection[str] = ()) -> dict[str, Any]:
    """Keyword arguments for `Item`: every scalar that is neither a fact nor `known` becomes a facet; BadFact."""
    facts: dict[str, Any] = {"facets": facets_of(record, known)}
    for name, read in (("category", clean), ("page", clean), ("date", date_of), ("price", price_of)):
        if _there(record.get(name)):
            facts[name] = read(str(record[name]))
    place = record.get("place") or (record.get("latitude"), record.get("longitude"))
    if all(_there(part) for part in (place if isinstance(place, list | tuple) else [place])):
        facts["place"] = place_of(place)
    return facts


def facets_of(record: Mapping[str, Any], known: Collection[str] = ()) -> dict[str, str]:
    """Facets named outright, and every other scalar of the record."""
    named = record.get("facets")
    scalars = {key: value for key, value in record.items() if key not in FACTS and key not in known}
    found = scalars | dict(named if isinstance(named, Mapping) else {})
    texts = {clean(str(key)): clean(str(value)) for key, value in found.items() if _is_scalar(value)}
    return {key: value for key, value in texts.items() if key and 0 < len(value) <= LONGEST}


def price_of(text: str) -> float:
    """`1 299,50 €`, `$1,299.50` and `1299.5` are numbers; BadFact."""
    match = PRICE.search(text)
    digits = re.sub(r"[\s\u00a0\u202f]", "", match.group()) if match else ""
    decimal = max(digits.rfind("."), digits.rfind(","))
    if decimal >= 0 and (len(digits) - decimal - 1 != 3 or (digits.count(".") and digits.count(","))):  # noqa: PLR2004
        digits = re.sub("[.,]", "", digits[:decimal]) + "." + digits[decimal + 1 :]
    else:  # a lone separator before three digits groups thousands
        digits = re.sub("[.,]", "", digits)
    try:
        price = float(digits)
    except ValueError as error:
        raise BadFact(f"price {text[:80]!r} is not a number") from error
    if not math.isfinite(price) or price < 0:
        raise BadFact(f"price {text[:80]!r} is not an amount")
    return price


def date_of(text: str) -> str:
    """ISO 8601 of an ISO date or date and time; BadFact."""
    try:
        return datetime.fromisoformat(text.strip()).isoformat()
    except ValueError as error:
        raise BadFact(f"date {text[:80]!r} is not ISO 8601 (2024-05-17, or 2024-05-17T10:20:30+02:00)") from error


def place_of(value: Any) -> tuple[float, float]:
    """`latitude, longitude` in degrees, as text or a pair; BadFact."""
    parts = value.split(",") if isinstance(value, str) else list(value)
    try:
        latitude, longitude = (float(part) for part in parts)
    except (TypeError, ValueError) as error:
        raise BadFact(f"place {str(value)[:80]!r} is not `latitude, longitude`") from error
    if not (abs(latitude) <= 90 and abs(longitude) <= 180):  # noqa: PLR2004  (degrees)
        raise BadFact(f"place {str(value)[:80]!r} does not lie on Earth")
    return latitude, longitude


def _there(value: Any) -> bool:
    return value is not None and str(value).strip() != ""


def _is_scalar(value: Any) -> bool:
    return isinstance(value, str | int | float | bool) and not (isinstance(value, float) and math.isnan(value))
