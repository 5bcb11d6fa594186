"""Order by the engine: the candidates, rescored by a model that its Learning to Rank plugin holds.

One request: an `ids` filter, which scores nothing, and a rescore by an `sltr` query over all of them.
"""

from collections.abc import Sequence
from typing import Any

from opensearchpy.exceptions import NotFoundError as MissingError

from engine.errors import ConfigurationError
from factors.base import UNSCORED, Clause
from query.engine_calls import COLUMNS_ONLY, RefusedError, check_shards, id_of
from query.run import Run
from ranking.learning.learned import Learned
from ranking.order import Ranked, Ranker, columns_of, ranks
from ranking.plugin.featureset import constants_of, params
from ranking.plugin.upload import STORE, model_name

Json = dict[str, Any]


def in_engine(run: Run, model: Learned) -> tuple[list[Ranked], Ranker]:
    """The candidates by the engine's scores; by rank fusion, with a warning, where the engine has not got the model."""
    if not run.candidate_set.table:
        return [], model
    try:
        body = rescore_body(list(run.candidate_set.table), model_name(model.name), params_of(run))
        found = scores(run.calls.search(body))
    except (RefusedError, MissingError, ConfigurationError) as error:
        run.warnings.append(f"results are in the order of rank fusion: the engine cannot rank by {model.name} ({error})")
        return run.fusion.order(run.candidate_set), run.fusion
    by_column = {column: ranks(run.candidate_set.table, column) for column in columns_of(run.candidate_set.table)}
    placed = [Ranked(i, found.get(i, 0.0), {c: r[i] for c, r in by_column.items() if i in r}) for i in run.candidate_set.table]
    return sorted(placed, key=lambda ranked: (-ranked.score, ranked.id)), model


def params_of(run: Run) -> Json:
    """What the model's features are asked with: the clauses of the columns in play, and what kind of question it is."""
    return params({clause.name: _asked(run, clause) for clause in run.clauses()}, constants_of(run.query_features))


def _asked(run: Run, clause: Clause) -> Json:
    """The clause that gives a column's value; of a column that was computed here, the values themselves."""
    if clause.rescore is None:
        return clause.score
    known = [(i, found.value) for (i, column), found in run.rescored.items() if column == clause.name]
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
