"""The page shown: sources, boxes, highlights, reasons and facets, in one request for what is shown and nothing else."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import Any

from factors.base import Clause, Evidence, Factor, Match
from ingest.landmarks import LANDMARK
from query import facets
from query.answer import Matched, Result, Source
from query.engine_calls import RefusedError, check_shards
from query.run import Run
from query.why import contributions, whys
from ranking.order import Ranked, shares

Json = dict[str, Any]
MARKS = {"pre_tags": ["\ue000"], "post_tags": ["\ue001"], "encoder": "default"}
ABSENT: Json = {"_source": {}}
UNSHOWN = ("texts", "sources.texts")


def show(run: Run) -> None:
    """Results of the page asked for, each with its near-duplicates; facets of all results."""
    if not run.groups:
        return
    shown = run.shown()
    made = iter(results_of(run, [ranked for group in shown for ranked in (group.best, *group.others)]))
    start = (run.request.page - 1) * run.request.number + 1
    for position, group in enumerate(shown, start=start):
        best = next(made)
        best.duplicates = list(islice(made, len(group.others)))
        best.position, best.team = position, run.teams.get(best.id, "")
        run.results.append(best)


def results_of(run: Run, places: Sequence[Ranked]) -> list[Result]:
    """These candidates as results, in this order."""
    ids = [ranked.id for ranked in places]
    with ThreadPoolExecutor(1) as beside:  # the trees are explained while the engine answers: either takes a while
        explained = beside.submit(contributions, run, ids)
        hits = _ask(run, ids)
    parts = explained.result()
    return [result(run, ranked, hits.get(ranked.id, ABSENT), parts[ranked.id]) for ranked in places]


def result(run: Run, ranked: Ranked, hit: Json, parts: Mapping[str, float]) -> Result:
    """One picture with everything that speaks for it, and against it."""
    values = run.rows[ranked.id].values
    evidence = {name: _evidence(run, name, ranked, hit) for name in values if name in run.columns}
    share = shares(parts)
    order = sorted(evidence, key=lambda name: (-share.get(name, 0.0), name))
    made = plain_result(ranked.id, hit["_source"], ranked.score)
    made.factors = {name: round(evidence[name].value, 6) for name in order}
    made.why = whys(run, ranked, evidence, parts)
    made.box = next((box for name in order if (box := _box(run.columns[name][0], evidence[name]))), None)
    made.matches = [_matched(name, found.match) for name in order if (found := evidence[name].rescored) and found.match]
    made.highlights = distinct(hit.get("highlight", {}))
    return made


def plain_result(document_id: str, document: Mapping[str, Any], score: float = 0.0) -> Result:
    """What a document says of itself."""
    return Result(
        id=document_id,
        score=round(score, 6),
        factors={},
        why=[],
        sources=[_source(entry) for entry in document.get("sources", [])],
        title=document.get("title", ""),
        category=first(document.get("category", "")),
        collections=as_list(document.get("collections", [])),
        landmarks=landmarks_of(document),
        place=point_of(document.get("place")),
        width=document.get("width", 0),
        height=document.get("height", 0),
    )


def landmarks_of(document: Mapping[str, Any]) -> list[str]:
    """The landmarks that a document is a reference picture of, by its facets."""
    tokens = (token.partition("=") for token in as_list(document.get("facets", [])))
    return [value for name, _, value in tokens if name == LANDMARK]


def point_of(place: Any) -> list[float] | None:
    """Latitude and longitude of a place as documents have it."""
    return [place["lat"], place["lon"]] if isinstance(place, Mapping) else None


def source_filter(factors: Sequence[Factor]) -> Json:
    """`_source` without what a page of results has no use for."""
    large = {path for factor in factors for path in factor.unshown_fields()}
    return {"excludes": sorted({*UNSHOWN, *large})}


def distinct(highlights: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """Snippets by field; a field whose snippets another one already has is left out."""
    kept: dict[str, list[str]] = {}
    seen: set[str] = set()
    for name in sorted(highlights, key=lambda name: (-_marked(highlights[name]), name)):
        fresh = [snippet for snippet in highlights[name] if _plain(snippet) not in seen]
        seen |= {_plain(snippet) for snippet in fresh}
        if fresh:
            kept[name] = fresh
    return kept


def as_list(value: Any) -> list[str]:
    """A field that may hold one value or several."""
    return [str(entry) for entry in value] if isinstance(value, list) else [str(value)]


def first(value: Any) -> str:
    """The first value of such a field."""
    return next(iter(as_list(value)), "")


def _ask(run: Run, ids: Sequence[str]) -> dict[str, Json]:
    """Hits by id, and the facets on the way; without inner hits and highlights where the engine refuses those."""
    best = [group.best.id for group in run.groups]
    page, counted = run.calls.msearch([_body(run, ids, detailed=True), facets.body(best, run.factors)])
    try:
        check_shards(counted)
        run.facets = facets.of_aggregations(counted["aggregations"], run.factors)
    except RefusedError as error:
        run.warnings.append(f"facets are missing: {error}")
    try:
        check_shards(page)
    except RefusedError as error:
        run.warnings.append(f"matching parts and highlights are missing: {error}")
        page = run.calls.search(_body(run, ids, detailed=False))
    return {hit["_id"]: hit for hit in page["hits"]["hits"]}


def _body(run: Run, ids: Sequence[str], *, detailed: bool) -> Json:
    query: Json = {"bool": {"filter": [{"ids": {"values": list(ids)}}]}}
    body: Json = {"size": len(ids), "_source": source_filter(run.factors), "track_total_hits": False, "query": query}
    if detailed:
        query["bool"]["should"] = [inner for clause in run.clauses() if (inner := _with_inner_hits(run, clause))]
        body |= _highlight(run)
    return body


def _with_inner_hits(run: Run, clause: Clause) -> Json | None:
    """The nested clause again, this time telling which of the document's parts matched."""
    factor, _ = run.columns[clause.name]
    inner = factor.inner(clause)
    if inner is None or "nested" not in clause.score:
        return None
    return {"nested": clause.score["nested"] | {"inner_hits": {"name": clause.name} | inner}}


def _highlight(run: Run) -> Json:
    """Highlights asked for by the columns that match words."""
    fields: Json = {}
    lighting: list[Json] = []
    for factor, clause in run.columns.values():
        if wanted := factor.highlight(run.question):
            fields |= wanted
            lighting.append(clause.score)
    if not fields:
        return {}
    return {"highlight": {**MARKS, "fields": fields, "highlight_query": {"bool": {"should": lighting}}}}


def _evidence(run: Run, column: str, ranked: Ranked, hit: Json) -> Evidence:
    factor, _ = run.columns[column]
    found = hit.get("inner_hits", {}).get(column, {}).get("hits", {}).get("hits", [])
    lit = factor.highlight(run.question)
    snippets = [s for name, snippets in hit.get("highlight", {}).items() if name in lit for s in snippets]
    return Evidence(
        clause=column,
        value=run.rows[ranked.id].values[column],
        document=hit["_source"],
        question=run.question,
        inner=[_inner_source(inner) for inner in found],
        highlights=snippets,
        rescored=run.rescored.get((ranked.id, column)),
    )


def _inner_source(hit: Json) -> Json:
    source: Json = hit.get("_source", {})
    return source


def _box(factor: Factor, evidence: Evidence) -> list[float] | None:
    try:
        return factor.box(evidence)
    except Exception:  # as above
        return None


def _matched(column: str, match: Match) -> Matched:
    return Matched(factor=column, points=[list(pair) for pair in match.pairs], outline=[list(p) for p in match.outline])


def _source(entry: Mapping[str, Any]) -> Source:
    return Source(**{name: entry.get(name) or "" for name in ("source", "reference", "collection", "page")})


def _marked(snippets: Sequence[str]) -> int:
    return sum(snippet.count("\ue000") for snippet in snippets)


def _plain(snippet: str) -> str:
    return snippet.replace("\ue000", "").replace("\ue001", "")
