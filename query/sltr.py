"""Scores by the engine: the candidates, rescored by a model that its Learning to Rank plugin holds.

One request: an `ids` filter, which scores nothing, and a rescore by an `sltr` query over all of them.
"""

from collections.abc import Sequence
from typing import Any

from opensearchpy.exceptions import NotFoundError as MissingError

from engine.errors import ConfigurationError, OmmaError
from factors.base import UNSCORED, Clause
from query.engine_calls import COLUMNS_ONLY, Calls, RefusedError, check_shards, id_of
from query.question import Understood
from query.rescoring import RescoredTable
from ranking.learning.learned import Learned
from ranking.plugin.featureset import constants_of, params
from ranking.plugin.upload import STORE, model_name

Json = dict[str, Any]


class NotRankedError(OmmaError):
    """The engine cannot score by a model; the message says why."""


def scores_of(calls: Calls, understood: Understood, table: RescoredTable, model: Learned) -> dict[str, float]:
    """The model's score of every candidate, best first; NotRankedError where the engine does not have the model."""
    try:
        body = rescore_body(list(table.rows), model_name(model.name), params_of(understood, table))
        return scores(calls.search(body))
    except (RefusedError, MissingError, ConfigurationError) as error:
        raise NotRankedError(str(error)) from error


def params_of(understood: Understood, table: RescoredTable) -> Json:
    """Parameters of the model's features: the clauses of the features in play, and the features of the question."""
    return params({clause.name: _scoring(table, clause) for clause in table.clauses()}, constants_of(understood.query_features))


def _scoring(table: RescoredTable, clause: Clause) -> Json:
    """The clause that gives a feature's value; of a feature that was computed here, the values themselves."""
    if clause.rescore is None:
        return clause.score
    known = [(i, found.value) for (i, name), found in table.rescored.items() if name == clause.name]
    if not known:
        return UNSCORED
    return {"bool": {"should": [{"constant_score": {"filter": {"ids": {"values": [i]}}, "boost": v}} for i, v in known]}}


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
