"""Filters, which a result must meet whatever its score, and facets, which count values over the results to filter by next."""

import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from functools import lru_cache, partial
from typing import Any

from engine.errors import BadQuestion
from factors.base import Factor
from factors.text import Term, Words
from query.answer import Facet
from query.tiles import tile_clause

Json = dict[str, Any]
HasFacet = Callable[[str], bool]  # whether feeds brought a facet of that name

ALIASES = {"color": "colour", "lang": "language"}
FACET_PREFIX = "facet."  # prefix for a feed's facet that has the name of a built-in filter
MAX_VALUES = 100  # in one question; the engine limits a query to 1,024 clauses, and a value takes up to four
# Longest side in pixels: from, below.
SIZES: dict[str, tuple[int, int | None]] = {"small": (0, 640), "medium": (640, 1600), "large": (1600, None)}
MAX_PIXELS = 2**31 - 1  # of a side; the engine refuses a range whose ends do not fit into 32 bits
MILLION = 1_000_000
DAY = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?")
DECEMBER = 12
NUMBERS = "accepted: a number, or from..to with either end open"
DAYS = "accepted: 2024, 2024-05, 2024-05-31, or from..to with either end open"
MAX_FACET_VALUES = 20  # of one facet
MAX_FACET_TOKENS = 500  # of feeds' facets together
FACET_FIELDS = {"category": "category", "collection": "collections", "language": "languages", "missing": "missing"}


class FilterNames:
    """Names that a question may filter by: Omma's own, the factors', and those of facets that feeds brought."""

    def __init__(self, factors: Iterable[Factor], has_facet: HasFacet, facet_names: Callable[[], Sequence[str]]) -> None:
        """`has_facet` and `facet_names` are called only for a name that is unknown here."""
        offered = {name: path for factor in factors for name, path in factor.facets().items()}
        self.known = {name: partial(_value, path) for name, path in offered.items()} | CORE
        self._has_facet, self._facet_names = lru_cache(has_facet), facet_names

    def check(self, name: str) -> None:
        """BadQuestion, with a list of the names that are accepted, for an unknown name."""
        name = _canonical(name)
        if name not in self.known and not self._has_facet(name.removeprefix(FACET_PREFIX)):
            accepted = ", ".join([*sorted(self.known), *(self._qualified(facet) for facet in self._facet_names())])
            raise BadQuestion(f'there is no filter {name[:80]!r}; accepted: {accepted} (in "quotes" a colon is plain text)')

    def _qualified(self, facet: str) -> str:
        """The name by which a filter selects a feed's facet."""
        return FACET_PREFIX + facet if _canonical(facet) in self.known else facet

    def clause(self, name: str, value: str) -> Json:
        """One value of one name, as a query; BadQuestion."""
        self.check(name)
        name = _canonical(name)
        if name in self.known:
            return self.known[name](value)
        return _value("facets", f"{name.removeprefix(FACET_PREFIX)}={value}")

    def clauses(self, filters: Mapping[str, Sequence[str]]) -> list[Json]:
        """One clause per name; several values of a name are alternatives."""
        return [any_of([self.clause(name, value) for value in values]) for name, values in filters.items() if values]

    def excluding(self, filters: Mapping[str, Sequence[str]]) -> list[Json]:
        """A query that excludes documents with any of these values; none for no values."""
        alternatives = [self.clause(name, value) for name, values in filters.items() for value in values]
        return [{"bool": {"must_not": alternatives}}] if alternatives else []


def check_number(*filters: Mapping[str, Sequence[str]]) -> None:
    """BadQuestion for more values than one query can hold."""
    number = sum(len(values) for given in filters for values in given.values())
    if number > MAX_VALUES:
        raise BadQuestion(f"a question can filter by {MAX_VALUES} values at most; this one has {number}")


def of_words(words: Words, factors: Iterable[Factor]) -> list[Json]:
    """`+word`, `-word` and phrases as filters over every text field that any factor has."""
    fields = sorted({path for factor in factors for path in factor.text_fields()})
    found = [_anywhere(term, fields) for term in words.must]
    if words.must_not:
        found.append({"bool": {"must_not": [_anywhere(term, fields) for term in words.must_not]}})
    return found


def any_of(alternatives: list[Json]) -> Json:
    """At least one of them."""
    if len(alternatives) == 1:
        return alternatives[0]
    return {"bool": {"should": alternatives, "minimum_should_match": 1}}


def _canonical(name: str) -> str:
    """A filter's name in lower case, aliases resolved."""
    name = name.strip().casefold()
    return ALIASES.get(name, name)


def _anywhere(term: Term, fields: list[str]) -> Json:
    options = {"type": "phrase"} if term.phrase else {"type": "best_fields", "operator": "and"}
    return {"multi_match": {"query": term.text, "fields": fields, "lenient": True, **options}}


def _value(path: str, value: str) -> Json:
    """A query for the whole value, ignoring case."""
    return {"term": {path: {"value": value, "case_insensitive": True}}}


def _number(name: str, value: str) -> Json:
    return number_clause(name, *number_range(name, value))


def _side(name: str, value: str) -> Json:
    return number_clause(name, *(_within(end) for end in number_range(name, value)))


def _within(pixels: float) -> float:
    return max(min(pixels, MAX_PIXELS), -MAX_PIXELS)


def _megapixels(value: str) -> Json:
    low, high = number_range("megapixels", value)
    source = "double n = 1.0 * doc['width'].value * doc['height'].value; return n >= params.low && n <= params.high"
    params = {"low": max(low, 0.0) * MILLION, "high": min(high, MILLION) * MILLION}
    sides = [{"exists": {"field": side}} for side in ("width", "height")]
    return {"bool": {"filter": [*sides, {"script": {"script": {"source": source, "params": params}}}]}}


def _size(value: str) -> Json:
    """A name for the longest side, or a range of its pixels."""
    name = value.strip().casefold()
    low, high = SIZES[name] if name in SIZES else _pixels(value)
    clause: Json = {"filter": [{"bool": {"should": [{"range": {side: {"gte": low}}} for side in ("width", "height")]}}]}
    if high is not None:
        clause["must_not"] = [{"range": {side: {"gte": high}}} for side in ("width", "height")]
    return {"bool": clause}


def _pixels(value: str) -> tuple[float, float | None]:
    try:
        low, high = number_range("size", value)
    except BadQuestion as error:
        raise BadQuestion(f"size {value!r} is not understood; accepted: {', '.join(SIZES)}, or pixels from..to") from error
    return max(_within(low), 0), None if high == float("inf") else int(_within(min(high, MAX_PIXELS - 1))) + 1


def _id(value: str) -> Json:
    return {"ids": {"values": [value] if value else []}}


def number_range(name: str, value: str) -> tuple[float, float]:
    """Both ends, inclusive, an open one infinite; BadQuestion."""
    low, high = _ends(name, value, NUMBERS)
    return _finite(name, low, -math.inf), _finite(name, high, math.inf)


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
    """Both ends as text; a single value is both. BadQuestion where both are open."""
    low, dots, high = (part.strip() for part in value.partition(".."))
    if not (low or high):
        raise BadQuestion(f"{name} {value!r} has no end; {accepted}")
    return (low, high) if dots else (low, low)


def _finite(name: str, text: str, default: float) -> float:
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


CORE: dict[str, Callable[[str], Json]] = {
    "collection": partial(_value, "collections"),
    "category": partial(_value, "category"),
    "language": partial(_value, "languages"),
    "format": partial(_value, "format"),
    "missing": partial(_value, "missing"),
    "date": partial(day_clause, "date", "date"),
    "year": partial(day_clause, "year", "date"),
    "price": partial(_number, "price"),
    "width": partial(_side, "width"),
    "height": partial(_side, "height"),
    "megapixels": _megapixels,
    "size": _size,
    "id": _id,
    "tile": tile_clause,
}


def counting_body(ids: Sequence[str], factors: Sequence[Factor]) -> Json:
    """A request that counts these documents."""
    query = {"bool": {"filter": [{"ids": {"values": list(ids)}}]}}
    return {"size": 0, "track_total_hits": False, "query": query, "aggs": facet_aggregations(factors)}


def facet_aggregations(factors: Sequence[Factor]) -> Json:
    """Aggregations that count the values of every facet."""
    terms: Json = {name: {"terms": {"field": path, "size": MAX_FACET_VALUES}} for name, path in facet_paths(factors).items()}
    sizes = {name: CORE["size"](name) for name in SIZES}
    return terms | {
        "facets": {"terms": {"field": "facets", "size": MAX_FACET_TOKENS}},
        "year": {"date_histogram": {"field": "date", "calendar_interval": "year", "format": "yyyy", "min_doc_count": 1}},
        "size": {"filters": {"filters": sizes}},
    }


def facets_of(counted: Mapping[str, Json], factors: Sequence[Factor]) -> dict[str, list[Facet]]:
    """Values by facet, the most frequent first."""
    fields = facet_paths(factors)
    counters: dict[str, Counter[str]] = {name: _buckets(counted[name]) for name in (*fields, "year")}
    counters["size"] = Counter({name: bucket["doc_count"] for name, bucket in counted["size"]["buckets"].items()})
    for token, number in _buckets(counted["facets"]).items():
        name, _, value = token.partition("=")
        counters.setdefault(_feed_name(name, fields), Counter())[value] = number
    present = {name: Counter({v: n for v, n in counter.items() if n}) for name, counter in counters.items()}
    return {name: ordered_facets(present[name]) for name in _in_order(present, fields) if present[name]}


def facet_paths(factors: Sequence[Factor]) -> dict[str, str]:
    """Facet -> keyword field, for the document's own and the factors'."""
    return FACET_FIELDS | {name: path for factor in factors for name, path in factor.facets().items()}


def ordered_facets(counter: Mapping[str, int]) -> list[Facet]:
    """The most frequent values; ties by value."""
    best = sorted(counter.items(), key=lambda pair: (-pair[1], pair[0]))[:MAX_FACET_VALUES]
    return [Facet(value=value, count=number) for value, number in best]


def _feed_name(name: str, built_in: Mapping[str, str]) -> str:
    """A feed's facet under a name that filters understand."""
    return FACET_PREFIX + name if name.casefold() in built_in or name.casefold() in CORE else name


def _in_order(counters: Mapping[str, Any], built_in: Mapping[str, str]) -> list[str]:
    """Built-in facets first, then those of feeds."""
    first = [name for name in (*built_in, "size", "year") if name in counters]
    return first + sorted(set(counters) - set(first))


def _buckets(counted: Json) -> Counter[str]:
    return Counter({str(bucket.get("key_as_string", bucket["key"])): bucket["doc_count"] for bucket in counted["buckets"]})
