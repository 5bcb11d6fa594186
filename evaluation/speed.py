"""Speed of search, with a single k-NN request as the lower bound in the same run."""

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
from query.search import Searcher, WideCandidates
from ranking.candidate_set import CandidateSet
from ranking.fusion import Fusion
from ranking.selection import RankerSelector
from vision.feature_extractor import get_feature_extractor

Json = dict[str, Any]
Asked = TypeVar("Asked")
SEED = 3
WARM_QUESTIONS = 5  # that are asked before those that are timed
WARM_ROUNDS = 6  # a server that has just started is slower until its compiler has seen some five hundred searches
PAGE_SIZE = 24


def count(settings: Settings) -> int:
    """Number of indexed documents; NotFoundError if there are too few to measure."""
    with guard():
        found = connect(settings).count(index=alias(settings), ignore_unavailable=True)["count"]
    if found <= WARM_QUESTIONS:
        raise NotFoundError("there is nothing to search in; begin with `omma demo` or `omma ingest`")
    return int(found)


def like_this(settings: Settings, number: int) -> list[Json]:
    """Whole "more like this" searches and single k-NN requests for the same documents, in turn."""
    client, searcher = connect(settings), Searcher(Context(settings))
    vectors = _some(client, settings, number)
    shown = {"_source": source_filter(FactorRegistry.of(settings).active)}
    base = "one k-NN request, with what a page shows"
    ways: dict[str, Callable[[str], object]] = {
        "one k-NN request, ids only": lambda i: _knn(client, settings, vectors[i], {"_source": False}),
        base: lambda i: _knn(client, settings, vectors[i], shown),
        "the whole search": lambda i: searcher.search(SearchRequest(like=i, number=PAGE_SIZE)),
    }
    taken = _in_turn(ways, list(vectors))
    median = statistics.median(taken[base])
    return [
        {"what": name, **_percentiles(times), "times": round(statistics.median(times) / median, 2)}
        for name, times in taken.items()
    ]


def stages(settings: Settings, number: int) -> Json:
    """Median milliseconds of every stage of such a search."""
    client, searcher = connect(settings), Searcher(Context(settings))
    answers = [searcher.search(SearchRequest(like=i, number=PAGE_SIZE)) for i in _some(client, settings, number)]
    return {name: round(statistics.median(a.took[name] for a in answers[WARM_QUESTIONS:]), 2) for name in answers[0].took}


def ordering(settings: Settings, number: int) -> Json:
    """The factor-table request, rank fusion, the model in use, and its explanation of one page, for the same questions."""
    client, searcher = connect(settings), Searcher(Context(settings))
    found = [searcher.propose(SearchRequest(like=i)) for i in _some(client, settings, number + WARM_QUESTIONS)]
    candidate_sets = [_chosen(one) for one in found]
    times = {name: [_timed(way, one) for one in candidate_sets] for name, way in _orders(settings).items()}
    times["the factor-table request"] = [one.took["table"] for one in found]
    return {
        "questions": number,
        "candidates": int(statistics.median(len(one.table) for one in candidate_sets)),
        "times": {name: _percentiles(taken[WARM_QUESTIONS:]) for name, taken in times.items()},
    }


def _chosen(found: WideCandidates) -> CandidateSet:
    """The candidates that a search would order, of all that were proposed."""
    whole = found.candidate_set
    return whole.model_copy(update={"table": {i: whole.table[i] for i in found.chosen}})


def _orders(settings: Settings) -> dict[str, Callable[[CandidateSet], object]]:
    """Rank fusion; and the model in use with its explanations, if there is one."""
    ways: dict[str, Callable[[CandidateSet], object]] = {"rank fusion": Fusion().order}
    if model := RankerSelector(settings, FactorRegistry.of(settings).feature_names).choose().model:
        ways["learned model"] = model.order
        ways[f"its explanation of {PAGE_SIZE} results"] = lambda found: model.contributions(found, [*found.table][:PAGE_SIZE])
    return ways


def by_upload(settings: Settings, number: int) -> Json:
    """Searches with pictures never seen before: the whole time, the part of the models, and the rest."""
    client, store, feature_extractor = connect(settings), Store(settings), get_feature_extractor(settings)
    searcher = Searcher(Context(settings, client))
    searcher.warm_up()
    whole, models = [], []
    for picture in _some(client, settings, number + WARM_QUESTIONS):
        data, before = _changed(store.original(picture)), sum(feature_extractor.timings.values())
        whole.append(_timed(lambda image: searcher.search(SearchRequest(image=image, number=PAGE_SIZE)), data))
        models.append(1000 * (sum(feature_extractor.timings.values()) - before))
    rest = [all_of_it - extracting for all_of_it, extracting in zip(whole, models, strict=True)]
    parts = {"all": whole, "models": models, "over the models": rest}
    return {name: _percentiles(times[WARM_QUESTIONS:]) for name, times in parts.items()}


def _some(client: OpenSearch, settings: Settings, number: int) -> dict[str, list[float]]:
    """Random documents with their vectors, the same ones every time."""
    query = {"function_score": {"query": {"exists": {"field": "similar"}}, "random_score": {"seed": SEED, "field": "_seq_no"}}}
    with guard():
        found = client.search(index=alias(settings), body={"size": number, "_source": ["similar"], "query": query})
    return {hit["_id"]: hit["_source"]["similar"] for hit in found["hits"]["hits"]}


def _knn(client: OpenSearch, settings: Settings, vector: list[float], shown: Json) -> object:
    body = {"size": PAGE_SIZE, "query": {"knn": {"similar": {"vector": vector, "k": PAGE_SIZE}}}, **shown}
    with guard():
        return client.search(index=alias(settings), body=body)


def _in_turn(ways: dict[str, Callable[[str], object]], asked: Sequence[str]) -> dict[str, list[float]]:
    """Milliseconds of every way for every question; the order of the ways changes from question to question."""
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
    """The picture as other bytes, so that its features are not cached."""
    out = io.BytesIO()
    Image.open(io.BytesIO(data)).convert("RGB").save(out, "JPEG", quality=90)
    return out.getvalue()


def _timed(way: Callable[[Asked], object], asked: Asked) -> float:
    """Milliseconds of one question."""
    begun = time.perf_counter()
    way(asked)
    return 1000 * (time.perf_counter() - begun)


def _percentiles(times: Sequence[float]) -> Json:
    return {f"p{percent}_ms": round(float(np.percentile(times, percent)), 2) for percent in (50, 95)}
