"""How often phrases occur in the whole collection: the prior of a tag, from one request to the engine."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from answers.tags.candidates import Candidate
from mappings.analysis import analyzer
from query.engine_calls import Calls, RefusedError

MAX_FORMS = 3  # written forms of a phrase that are counted
MAX_COUNTED = 120  # phrases of one request: each is a filter
Json = dict[str, object]


@dataclass(frozen=True, slots=True)
class Counts:
    """`documents`: with text in the language; `having`: of these, by place in the list of candidates."""

    documents: Mapping[str, int]
    having: Sequence[int]

    def share(self, place: int, language: str) -> float:
        """The share of the documents of that language that have the phrase, (n + 1) / (N + 2)."""
        return (self.having[place] + 1) / (max(self.documents.get(language, 0), self.having[place]) + 2)


def count(calls: Calls, candidates: Sequence[Candidate], left_out: Collection[str]) -> Counts:
    """Counts in the collection without some documents (the one asked with); of none where the engine refuses."""
    filters: dict[str, Json] = {f"p{at}": _has(one) for at, one in enumerate(candidates[:MAX_COUNTED])}
    languages = sorted({one.language for one in candidates})
    filters |= {f"l{at}": {"exists": {"field": _field(language)}} for at, language in enumerate(languages)}
    body = {
        "size": 0,
        "track_total_hits": False,
        "query": {"bool": {"must_not": [{"ids": {"values": sorted(left_out)}}]}},
        "aggs": {"counts": {"filters": {"filters": filters}}},
    }
    try:
        buckets = calls.search(body)["aggregations"]["counts"]["buckets"] if candidates else {}
    except RefusedError as error:
        calls.warn(f"phrases are not compared with the collection: {error}")
        buckets = {}
    counted = {name: int(bucket["doc_count"]) for name, bucket in buckets.items()}
    return Counts(
        documents={language: counted.get(f"l{at}", 0) for at, language in enumerate(languages)},
        having=[max(counted.get(f"p{at}", 0), 0) for at in range(len(candidates))],
    )


def _has(candidate: Candidate) -> Json:
    """Whether a document's linked text has the phrase, in any of its usual forms."""
    field = _field(candidate.language)
    forms = sorted(candidate.forms, key=lambda form: (-candidate.forms[form], form))[:MAX_FORMS]
    ways: list[Json] = [{"match_phrase": {field: form}} for form in forms]
    return {"bool": {"should": ways, "minimum_should_match": 1}}


def _field(language: str) -> str:
    """The field of the language's analyzer, which knows its stems; that of all words for other languages."""
    name = analyzer(language)
    return f"linked.{name}" if name else "linked.all"
