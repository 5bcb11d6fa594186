"""What there is to search: counts, and some pictures to begin with."""

import time
from typing import Any

from opensearchpy import OpenSearch
from opensearchpy.exceptions import NotFoundError as MissingError

from engine.client import guard
from engine.errors import OmmaError
from engine.settings import Settings
from mappings.versions import alias
from query.answer import Facet
from web.models import Overview, Sample, Status
from workers.overview import FIGURES

SAMPLES = 24
MOST_VALUES = 30
SAME_FOR = 600  # seconds that the same pictures are shown, so that coming back finds them again


def overview(client: OpenSearch, settings: Settings) -> Overview:
    """One request; nothing indexed yet is an empty overview. EngineUnavailable."""
    try:
        with guard():
            answer = client.search(index=alias(settings), body=_body(int(time.time() // SAME_FOR)))
    except MissingError:
        return Overview(documents=0)
    hits, found = answer["hits"], answer["aggregations"]
    return Overview(
        documents=hits["total"]["value"],
        collections=_facets(found["collections"]),
        categories=_facets(found["categories"]),
        samples=[Sample(id=hit["_id"], **hit["_source"]) for hit in hits["hits"]],
    )


def status(settings: Settings) -> Status:
    """Every figure; one whose server does not answer is None, so that the others are still told."""
    return Status.model_validate({name: _figure(name, settings) for name in Status.model_fields})


def _figure(name: str, settings: Settings) -> Any:
    try:
        return FIGURES[name](settings)
    except OmmaError:
        return None


def _body(seed: int) -> dict[str, Any]:
    chance = {"random_score": {"seed": seed, "field": "_seq_no"}}
    return {
        "size": SAMPLES,
        "track_total_hits": True,
        "_source": ["title", "width", "height"],
        "query": {"function_score": {"query": {"match_all": {}}, **chance}},
        "aggs": {
            "collections": {"terms": {"field": "collections", "size": MOST_VALUES}},
            "categories": {"terms": {"field": "category", "size": MOST_VALUES}},
        },
    }


def _facets(aggregation: dict[str, Any]) -> list[Facet]:
    return [Facet(value=bucket["key"], count=bucket["doc_count"]) for bucket in aggregation["buckets"]]
