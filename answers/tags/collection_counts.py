"""How often phrases occur in the whole collection: the prior of a tag, from one request to the engine."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from answers.tags.candidates import Candidate
from mappings.analysis import analyzer
from query.engine_calls import Calls, RefusedError

MAX_FORMS = 3  # written forms of a phrase that are counted
MAX_COUNTED = 120  # phrases of one request: each is a filter
Json = dict[str, object]
Pair = tuple[int, int]  # places of two candidates


@dataclass(frozen=True, slots=True)
class Counts:
    """`documents`: with text in the language; `having`: of these, by place in the list of candidates; `both`: by two places.

    `seen`: documents whose picture the classifier calls so, or a kind of it, of the candidates that are kinds; of `total`.
    """

    documents: Mapping[str, int]
    having: Sequence[int]
    both: Mapping[Pair, int]
    seen: Mapping[int, int]
    total: int

    def seen_share(self, place: int) -> float:
        """The share of all documents of which the classifier says it; 0 where it was not counted."""
        return self.seen.get(place, 0) / self.total if self.total else 0.0

    def share(self, place: int, language: str) -> float:
        """The share of the documents of that language that have the phrase, (n + 1) / (N + 2)."""
        return (self.having[place] + 1) / (max(self.documents.get(language, 0), self.having[place]) + 2)

    def occur_together(self, pair: Pair, language: str) -> bool:
        """Whether two phrases are in the same documents more often than by chance."""
        one, other = (self.having[place] for place in pair)
        return self.both.get(pair, 0) * self.documents.get(language, 0) > one * other


def count(calls: Calls, candidates: Sequence[Candidate], left_out: Collection[str], pairs: Collection[Pair] = ()) -> Counts:
    """Counts in the collection without some documents (the one asked with); of none where the engine refuses.

    `pairs`: places of two candidates that are counted together.
    """
    languages, has = sorted({one.language for one in candidates}), [_has(one) for one in candidates[:MAX_COUNTED]]
    filters = {f"p{at}": query for at, query in enumerate(has)}
    filters |= {f"l{at}": {"exists": {"field": _field(language)}} for at, language in enumerate(languages)}
    filters |= {f"s{at}": _seen(one) for at, one in enumerate(candidates[:MAX_COUNTED]) if one.is_kind} | {
        "all": {"match_all": {}}
    }
    filters |= {f"b{one}-{other}": {"bool": {"filter": [has[one], has[other]]}} for one, other in pairs}
    counted = _counted(calls, filters, left_out) if candidates else {}
    return Counts(
        documents={language: counted.get(f"l{at}", 0) for at, language in enumerate(languages)},
        having=[counted.get(f"p{at}", 0) for at in range(len(candidates))],
        seen={at: counted[f"s{at}"] for at in range(len(candidates)) if f"s{at}" in counted},
        total=counted.get("all", 0),
        both={pair: counted.get(f"b{pair[0]}-{pair[1]}", 0) for pair in pairs},
    )


def _counted(calls: Calls, filters: Mapping[str, Json], left_out: Collection[str]) -> dict[str, int]:
    """The number of documents that meet each filter."""
    body = {
        "size": 0,
        "track_total_hits": False,
        "query": {"bool": {"must_not": [{"ids": {"values": sorted(left_out)}}]}},
        "aggs": {"counts": {"filters": {"filters": dict(filters)}}},
    }
    try:
        buckets = calls.search(body)["aggregations"]["counts"]["buckets"]
    except RefusedError as error:
        calls.warn(f"phrases are not compared with the collection: {error}")
        return {}
    return {name: int(bucket["doc_count"]) for name, bucket in buckets.items()}


def _has(candidate: Candidate) -> Json:
    """Whether a document's linked text has the phrase, in any of its usual forms."""
    field = _field(candidate.language)
    forms = sorted(candidate.forms, key=lambda form: (-candidate.forms[form], form))[:MAX_FORMS]
    ways: list[Json] = [{"match_phrase": {field: form}} for form in forms]
    return {"bool": {"should": ways, "minimum_should_match": 1}}


def _seen(candidate: Candidate) -> Json:
    """Whether the classifier is sure to see this, or something of this kind."""
    fields = ["label_names", "label_kinds"]
    return {"multi_match": {"query": candidate.name, "type": "phrase", "fields": fields, "lenient": True}}


def _field(language: str) -> str:
    """The field of the language's analyzer, which knows its stems; that of all words for other languages."""
    name = analyzer(language)
    return f"linked.{name}" if name else "linked.all"
