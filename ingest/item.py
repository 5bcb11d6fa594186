"""An item: one picture as a source offers it, with the text and facts linked to it; and facts read from loose records."""

import logging
import math
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from engine.errors import InputError
from factors.text import TextSnippet
from ingest.prices import AmbiguousPrice, price_of
from ingest.text import clean

logger = logging.getLogger(__name__)
FACTS = frozenset({"category", "page", "date", "place", "price", "latitude", "longitude", "facets"})
LONGEST = 200  # characters of a facet's value; longer text is no facet


class BadFact(InputError):
    """A value that is not what its name says."""


def facts_of(record: Mapping[str, Any], known: Collection[str] = (), *, decimal: str = "") -> dict[str, Any]:
    """Keyword arguments for `Item`: every scalar that is neither a fact nor `known` becomes a facet.

    `decimal` is the decimal mark of the source's prices, where it is known. A price that may be two amounts is kept as the
    facet `price`, in its own words. BadFact, BadPrice.
    """
    facets = facets_of(record, known)
    facts: dict[str, Any] = {"facets": facets}
    for name, read in (("category", clean), ("page", clean), ("date", date_of)):
        if _there(record.get(name)):
            facts[name] = read(str(record[name]))
    try:
        facts |= {"price": price_of(record["price"], decimal)} if _there(record.get("price")) else {}
    except AmbiguousPrice as error:
        logger.info("%s; kept as a facet", error)
        facets["price"] = clean(str(record["price"]))[:LONGEST]
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
    """Whether there is a value; NaN is none."""
    if isinstance(value, float | Decimal) and math.isnan(value):
        return False
    return value is not None and str(value).strip() != ""


def _is_scalar(value: Any) -> bool:
    return isinstance(value, str | int | float | bool) and not (isinstance(value, float) and math.isnan(value))


@dataclass(frozen=True, slots=True)
class Item:
    """What travels from a source through the queue to a document; JSON-safe by `as_json`.

    Exactly one of `address` (http or https; a worker fetches it) and `original` (sha256 of bytes that the source has
    already put into the store) says where the bytes are. `reference` names the item within its source for people and
    for provenance: a relative path, a row number, an address.
    """

    source: str
    reference: str
    collection: str
    address: str = ""
    original: str = ""
    snippets: tuple[TextSnippet, ...] = ()
    category: str = ""
    page: str = ""
    date: str = ""  # ISO 8601
    place: tuple[float, float] | None = None  # latitude, longitude
    price: float | None = None
    facets: dict[str, str] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """As the queue carries it and quarantine stores it."""
        return asdict(self) | {"snippets": [snippet.as_json() for snippet in self.snippets]}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "Item":
        """Inverse of `as_json`."""
        snippets = tuple(TextSnippet.from_json(snippet) for snippet in data.get("snippets", ()))
        place = tuple(data["place"]) if data.get("place") else None
        return cls(**(data | {"snippets": snippets, "place": place}))


@dataclass(frozen=True, slots=True)
class Refusal:
    """Something of a source that cannot become an item: goes straight to quarantine."""

    reference: str
    reason: str
    message: str
