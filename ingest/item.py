"""`Item`, one image of a source with its text and facts; and reading facts from the records of feeds and sidecar files."""

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
MAX_FACET_LENGTH = 200  # characters; longer values are not facets


@dataclass(frozen=True, slots=True)
class Item:
    """One image on its way from a source through the queue to a document; `as_json` is safe for JSON.

    The bytes are either at `address` (http or https; a worker fetches it) or in the store under `original` (their sha256).
    `reference` names the item within its source: a relative path, a row number, an address. `has_metadata`: the metadata of
    the image's file is among the texts and facts; a worker adds it otherwise.
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
    has_metadata: bool = False

    def as_json(self) -> dict[str, Any]:
        """The form in the queue and in quarantine."""
        return asdict(self) | {"snippets": [snippet.as_json() for snippet in self.snippets]}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "Item":
        """Inverse of `as_json`."""
        snippets = tuple(TextSnippet.from_json(snippet) for snippet in data.get("snippets", ()))
        place = tuple(data["place"]) if data.get("place") else None
        return cls(**(data | {"snippets": snippets, "place": place}))


@dataclass(frozen=True, slots=True)
class Refusal:
    """A part of a source that cannot become an item; it goes to quarantine."""

    reference: str
    reason: str
    message: str


class BadFact(InputError):
    """A value that is not valid for its name."""


def facts_of(record: Mapping[str, Any], known: Collection[str] = (), *, decimal: str = "") -> dict[str, Any]:
    """Keyword arguments for `Item`: every scalar that is neither a fact nor `known` becomes a facet.

    `decimal` is the decimal mark of the source's prices, if it is known. The text of an ambiguous price becomes the facet
    `price`. BadFact, BadPrice.
    """
    facets = facets_of(record, known)
    facts: dict[str, Any] = {"facets": facets}
    for name, read in (("category", clean), ("page", clean), ("date", date_of)):
        if _has_value(record.get(name)):
            facts[name] = read(str(record[name]))
    try:
        facts |= {"price": price_of(record["price"], decimal)} if _has_value(record.get("price")) else {}
    except AmbiguousPrice as error:
        logger.info("%s; kept as a facet", error)
        facets["price"] = clean(str(record["price"]))[:MAX_FACET_LENGTH]
    place = record.get("place") or (record.get("latitude"), record.get("longitude"))
    if all(_has_value(part) for part in (place if isinstance(place, list | tuple) else [place])):
        facts["place"] = place_of(place)
    return facts


def facets_of(record: Mapping[str, Any], known: Collection[str] = ()) -> dict[str, str]:
    """The record's `facets`, and its scalars that are neither facts nor `known`."""
    named = record.get("facets")
    scalars = {key: value for key, value in record.items() if key not in FACTS and key not in known}
    found = scalars | dict(named if isinstance(named, Mapping) else {})
    texts = {clean(str(key)): clean(str(value)) for key, value in found.items() if _is_scalar(value)}
    return {key: value for key, value in texts.items() if key and 0 < len(value) <= MAX_FACET_LENGTH}


def date_of(text: str) -> str:
    """ISO 8601 of an ISO date or date and time; BadFact."""
    try:
        return datetime.fromisoformat(text.strip()).isoformat()
    except ValueError as error:
        raise BadFact(f"date {text[:80]!r} is not ISO 8601 (2024-05-17, or 2024-05-17T10:20:30+02:00)") from error


def place_of(value: Any) -> tuple[float, float]:
    """`latitude, longitude` in degrees, as text or a pair; BadFact."""
    try:
        latitude, longitude = (float(part) for part in (value.split(",") if isinstance(value, str) else value))
    except (TypeError, ValueError, OverflowError) as error:
        raise BadFact(f"place {str(value)[:80]!r} is not `latitude, longitude`") from error
    if not (abs(latitude) <= 90 and abs(longitude) <= 180):  # noqa: PLR2004  (degrees)
        raise BadFact(f"place {str(value)[:80]!r} does not lie on Earth")
    return latitude, longitude


def _has_value(value: Any) -> bool:
    """Whether there is a value; NaN and blank text are none."""
    if isinstance(value, float | Decimal) and math.isnan(value):
        return False
    return value is not None and str(value).strip() != ""


def _is_scalar(value: Any) -> bool:
    return isinstance(value, str | int | float | bool) and not (isinstance(value, float) and math.isnan(value))
