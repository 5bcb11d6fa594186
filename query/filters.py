"""Filters: what a result must be, whatever its score."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache, partial
from typing import Any

from engine.errors import BadQuestion
from factors.base import Factor
from factors.words import Term, Words
from query import ranges

Json = dict[str, Any]
Facets = Callable[[str], bool]  # whether feeds brought a facet of that name

# Longest side in pixels: from, below.
SIZES: dict[str, tuple[int, int | None]] = {"small": (0, 640), "medium": (640, 1600), "large": (1600, None)}
ALIASES = {"color": "colour", "lang": "language"}
FACET_PREFIX = "facet."  # names a feed's facet outright, where a filter of our own has the same name
MOST_VALUES = 100  # in one question; the engine limits a query to 1,024 clauses, and a value takes up to four
MILLION = 1_000_000
LONGEST = 2**31 - 1  # pixels of a side; the engine refuses a range whose ends are no integers of 32 bits


def _value(path: str, value: str) -> Json:
    """The whole value, in whatever case."""
    return {"term": {path: {"value": value, "case_insensitive": True}}}


def _number(name: str, value: str) -> Json:
    return ranges.number_clause(name, *ranges.numbers(name, value))


def _side(name: str, value: str) -> Json:
    return ranges.number_clause(name, *(_within(end) for end in ranges.numbers(name, value)))


def _within(pixels: float) -> float:
    return max(min(pixels, LONGEST), -LONGEST)


def _megapixels(value: str) -> Json:
    low, high = ranges.numbers("megapixels", value)
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
        low, high = ranges.numbers("size", value)
    except BadQuestion as error:
        raise BadQuestion(f"size {value!r} is not understood; accepted: {', '.join(SIZES)}, or pixels from..to") from error
    return max(_within(low), 0), None if high == float("inf") else int(_within(min(high, LONGEST - 1))) + 1


def _id(value: str) -> Json:
    return {"ids": {"values": [value] if value else []}}


CORE: dict[str, Callable[[str], Json]] = {
    "collection": partial(_value, "collections"),
    "category": partial(_value, "category"),
    "language": partial(_value, "languages"),
    "format": partial(_value, "format"),
    "missing": partial(_value, "missing"),
    "date": partial(ranges.day_clause, "date", "date"),
    "year": partial(ranges.day_clause, "year", "date"),
    "price": partial(_number, "price"),
    "width": partial(_side, "width"),
    "height": partial(_side, "height"),
    "megapixels": _megapixels,
    "size": _size,
    "id": _id,
}


class FilterNames:
    """Names that a question may filter by: Omma's own, the factors', and those of facets that feeds brought."""

    def __init__(self, factors: Iterable[Factor], has_facet: Facets, facet_names: Callable[[], Sequence[str]]) -> None:
        """`has_facet` and `facet_names` are asked only for a name that is not known here."""
        offered = {name: path for factor in factors for name, path in factor.facets().items()}
        self.known = {name: partial(_value, path) for name, path in offered.items()} | CORE
        self._has_facet, self._facet_names = lru_cache(has_facet), facet_names

    def check(self, name: str) -> None:
        """BadQuestion, candidate_set what is accepted, for a name that is none of these."""
        name = _own(name)
        if name not in self.known and not self._has_facet(name.removeprefix(FACET_PREFIX)):
            accepted = ", ".join([*sorted(self.known), *(self._told(facet) for facet in self._facet_names())])
            raise BadQuestion(f'there is no filter {name[:80]!r}; accepted: {accepted} (in "quotes" a colon is plain text)')

    def _told(self, facet: str) -> str:
        """The name by which a feed's facet is understood."""
        return FACET_PREFIX + facet if _own(facet) in self.known else facet

    def clause(self, name: str, value: str) -> Json:
        """One value of one name, as a query; BadQuestion."""
        self.check(name)
        name = _own(name)
        if name in self.known:
            return self.known[name](value)
        return _value("facets", f"{name.removeprefix(FACET_PREFIX)}={value}")

    def clauses(self, filters: Mapping[str, Sequence[str]]) -> list[Json]:
        """One clause per name; several values of a name are alternatives."""
        return [any_of([self.clause(name, value) for value in values]) for name, values in filters.items() if values]

    def excluding(self, filters: Mapping[str, Sequence[str]]) -> list[Json]:
        """What has any of these values is left out."""
        alternatives = [self.clause(name, value) for name, values in filters.items() for value in values]
        return [{"bool": {"must_not": alternatives}}] if alternatives else []


def check_number(*filters: Mapping[str, Sequence[str]]) -> None:
    """BadQuestion for more values than the engine can look at."""
    number = sum(len(values) for told in filters for values in told.values())
    if number > MOST_VALUES:
        raise BadQuestion(f"a question can filter by {MOST_VALUES} values at most; this one has {number}")


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


def _own(name: str) -> str:
    name = name.strip().casefold()
    return ALIASES.get(name, name)


def _anywhere(term: Term, fields: list[str]) -> Json:
    options = {"type": "phrase"} if term.phrase else {"type": "best_fields", "operator": "and"}
    return {"multi_match": {"query": term.text, "fields": fields, "lenient": True, **options}}
