"""The page of results: sources, boxes, highlights, explanations and facets, by one request for the results on it.

A question without image and words has a page as well: all documents that meet the filters, newest first.
"""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from factors.base import Clause, Factor
from factors.registry import FactorRegistry
from factors.text import MARK_END, MARK_START, without_marks
from ingest.landmarks import LANDMARK
from query.answer import Facet, Refinement, Result, Source
from query.engine_calls import Calls, RefusedError, check_shards
from query.explanation import box_of, contributions, evidence_of, matched, whys
from query.filters import counting_body, facet_aggregations, facets_of
from query.grouping import Cut, Groups
from query.ordering import Ranking
from query.question import Understood
from query.refinement import refinements, words_body
from query.retrieval import RescoredTable
from ranking.candidate_set import Ranked, shares

Json = dict[str, Any]
MARKS = {"pre_tags": [MARK_START], "post_tags": [MARK_END], "encoder": "default"}
ABSENT: Json = {"_source": {}}
UNSHOWN_FIELDS = ("texts", "sources.texts")
MAX_BROWSED = 10_000  # the engine's `index.max_result_window`


@dataclass(frozen=True, slots=True)
class Page:
    """The results of one page, facets and refinements of all results, and how many results (groups) there are."""

    results: Sequence[Result] = ()
    facets: Mapping[str, list[Facet]] = field(default_factory=dict)
    refinements: Sequence[Refinement] = ()
    total: int = 0


@dataclass(frozen=True, slots=True)
class Made:
    """Results, and the facets and refinements of the documents that were counted."""

    results: list[Result]
    facets: Mapping[str, list[Facet]] = field(default_factory=dict)
    refinements: Sequence[Refinement] = ()


@dataclass(frozen=True, slots=True)
class ResultMaker:
    """Makes results of ranked candidates of one question."""

    calls: Calls
    factors: FactorRegistry
    understood: Understood
    table: RescoredTable
    ranking: Ranking

    def make(self, ranked: Sequence[Ranked], counted: Sequence[str] = ()) -> Made:
        """Results in this order, facets and refinements of the `counted` documents, by one request."""
        ids = [one.id for one in ranked]
        with ThreadPoolExecutor(1) as beside:  # contributions are computed while the engine answers: either takes a while
            explained = beside.submit(contributions, self.ranking, ids)
            hits, facets, words = self._fetch(ids, counted)
        parts = explained.result()
        return Made([self._result(one, hits.get(one.id, ABSENT), parts[one.id]) for one in ranked], facets, words)

    def _result(self, ranked: Ranked, hit: Json, parts: Mapping[str, float]) -> Result:
        """One image with the explanation of its place."""
        columns = self.table.columns
        evidence = evidence_of(self.understood, self.table, ranked, hit)
        share = shares(parts)
        order = sorted(evidence, key=lambda name: (-share.get(name, 0.0), name))
        made = plain_result(ranked.id, hit["_source"], ranked.score)
        made.factors = {name: round(evidence[name].value, 6) for name in order}
        made.why = whys(columns, self.factors.titles, ranked, evidence, parts)
        made.box = next((box for name in order if (box := box_of(columns[name][0], evidence[name]))), None)
        made.matches = [matched(name, one.match) for name in order if (one := evidence[name].rescored) and one.match]
        made.highlights = distinct(hit.get("highlight", {}))
        return made

    def _fetch(
        self, ids: Sequence[str], counted: Sequence[str]
    ) -> tuple[dict[str, Json], dict[str, list[Facet]], list[Refinement]]:
        """Hits by id, facets and refinements; without inner hits and highlights where the engine refuses those."""
        active = self.factors.active
        counting = [counting_body(counted, active), words_body(counted, active)] if counted else []
        page, *responses = self.calls.msearch([self._body(ids, detailed=True), *counting])
        facets, words = self._counted(*responses) if responses else ({}, [])
        try:
            check_shards(page)
        except RefusedError as error:
            self.calls.warn(f"matching parts and highlights are missing: {error}")
            page = self.calls.search(self._body(ids, detailed=False))
        return {hit["_id"]: hit for hit in page["hits"]["hits"]}, facets, words

    def _counted(self, aggregated: Json, read: Json) -> tuple[dict[str, list[Facet]], list[Refinement]]:
        """Facets and refinements; a warning for what the engine refuses."""
        facets: dict[str, list[Facet]] = {}
        words: list[Refinement] = []
        try:
            check_shards(aggregated)
            facets = facets_of(aggregated["aggregations"], self.factors.active)
        except RefusedError as error:
            self.calls.warn(f"facets are missing: {error}")
        try:
            words = refinements(read, self.factors.active, self.understood.question.words)
        except RefusedError as error:
            self.calls.warn(f"words to narrow down by are missing: {error}")
        return facets, words

    def _body(self, ids: Sequence[str], *, detailed: bool) -> Json:
        query: Json = {"bool": {"filter": [{"ids": {"values": list(ids)}}]}}
        source = source_filter(self.factors.active)
        body: Json = {"size": len(ids), "_source": source, "track_total_hits": False, "query": query}
        if detailed:
            inner = (_with_inner_hits(factor, clause) for factor, clause in self.table.columns.values())
            query["bool"]["should"] = [clause for clause in inner if clause]
            body |= self._highlight()
        return body

    def _highlight(self) -> Json:
        """Highlights of the features that match words."""
        fields: Json = {}
        matching: list[Json] = []
        for factor, clause in self.table.columns.values():
            if wanted := factor.highlight(self.understood.question):
                fields |= wanted
                matching.append(clause.score)
        if not fields:
            return {}
        return {"highlight": {**MARKS, "fields": fields, "highlight_query": {"bool": {"should": matching}}}}


def show(
    *,
    calls: Calls,
    factors: FactorRegistry,
    understood: Understood,
    table: RescoredTable,
    ranking: Ranking,
    cut: Cut,
    grouped: Groups,
) -> Page:
    """Results of the page asked for, each with its near-duplicates; facets of all results."""
    if not grouped.groups:
        return Page()
    request = understood.request
    shown = grouped.on_page(request.page, request.number)
    maker = ResultMaker(calls, factors, understood, table, ranking)
    ranked = [one for group in shown for one in (group.best, *group.others)]
    made = maker.make(ranked, counted=[group.best.id for group in grouped.groups])
    for result in made.results:
        result.probability = _percent(cut.probabilities.get(result.id))
    results, remaining = [], iter(made.results)
    for position, group in enumerate(shown, start=(request.page - 1) * request.number + 1):
        best = next(remaining)
        best.duplicates = list(islice(remaining, len(group.others)))
        best.position, best.team = position, ranking.teams.get(best.id, "")
        results.append(best)
    return Page(results, made.facets, made.refinements, len(grouped.groups))


def _percent(probability: float | None) -> float | None:
    """Rounded to whole percents: curves tell no finer."""
    return None if probability is None else round(probability, 2)


def browse(calls: Calls, factors: FactorRegistry, understood: Understood) -> Page:
    """All documents that meet the filters, newest first: one request for the page, the exact total, and the facets."""
    request = understood.request
    start = (request.page - 1) * request.number
    number = min(request.number, max(MAX_BROWSED - start, 0))
    if not number:
        calls.warn(f"only the first {MAX_BROWSED:,} results can be paged through; narrow them down with filters")
    answer = calls.search(_browsing(factors.active, understood, min(start, MAX_BROWSED), number))
    return Page(
        results=[plain_result(hit["_id"], hit["_source"]) for hit in answer["hits"]["hits"]],
        facets=facets_of(answer["aggregations"], factors.active),
        total=answer["hits"]["total"]["value"],
    )


def plain_result(document_id: str, document: Mapping[str, Any], score: float = 0.0) -> Result:
    """A result without explanation, from the fields of a document."""
    return Result(
        id=document_id,
        score=round(score, 6),
        factors={},
        why=[],
        sources=[source_of(entry) for entry in document.get("sources", [])],
        title=document.get("title", ""),
        category=first(document.get("category", "")),
        collections=as_list(document.get("collections", [])),
        landmarks=landmarks_of(document),
        place=point_of(document.get("place")),
        price=price_of(document.get("price")),
        width=document.get("width", 0),
        height=document.get("height", 0),
    )


def source_of(entry: Mapping[str, Any]) -> Source:
    """One entry of a document's `sources`."""
    return Source(**{name: entry.get(name) or "" for name in ("source", "reference", "collection", "page")})


def landmarks_of(document: Mapping[str, Any]) -> list[str]:
    """The landmarks that a document is a reference image of, by its facets."""
    tokens = (token.partition("=") for token in as_list(document.get("facets", [])))
    return [value for name, _, value in tokens if name == LANDMARK]


def point_of(place: Any) -> list[float] | None:
    """Latitude and longitude of a `geo_point` field."""
    return [place["lat"], place["lon"]] if isinstance(place, Mapping) else None


def price_of(value: Any) -> float | None:
    """The first price of a field that may hold one, several or none."""
    prices = value if isinstance(value, list) else [value]
    return next((float(price) for price in prices if price is not None), None)


def source_filter(factors: Sequence[Factor]) -> Json:
    """`_source` without large fields that no page of results shows."""
    large = {path for factor in factors for path in factor.unshown_fields()}
    return {"excludes": sorted({*UNSHOWN_FIELDS, *large})}


def distinct(highlights: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """Snippets by field; snippets that an earlier field has are left out."""
    kept: dict[str, list[str]] = {}
    seen: set[str] = set()
    for name in sorted(highlights, key=lambda name: (-_marked(highlights[name]), name)):
        fresh = [snippet for snippet in highlights[name] if without_marks(snippet) not in seen]
        seen |= {without_marks(snippet) for snippet in fresh}
        if fresh:
            kept[name] = fresh
    return kept


def as_list(value: Any) -> list[str]:
    """The values of a field that may hold one value or several."""
    return [str(entry) for entry in value] if isinstance(value, list) else [str(value)]


def first(value: Any) -> str:
    """The first value of a field that may hold one value or several."""
    return next(iter(as_list(value)), "")


def _browsing(factors: Sequence[Factor], understood: Understood, start: int, number: int) -> Json:
    return {
        "from": start,
        "size": number,
        "_source": source_filter(factors),
        "track_total_hits": True,
        "query": {"bool": {"filter": list(understood.question.filters)}},
        # `_seq_no` is the order in which documents were written: it breaks ties the same way on every page.
        "sort": [{"added": {"order": "desc", "unmapped_type": "date"}}, {"_seq_no": "desc"}],
        "aggs": facet_aggregations(factors),
    }


def _with_inner_hits(factor: Factor, clause: Clause) -> Json | None:
    """The nested clause again, with the inner hits that name the parts that matched; None for other clauses."""
    inner = factor.inner(clause)
    if inner is None or "nested" not in clause.score:
        return None
    return {"nested": clause.score["nested"] | {"inner_hits": {"name": clause.name} | inner}}


def _marked(snippets: Sequence[str]) -> int:
    return sum(snippet.count(MARK_START) for snippet in snippets)
