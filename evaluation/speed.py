"""How fast a search is, beside the least that it could be, in the same run."""

import io
import random
import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np
from opensearchpy import OpenSearch
from PIL import Image

from engine.connections import Context, connect, guard
from engine.errors import NotFoundError
from engine.settings import Settings
from engine.store import Store
from factors.registry import FactorRegistry
from mappings.versions import alias
from query.page import source_filter
from query.request import SearchRequest
from query.search import Searcher
from ranking.candidate_set import CandidateSet
from ranking.fusion import Fusion
from ranking.selection import RankerSelector
from vision.feature_extractor import get_feature_extractor

Json = dict[str, Any]
Asked = TypeVar("Asked")
SEED = 3
WARM = 5  # pictures looked at before the clock runs
WARM_ROUNDS = 6  # a server that has just started is slower until its compiler has seen some five hundred searches
NUMBER = 24


def like_this(settings: Settings, number: int) -> list[Json]:
    """Whole "more like this" searches and single k-NN requests for the same documents, in turn."""
    client, searcher = connect(settings), Searcher(Context(settings))
    vectors = _some(client, settings, number)
    ways: dict[str, Callable[[str], object]] = {
        "one k-NN request, ids only": lambda i: _knn(client, settings, vectors[i], {"_source": False}),
        "one k-NN request, with what a page shows": lambda i: _knn(
            client, settings, vectors[i], {"_source": source_filter(FactorRegistry.of(settings).active)}
        ),
        "the whole search": lambda i: searcher.search(SearchRequest(like=i, number=NUMBER)),
    }
    taken = _in_turn(ways, list(vectors))
    base = statistics.median(taken["one k-NN request, with what a page shows"])
    return [
        {"what": name, "p50_ms": _p(times, 50), "p95_ms": _p(times, 95), "times": round(statistics.median(times) / base, 2)}
        for name, times in taken.items()
    ]


def stages(settings: Settings, number: int) -> Json:
    """Median milliseconds of every stage of such a search."""
    client, searcher = connect(settings), Searcher(Context(settings))
    answers = [searcher.search(SearchRequest(like=i, number=NUMBER)) for i in _some(client, settings, number)]
    return {name: round(statistics.median(a.took[name] for a in answers[WARM:]), 2) for name in answers[0].took}


def ordering(settings: Settings, number: int) -> Json:
    """The factor-table request, rank fusion, the model in use, and its explanation of one page, for the same questions."""
    client, searcher, model = (
        connect(settings),
        Searcher(Context(settings)),
        RankerSelector(settings, FactorRegistry.of(settings).feature_names).choose().model,
    )
    found = [searcher.propose(SearchRequest(like=i)) for i in _some(client, settings, number + WARM)]
    candidate_sets = [
        one.candidate_set.model_copy(update={"table": {i: one.candidate_set.table[i] for i in one.chosen}}) for one in found
    ]
    fusion = Fusion()
    ways: dict[str, Callable[[CandidateSet], object]] = {"rank fusion": fusion.order}
    if model:
        ways |= {
            "learned model": model.order,
            f"its explanation of {NUMBER} results": lambda candidate_set: model.contributions(
                candidate_set, [*candidate_set.table][:NUMBER]
            ),
        }
    times = {name: [_timed(way, candidate_set) for candidate_set in candidate_sets][WARM:] for name, way in ways.items()}
    times["the factor-table request"] = [one.took["table"] for one in found][WARM:]
    return {
        "questions": number,
        "candidates": int(statistics.median(len(candidate_set.table) for candidate_set in candidate_sets)),
        "times": {name: {"p50_ms": _p(taken, 50), "p95_ms": _p(taken, 95)} for name, taken in times.items()},
    }


def _timed(way: Callable[[Asked], object], asked: Asked) -> float:
    begun = time.perf_counter()
    way(asked)
    return 1000 * (time.perf_counter() - begun)


def by_upload(settings: Settings, number: int) -> Json:
    """Searches with pictures never seen before: all of the time, the models' part, and the rest."""
    client, store, feature_extractor = connect(settings), Store(settings), get_feature_extractor(settings)
    searcher = Searcher(Context(settings, client))
    searcher.warm_up()
    whole, models = [], []
    for picture in _some(client, settings, number + WARM):
        data, before = _changed(store.original(picture)), sum(feature_extractor.timings.values())
        begun = time.perf_counter()
        searcher.search(SearchRequest(image=data, number=NUMBER))
        whole.append(1000 * (time.perf_counter() - begun))
        models.append(1000 * (sum(feature_extractor.timings.values()) - before))
    rest = [all_of_it - looking for all_of_it, looking in zip(whole, models, strict=True)][WARM:]
    parts = {"all": whole[WARM:], "models": models[WARM:], "over the models": rest}
    return {name: {"p50_ms": _p(times, 50), "p95_ms": _p(times, 95)} for name, times in parts.items()}


def count(settings: Settings) -> int:
    """Documents that are searched; NotFoundError where there are too few."""
    with guard():
        found = connect(settings).count(index=alias(settings), ignore_unavailable=True)["count"]
    if found <= WARM:
        raise NotFoundError("there is nothing to search in; begin with `omma demo` or `omma ingest`")
    return int(found)


def _some(client: OpenSearch, settings: Settings, number: int) -> dict[str, list[float]]:
    """Random documents with their vectors, the same ones every time."""
    query = {"function_score": {"query": {"exists": {"field": "similar"}}, "random_score": {"seed": SEED, "field": "_seq_no"}}}
    with guard():
        hits = client.search(index=alias(settings), body={"size": number, "_source": ["similar"], "query": query})["hits"][
            "hits"
        ]
    return {hit["_id"]: hit["_source"]["similar"] for hit in hits}


def _knn(client: OpenSearch, settings: Settings, vector: list[float], shown: Json) -> object:
    body = {"size": NUMBER, "query": {"knn": {"similar": {"vector": vector, "k": NUMBER}}}, **shown}
    with guard():
        return client.search(index=alias(settings), body=body)


def _in_turn(ways: dict[str, Callable[[str], object]], asked: Sequence[str]) -> dict[str, list[float]]:
    """Milliseconds of every way for every question, one way after the other in changing order."""
    taken: dict[str, list[float]] = {name: [] for name in ways}
    order, shuffle = list(ways), random.Random(SEED)  # noqa: S311  (an order, no secret)
    for warm in (*[True] * WARM_ROUNDS, False):
        for question in asked:
            shuffle.shuffle(order)
            for name in order:
                took = _timed(ways[name], question)
                if not warm:
                    taken[name].append(took)
    return taken


def _changed(data: bytes) -> bytes:
    """The picture as other bytes, which nobody has looked at."""
    out = io.BytesIO()
    Image.open(io.BytesIO(data)).convert("RGB").save(out, "JPEG", quality=90)
    return out.getvalue()


def _p(times: Sequence[float], percent: int) -> float:
    return round(float(np.percentile(times, percent)), 2)
