"""A question without picture and words: everything that the filters let through, newest first."""

from typing import Any

from query import facets
from query.page import plain_result, source_filter
from query.run import Run

Json = dict[str, Any]
WINDOW = 10_000  # the engine's `index.max_result_window`


def browse(run: Run) -> None:
    """One request: the page, the exact total, and facets counted by the engine."""
    start = (run.request.page - 1) * run.request.number
    number = min(run.request.number, max(WINDOW - start, 0))
    if not number:
        run.warnings.append(f"only the first {WINDOW:,} results can be paged through; narrow them down with filters")
    answer = run.calls.search(_body(run, min(start, WINDOW), number))
    run.total = answer["hits"]["total"]["value"]
    run.facets = facets.of_aggregations(answer["aggregations"], run.factors)
    run.results = [plain_result(hit["_id"], hit["_source"]) for hit in answer["hits"]["hits"]]


def _body(run: Run, start: int, number: int) -> Json:
    return {
        "from": start,
        "size": number,
        "_source": source_filter(run.factors),
        "track_total_hits": True,
        "query": {"bool": {"filter": list(run.question.filters)}},
        # `_seq_no` is the order in which documents were written: it breaks ties the same way on every page.
        "sort": [{"added": {"order": "desc", "unmapped_type": "date"}}, {"_seq_no": "desc"}],
        "aggs": facets.aggregations(run.factors),
    }
