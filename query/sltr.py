"""Order by the engine: the candidates, rescored by a model that its Learning to Rank plugin holds.

One request: an `ids` filter, which scores nothing, and a rescore by an `sltr` query over all of them.
"""

from collections.abc import Sequence
from typing import Any

from query.engine_calls import COLUMNS_ONLY, RefusedError, check_shards, id_of
from query.run import Run
from ranking.plugin.featureset import constants_of, params
from ranking.plugin.upload import STORE

Json = dict[str, Any]


def params_of(run: Run) -> Json:
    """What the model's features are asked with: the clauses of the columns in play, and what kind of question it is."""
    return params({clause.name: clause.score for clause in run.clauses()}, constants_of(run.facts))


def rescore_body(ids: Sequence[str], model: str, asked: Json, store: str = STORE) -> Json:
    """The search that scores these documents by the model; `asked` are the parameters of its features.

    The window is counted by shard, so it takes in all of them, wherever they are. At most 10,000 documents, or what
    `index.max_rescore_window` says.
    """
    number = max(len(ids), 1)  # the engine takes no window of none
    sltr = {"store": store, "model": model, "params": asked}
    return {
        "size": number,
        **COLUMNS_ONLY,
        "docvalue_fields": ["id"],
        "track_total_hits": False,
        "query": {"bool": {"filter": [{"ids": {"values": list(ids)}}]}},
        "rescore": {
            "window_size": number,
            "query": {"rescore_query": {"sltr": sltr}, "query_weight": 0, "rescore_query_weight": 1},
        },
    }


def scores(response: Json, lift: float = 0.0) -> dict[str, float]:
    """The model's score of every document found, best first; `lift` is what the plugin's form of the model adds to each.

    RefusedError where the engine refused, a shard failed, or a score is missing.
    """
    check_shards(response)
    hits = response.get("hits", {}).get("hits", [])
    found = {id_of(hit): hit.get("_score") for hit in hits}
    if any(score is None for score in found.values()):
        raise RefusedError("the engine gave documents without scores: a search that is sorted is not rescored")
    return {document: float(score) - lift for document, score in found.items()}
