"""`Item`, one image of a source with its text and facts; and reading facts from the records of feeds and sidecar files."""

import logging
import math
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any

from engine.errors import InputError
from factors.text import TextSnippet
from ingest.dates import date_of
from ingest.prices import price_of
from ingest.text import clean

logger = logging.getLogger(__name__)
FACTS = frozenset({"category", "page", "date", "place", "price", "latitude", "longitude", "facets"})
MAX_FACET_LENGTH = 200  # characters; longer values are not facets
MAX_FACET_VALUES = 100  # of one facet of one item
NAMES = ("name", "value", "label", "title")  # of an object in a list, the part that names it
Values = str | list[str]  # one value, or several


@dataclass(frozen=True, slots=True)
class Item:
    """One image on its way from a source through the queue to a document; `as_json` is safe for JSON.

    The bytes are either at `address` (http or https; a worker fetches it) or in the store under `original` (their sha256).
    `reference` names the item within its source: a relative path, a key of a row, an address. `has_metadata`: the metadata of
    the image's file is among the texts and facts; a worker adds it otherwise. `notes` says which values were not understood.
    `replaces`: references that the same image had in this source, and that are gone.
    """

    source: str
    reference: str
    collection: str
    address: str = ""
    original: str = ""
    snippets: tuple[TextSnippet, ...] = ()
    category: Values = ""
    page: str = ""
    date: str = ""  # ISO 8601
    place: tuple[float, float] | None = None  # latitude, longitude
    price: float | None = None
    facets: Mapping[str, Values] = field(default_factory=dict)
    has_metadata: bool = False
    notes: tuple[str, ...] = ()
    replaces: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The form in the queue and in quarantine."""
        return asdict(self) | {"snippets": [snippet.as_json() for snippet in self.snippets]}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "Item":
        """Inverse of `as_json`."""
        snippets = tuple(TextSnippet.from_json(snippet) for snippet in data.get("snippets", ()))
        place = tuple(data["place"]) if data.get("place") else None
        texts = {name: tuple(data.get(name, ())) for name in ("notes", "replaces")}
        return cls(**(data | texts | {"snippets": snippets, "place": place}))


@dataclass(frozen=True, slots=True)
class Refusal:
    """A part of a source that cannot become an item; it goes to quarantine."""

    reference: str
    reason: str
    message: str


class BadFact(InputError):
    """A value that is not valid for its name."""


@dataclass(frozen=True, slots=True)
class Conventions:
    """How a source writes values. `decimal`: the decimal mark of prices, or empty. `day_first`: whether days stand before
    months, or None. `separators`: what separates several values, by column."""

    decimal: str = ""
    day_first: bool | None = None
    separators: Mapping[str, str] = field(default_factory=dict)


def facts_of(
    record: Mapping[str, Any], known: Collection[str] = (), conventions: Conventions | None = None, *, decimal: str = ""
) -> dict[str, Any]:
    """Keyword arguments for `Item`: every value that is neither a fact nor `known` becomes a facet.

    A fact that is not understood becomes a facet of that name, with a note. `decimal` is the decimal mark of prices, if
    nothing else is known of the source.
    """
    conventions = conventions or Conventions(decimal)
    facets = facets_of(record, known, conventions.separators)
    facts: dict[str, Any] = {"facets": facets}
    notes: list[str] = []
    for name, value, read in _facts_in(record, conventions):
        try:
            facts[name] = read(value)
        except InputError as error:
            logger.info("%s; kept as a facet", error)
            notes.append(f"{error}; kept as a facet")
            facets[name] = clean(str(value))[:MAX_FACET_LENGTH]
    return facts | ({"notes": tuple(notes)} if notes else {})


def _facts_in(record: Mapping[str, Any], conventions: Conventions) -> Iterator[tuple[str, Any, Callable[[Any], Any]]]:
    """Facts that the record has, with their values, and how they are read."""
    place = record.get("place") or (record.get("latitude"), record.get("longitude"))
    facts: list[tuple[str, Any, Callable[[Any], Any]]] = [
        (
            "category",
            record.get("category"),
            lambda value: _one_or_more(values_of(value, conventions.separators.get("category"))),
        ),
        ("page", record.get("page"), lambda value: clean(str(value))),
        ("date", record.get("date"), partial(date_of, day_first=conventions.day_first)),
        ("price", record.get("price"), partial(price_of, decimal=conventions.decimal)),
        ("place", place, place_of),
    ]
    for name, value, read in facts:
        if all(_has_value(part) for part in (value if name == "place" and isinstance(value, list | tuple) else [value])):
            yield name, value, read


def facets_of(
    record: Mapping[str, Any], known: Collection[str] = (), separators: Mapping[str, str] | None = None
) -> dict[str, Values]:
    """The record's `facets`, and its values that are neither facts nor `known`; a list is several values of its facet."""
    named = record.get("facets")
    others = {key: value for key, value in record.items() if key not in FACTS and key not in known}
    found = others | dict(named if isinstance(named, Mapping) else {})
    facets: dict[str, Values] = {}
    for key, value in _flat(found):
        values = [one for one in values_of(value, (separators or {}).get(key)) if len(one) <= MAX_FACET_LENGTH]
        if values and (name := clean(key)):
            facets[name] = _one_or_more(values)
    return facets


def _flat(values: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Values by name; those of an object in it are `name.part`."""
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from ((f"{name}.{part}", inner) for part, inner in _flat(value))
        else:
            yield str(name), value


def values_of(value: Any, separator: str | None = None) -> list[str]:
    """The texts of a value: each entry of a list, or each part of a text with that separator; without repetitions."""
    entries = value if isinstance(value, list | tuple) else str(value).split(separator) if separator else [value]
    named = (next((one[name] for name in NAMES if name in one), None) if isinstance(one, Mapping) else one for one in entries)
    texts = (clean(str(one)) for one in named if _is_scalar(one))
    return list(dict.fromkeys(text for text in texts if text))[:MAX_FACET_VALUES]


def _one_or_more(values: list[str]) -> Values:
    return values[0] if len(values) == 1 else values


def place_of(value: Any) -> tuple[float, float]:
    """`latitude, longitude` in degrees, as text or a pair; a decimal comma is one in a number alone. BadFact."""
    try:
        parts = _pair(value) if isinstance(value, str) else list(value)
        latitude, longitude = (float(str(part).replace(",", ".")) for part in parts)
    except (TypeError, ValueError, OverflowError) as error:
        raise BadFact(f"place {str(value)[:80]!r} is not `latitude, longitude`") from error
    if not (abs(latitude) <= 90 and abs(longitude) <= 180):  # noqa: PLR2004  (degrees)
        raise BadFact(f"place {str(value)[:80]!r} does not lie on Earth")
    return latitude, longitude


def _pair(text: str) -> list[str]:
    """The parts of `52.5,13.4`, `52.5 13.4`, or `52,5; 13,4`."""
    parts = re.split(r"\s*;\s*|,\s+|\s+", text.strip())
    return parts if len(parts) == 2 else text.split(",")  # noqa: PLR2004  (a pair)


def _has_value(value: Any) -> bool:
    """Whether there is a value; NaN and blank text are none."""
    if isinstance(value, float | Decimal) and math.isnan(value):
        return False
    return value is not None and str(value).strip() != ""


def _is_scalar(value: Any) -> bool:
    return isinstance(value, str | int | float | bool | Decimal | date) and _has_value(value)
