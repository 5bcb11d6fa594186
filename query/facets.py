"""Facets: what the results can be narrowed down by, counted over exactly these results."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from factors.base import Factor
from query.answer import Facet
from query.filters import CORE, FACET_PREFIX, SIZES
from query.run import Row, Run

Json = dict[str, Any]
MOST_VALUES = 20
MOST_TOKENS = 500  # of feeds' facets together, where the engine counts
FIELDS = {"category": "category", "collection": "collections", "language": "languages"}


def count(run: Run) -> None:
    """Of the results after the cut; near-duplicates count with their best."""
    run.facets = of_rows((run.rows[group.best.id] for group in run.groups), run.factors)


def of_rows(rows: Iterable[Row], factors: Sequence[Factor]) -> dict[str, list[Facet]]:
    """Values by facet, the most frequent first."""
    fields = paths(factors)
    counters: dict[str, Counter[str]] = {}
    for row in rows:
        for name, value in set(_values(row.fields, fields)):
            counters.setdefault(name, Counter())[value] += 1
    return {name: ordered(counters[name]) for name in _in_order(counters, fields)}


def aggregations(factors: Sequence[Factor]) -> Json:
    """The same, counted by the engine over everything that a query matches."""
    terms: Json = {name: {"terms": {"field": path, "size": MOST_VALUES}} for name, path in paths(factors).items()}
    sizes = {name: CORE["size"](name) for name in SIZES}
    return terms | {
        "facets": {"terms": {"field": "facets", "size": MOST_TOKENS}},
        "year": {"date_histogram": {"field": "date", "calendar_interval": "year", "format": "yyyy", "min_doc_count": 1}},
        "size": {"filters": {"filters": sizes}},
    }


def of_aggregations(counted: Mapping[str, Json], factors: Sequence[Factor]) -> dict[str, list[Facet]]:
    """What the engine counted, in the form of `of_rows`."""
    fields = paths(factors)
    counters: dict[str, Counter[str]] = {name: _buckets(counted[name]) for name in (*fields, "year")}
    counters["size"] = Counter({name: bucket["doc_count"] for name, bucket in counted["size"]["buckets"].items()})
    for token, number in _buckets(counted["facets"]).items():
        name, _, value = token.partition("=")
        counters.setdefault(_feed_name(name, fields), Counter())[value] = number
    present = {name: Counter({v: n for v, n in counter.items() if n}) for name, counter in counters.items()}
    return {name: ordered(present[name]) for name in _in_order(present, fields) if present[name]}


def paths(factors: Sequence[Factor]) -> dict[str, str]:
    """Facet -> keyword field, for the document's own and the factors'."""
    return FIELDS | {name: path for factor in factors for name, path in factor.facets().items()}


def ordered(counter: Mapping[str, int]) -> list[Facet]:
    """The most frequent values; ties by value."""
    best = sorted(counter.items(), key=lambda pair: (-pair[1], pair[0]))[:MOST_VALUES]
    return [Facet(value=value, count=number) for value, number in best]


def size_name(longest: int) -> str:
    """`small`, `medium` or `large`, by the longest side in pixels."""
    return next(name for name, (_, end) in SIZES.items() if end is None or longest < end)


def _values(fields: Mapping[str, list[Any]], names: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Facet and value, for everything a document can be narrowed down by."""
    for name, path in names.items():
        yield from ((name, str(value)) for value in fields.get(path, ()))
    for token in fields.get("facets", ()):
        name, _, value = str(token).partition("=")
        yield _feed_name(name, names), value
    yield from (("year", str(year)) for year in fields.get("date", ()))
    if fields.get("width") and fields.get("height"):
        yield "size", size_name(max(fields["width"][0], fields["height"][0]))


def _feed_name(name: str, own: Mapping[str, str]) -> str:
    """A feed's facet under a name that filters understand."""
    return FACET_PREFIX + name if name.casefold() in own or name.casefold() in CORE else name


def _in_order(counters: Mapping[str, Any], own: Mapping[str, str]) -> list[str]:
    """Omma's own first, then those of feeds."""
    first = [name for name in (*own, "size", "year") if name in counters]
    return first + sorted(set(counters) - set(first))


def _buckets(counted: Json) -> Counter[str]:
    return Counter({str(bucket.get("key_as_string", bucket["key"])): bucket["doc_count"] for bucket in counted["buckets"]})
