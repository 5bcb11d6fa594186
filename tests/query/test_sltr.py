"""The engine's side of a learned order: the plugin's features are the columns of the factor table, and a rescore gives scores.

The server of the tests has no Learning to Rank plugin, but all that the plugin asks of it: Mustache and the queries. What the
plugin does with them is computed by tests/ranking/plugin_reference.py. A server that has it is named by OMMA_TEST_LTR_URL.
"""

import os
import random
from collections.abc import Iterator

import pytest
from opensearchpy import OpenSearch

from engine.connections import Context, connect
from engine.errors import ConfigurationError
from engine.settings import Settings
from factors.registry import FactorRegistry
from mappings import versions
from query.engine_calls import Calls, RefusedError
from query.ordering import params_of, rescore_body, scores
from query.pipeline import Values
from query.question import Understood
from query.request import SearchRequest
from query.retrieval import RescoredTable
from query.search import Searcher
from ranking.candidate_set import CandidateSet, QueryFeatures
from ranking.learning.examples import Example
from ranking.learning.features import QUESTION, FeatureSet
from ranking.learning.learned import Learned, Recipe, fit
from ranking.plugin.featureset import constants_of, lift, name_of
from ranking.plugin.upload import Export, export, has_plugin, upload
from tests.factors.scenes import Live
from tests.query.query_scenes import StubExtractor, collection, png, seen
from tests.ranking.plugin_reference import Json, read, score

pytestmark = pytest.mark.engine
SCALE = {"linked_text": 8, "ocr": 8, "objects.words": 4}  # BM25 has no upper end
NAMES = FactorRegistry.of(Settings()).feature_names()
PLAIN = FeatureSet(columns=NAMES, listwise=False)
ASKED = {
    "picture and words": SearchRequest(image=png(), text="red dog town plate", no_cutoff=True),
    "words": SearchRequest(text='red dog "old town"', no_cutoff=True),
    "document": SearchRequest(like="car0", no_cutoff=True),
    "part": SearchRequest(like="dog0", box=[0.25, 0.125, 0.5, 0.5], no_cutoff=True),
}


@pytest.fixture()
def stub() -> StubExtractor:
    """A red car with a plate."""
    return StubExtractor(whole=seen("q", "car", 0))


def example(number: int) -> Example:
    """All columns, each often missing; the grade is a matter of several."""
    chance = random.Random(number)
    table = {
        f"{number}-{place}": {name: chance.random() * SCALE.get(name, 1) for name in NAMES if chance.random() < 0.6}
        for place in range(40)
    }
    best = max(len(row) for row in table.values())
    grades = {
        key: int(4 * (sum(v / SCALE.get(n, 1) for n, v in row.items()) / len(row) + len(row) / best) / 2)
        for key, row in table.items()
        if row
    }
    query_features = QueryFeatures(intent="picture" if number % 2 else "picture and words", words=number % 3)
    return Example(
        topic=str(number), candidate_set=CandidateSet(table=table, query_features=query_features), grades=grades, complete=True
    )


@pytest.fixture(scope="module")
def model() -> Learned:
    """Trees over all columns, without list context."""
    made = [example(number) for number in range(60)]
    return Learned("plain", PLAIN, fit(made[:45], made[45:], Recipe(features=PLAIN, trees=160, monotone=False)))


def asked_of(values: Values) -> Json:
    """The parameters that the model's features are asked with."""
    return params_of(values[Understood], values[RescoredTable])


def rendered(client: OpenSearch, feature: Json, asked: Json) -> Json:
    """The query of a feature, as Mustache writes it."""
    assert all(name in asked for name in feature["params"]), "the plugin refuses what lacks a parameter"
    body = {"source": feature["template"], "params": asked}
    output: Json = client.transport.perform_request("POST", "/_render/template", body=body)["template_output"]
    return output


def logged(live: Live, made: Export, values: Values) -> dict[str, dict[str, float]]:
    """Document -> feature -> value, for features whose query matches: what the plugin gathers."""
    queries = {f["name"]: rendered(live.client, f, asked_of(values)) for f in made.featureset["featureset"]["features"]}
    should = [{"bool": {"must": [query], "_name": name}} for name, query in queries.items()]
    query = {"bool": {"filter": [{"ids": {"values": list(values[RescoredTable].rows)}}], "should": should}}
    sent = {"size": 100, "_source": False, "query": query}
    hits = live.client.search(index=live.index, body=sent, params={"include_named_queries_score": "true"})["hits"]["hits"]
    return {hit["_id"]: hit["matched_queries"] for hit in hits}


@pytest.mark.parametrize("asked", ASKED)
def test_features_of_the_plugin_are_the_columns_and_the_question(
    full: Live, searcher: Searcher, model: Learned, asked: str
) -> None:
    values = searcher.run(ASKED[asked], until="rescore")
    table = values[RescoredTable]
    assert table.columns and set(table.columns) <= set(NAMES)
    constants = {name_of(name): value for name, value in constants_of(values[Understood].query_features).items()}
    expected = {
        key: {name_of(name): value for name, value in row.values.items()} | constants for key, row in table.rows.items()
    }
    found = logged(full, export(model), values)
    assert found.keys() == expected.keys() and len(found) > 2
    for key, row in expected.items():
        assert found[key] == pytest.approx(row, abs=1e-7), key


@pytest.mark.parametrize("asked", ASKED)
def test_the_engine_scores_as_our_process_does(full: Live, searcher: Searcher, model: Learned, asked: str) -> None:
    values, made = searcher.run(ASKED[asked], until="rescore"), export(model)
    trees = read(made.model)
    found = {key: score(trees, row, reads_missing=False) - lift(made.model) for key, row in logged(full, made, values).items()}
    ours = {ranked.id: ranked.score for ranked in model.order(searcher.candidate_set(ASKED[asked]))}
    assert found == pytest.approx(ours, abs=1e-5)
    assert len(set(ours.values())) > 1


def test_a_rescore_gives_every_document_the_score_of_its_query_alone(full: Live) -> None:
    ids = [f"car{n}" for n in range(4)] + ["dog1"]
    body = rescore_body(ids, "m", {})
    assert body["rescore"]["query"]["rescore_query"] == {"sltr": {"store": "omma", "model": "m", "params": {}}}
    script = {"source": "doc['price'].size() == 0 ? 0.5 : doc['price'].value / 7"}
    body["rescore"]["query"]["rescore_query"] = {"script_score": {"query": {"match_all": {}}, "script": script}}
    calls = Calls(full.client, full.index, 20)
    found = scores(calls.search(body), lift=2.0)
    prices = {f"car{n}": 10.0 * n / 7 for n in range(4)} | {"dog1": 0.5}
    assert found == pytest.approx({key: value - 2 for key, value in prices.items()}, abs=1e-6)
    assert list(found) == ["car3", "car2", "car1", "dog1", "car0"], "best first"
    body["rescore"]["query"]["rescore_query"] = {"match_all": {}}
    assert scores(calls.search(rescore_body([], "m", {}) | {"rescore": body["rescore"]})) == {}


def test_documents_without_scores_are_not_taken_for_an_order(full: Live) -> None:
    body = rescore_body(["car0"], "m", {}) | {"sort": ["_doc"]}
    del body["rescore"]
    with pytest.raises(RefusedError, match="without scores"):
        scores(Calls(full.client, full.index, 20).search(body))


def test_a_server_without_the_plugin_says_so(full: Live, model: Learned) -> None:
    assert not has_plugin(full.client)
    with pytest.raises(ConfigurationError, match=r"no Learning to Rank plugin.*opensearch-ltr"):
        upload(full.client, export(model))
    with pytest.raises(RefusedError, match="sltr"):
        Calls(full.client, full.index, 20).search(rescore_body(["car0"], "m", {}))


@pytest.fixture()
def with_plugin(live_settings: Settings) -> Iterator[Live]:
    """The collection on a server that has the plugin."""
    url = os.environ.get("OMMA_TEST_LTR_URL")
    if not url:
        pytest.skip("OMMA_TEST_LTR_URL names no server with the Learning to Rank plugin")
    settings = live_settings.model_copy(update={"opensearch_url": url, "ranker": "fusion"})
    found = Live(connect(settings), settings)
    found.put(collection())
    yield found
    found.client.indices.delete(index=f"{settings.index_prefix}-*", params={"expand_wildcards": "all"})
    found.client.indices.delete_index_template(name=versions.alias(settings), ignore=404)
    found.client.plugins.ltr.delete_store(store=settings.index_prefix, ignore=404)


@pytest.mark.parametrize("asked", ASKED)
def test_the_plugin_itself_orders_as_our_process_does(
    with_plugin: Live, stub: StubExtractor, thresholds: object, model: Learned, asked: str
) -> None:
    made, store = export(model), with_plugin.settings.index_prefix
    upload(with_plugin.client, made, store)
    upload(with_plugin.client, made, store)
    searcher = Searcher(Context(with_plugin.settings, with_plugin.client), lambda: stub)
    values = searcher.run(ASKED[asked], until="rescore")
    body = rescore_body(list(values[RescoredTable].rows), made.name, asked_of(values), store)
    found = scores(values[Calls].search(body), lift(made.model))
    candidates = searcher.candidate_set(ASKED[asked])
    assert found == pytest.approx({ranked.id: ranked.score for ranked in model.order(candidates)}, abs=1e-5)


def test_constants_are_all_asked_with(full: Live, searcher: Searcher) -> None:
    asked = asked_of(searcher.run(ASKED["words"], until="rescore"))
    assert {name_of(name) for name in QUESTION} <= set(asked)
    assert asked["question_words"] > 0 and not asked["question_picture"]
