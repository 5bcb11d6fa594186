"""Facets: what the results can be narrowed down by, counted by the engine over exactly these results."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from factors.base import Factor
from query.answer import Facet
from query.filters import CORE, FACET_PREFIX, SIZES

Json = dict[str, Any]
MOST_VALUES = 20
MOST_TOKENS = 500  # of feeds' facets together
FIELDS = {"category": "category", "collection": "collections", "language": "languages", "missing": "missing"}


def body(ids: Sequence[str], factors: Sequence[Factor]) -> Json:
    """A request that counts these documents."""
    query = {"bool": {"filter": [{"ids": {"values": list(ids)}}]}}
    return {"size": 0, "track_total_hits": False, "query": query, "aggs": aggregations(factors)}


def aggregations(factors: Sequence[Factor]) -> Json:
    """What counts everything that a query matches."""
    terms: Json = {name: {"terms": {"field": path, "size": MOST_VALUES}} for name, path in paths(factors).items()}
    sizes = {name: CORE["size"](name) for name in SIZES}
    return terms | {
        "facets": {"terms": {"field": "facets", "size": MOST_TOKENS}},
        "year": {"date_histogram": {"field": "date", "calendar_interval": "year", "format": "yyyy", "min_doc_count": 1}},
        "size": {"filters": {"filters": sizes}},
    }


def of_aggregations(counted: Mapping[str, Json], factors: Sequence[Factor]) -> dict[str, list[Facet]]:
    """Values by facet, the most frequent first."""
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


def _feed_name(name: str, own: Mapping[str, str]) -> str:
    """A feed's facet under a name that filters understand."""
    return FACET_PREFIX + name if name.casefold() in own or name.casefold() in CORE else name


def _in_order(counters: Mapping[str, Any], own: Mapping[str, str]) -> list[str]:
    """Omma's own first, then those of feeds."""
    first = [name for name in (*own, "size", "year") if name in counters]
    return first + sorted(set(counters) - set(first))


def _buckets(counted: Json) -> Counter[str]:
    return Counter({str(bucket.get("key_as_string", bucket["key"])): bucket["doc_count"] for bucket in counted["buckets"]})
