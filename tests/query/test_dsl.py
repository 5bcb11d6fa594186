"""The requests in an answer can be sent by any client, and return what the answer has."""

import json
from typing import Any

import pytest
from opensearchpy import OpenSearch

from engine.settings import Settings
from query.answer import Answer
from query.request import SearchRequest
from query.search import Searcher
from ranking.evidence import Evidences
from tests.factors.scenes import Live, colour, label, text_of
from tests.query.evidence_by_hand import proves
from tests.query.query_scenes import BOX, HEIGHT, WIDTH, StubExtractor, document, png, seen

pytestmark = pytest.mark.engine
Json = dict[str, Any]
ASKED: dict[str, Json] = {
    "words": {"text": 'red dog town "old town"'},
    "filtered words": {"text": "+dog -blue category:pets", "filters": {"size": ["small", "medium", "large"]}},
    "picture": {"image": png()},
    "picture and words": {"image": png(), "text": "blue plate", "filters": {"colour": ["red", "blue"]}},
    "document": {"like": "car0"},
    "part": {"like": "dog0", "box": BOX.as_list(), "filters": {"category": ["pets", "vehicles"]}},
    "browsing": {},
    "filters": {"text": "year:2021.. -colour:red megapixels:..9"},
    "a second page": {"text": "town", "page": 2, "number": 2},
}


@pytest.fixture()
def plain(live_settings: Settings) -> OpenSearch:
    """A client that knows nothing of Omma."""
    return OpenSearch(hosts=[live_settings.opensearch_url])


@pytest.fixture()
def stub() -> StubExtractor:
    """QueryEncoder that see something for every factor."""
    whole = seen("", "dog", 0).with_values(text=text_of("PLATE 771"), colours=(colour("red", 1.0),), phash=12)
    return StubExtractor(whole.with_values(labels=(label("n02088364", 0.9), label("n04285008", 0.05))))


def replayed(client: OpenSearch, request: Json) -> list[Json]:
    """The responses to one request, sent exactly as the answer has it."""
    body = request["body"]
    lines = "".join(json.dumps(line) + "\n" for line in body) if isinstance(body, list) else body
    headers = {"content-type": "application/x-ndjson"} if isinstance(body, list) else None
    answer = client.transport.perform_request(
        request["method"], request["path"], params=request["params"], body=lines, headers=headers
    )
    return answer["responses"] if isinstance(body, list) else [answer]


def hits(response: Json) -> list[str]:
    """Ids, however they were asked for."""
    found = response.get("hits", {}).get("hits", [])
    return [hit["fields"]["id"][0] if "fields" in hit else hit["_id"] for hit in found]


def ids(answer: Answer) -> list[str]:
    return [one.id for result in answer.results for one in (result, *result.duplicates)]


def asked(searcher: Searcher, **request: Any) -> tuple[Answer, list[Json]]:
    """The answer, and its requests as they come out of its JSON."""
    answer = searcher.search(SearchRequest.model_validate({"number": 50, "dsl": True} | request))
    requests: list[Json] = json.loads(answer.model_dump_json())["dsl"]
    return answer, requests


@pytest.mark.parametrize("request_", ASKED.values(), ids=ASKED)
def test_every_request_gives_the_ids_of_the_answer(full: Live, searcher: Searcher, plain: OpenSearch, request_: Json) -> None:
    answer, requests = asked(searcher, **request_)
    whole = ids(asked(searcher, **request_ | {"number": 50, "page": 1})[0])
    assert requests and ids(answer) and not answer.warnings
    like = request_.get("like")
    for request in requests:
        responses = replayed(plain, request)
        if request["method"] == "GET":
            assert [response["_id"] for response in responses] == [like]
        elif len(responses) == 1 and "browse" in answer.took:
            assert hits(responses[0]) == ids(answer)
        elif len(responses) == 1:
            assert set(hits(responses[0])) == set(whole), "the factor table"
        elif any("aggs" in body for body in request["body"]):
            assert set(hits(responses[0])) == set(ids(answer)), "the page"
            buckets = responses[1]["aggregations"]["category"]["buckets"]
            counted = {facet.value: facet.count for facet in answer.facets["category"]}
            assert {bucket["key"]: bucket["doc_count"] for bucket in buckets} == counted
        else:
            assert {name for response in responses for name in hits(response)} - {like} == set(whole), "candidates"
    kinds = [request["path"].rpartition("/")[2] for request in requests if request["method"] == "POST"]
    assert kinds == (["_search"] if "browse" in answer.took else ["_msearch", "_search", "_msearch"])


def test_the_table_has_the_values_of_the_answer(full: Live, searcher: Searcher, plain: OpenSearch) -> None:
    answer, requests = asked(searcher, image=png(), text="red dog plate")
    (table,) = [request for request in requests if request["path"].endswith("/_search")]
    (response,) = replayed(plain, table)
    values = {hit["fields"]["id"][0]: hit["matched_queries"] for hit in response["hits"]["hits"]}
    assert {result.id: pytest.approx(result.factors, abs=1e-6) for result in answer.results} == values
    assert len({column for row in values.values() for column in row}) >= 9


def test_the_page_has_the_highlights_and_boxes_of_the_answer(full: Live, searcher: Searcher, plain: OpenSearch) -> None:
    answer, requests = asked(searcher, like="car0", text="plate")
    page = {hit["_id"]: hit for hit in replayed(plain, requests[-1])[0]["hits"]["hits"]}
    for result in answer.results:
        lit = [snippet for snippets in page[result.id].get("highlight", {}).values() for snippet in snippets]
        assert {snippet for snippets in result.highlights.values() for snippet in snippets} <= set(lit)
    (box,) = [hit["_source"]["box"] for hit in page["car1"]["inner_hits"]["objects"]["hits"]["hits"]]
    assert box == BOX.as_list()


def test_near_duplicates_and_the_cut_are_within_the_requests(
    full: Live, searcher: Searcher, plain: OpenSearch, evidences: Evidences
) -> None:
    proves(evidences, similar=0.99, objects=None, labels=None, ocr__picture=None, near_duplicate=None, colours=None)
    full.put({"copy": document(seen("dog0", "dog", 0).sized("copy", WIDTH, HEIGHT))})
    answer, (_, table, page) = asked(searcher, image=png())
    assert answer.cutoff.removed > 0
    assert [duplicate.id for result in answer.results for duplicate in result.duplicates] == ["dog0"]
    assert len(hits(replayed(plain, table)[0])) == answer.cutoff.removed + len(ids(answer))
    assert set(hits(replayed(plain, page)[0])) == set(ids(answer)) >= {"copy", "dog0"}


def test_requests_are_told_only_when_asked_for(full: Live, searcher: Searcher) -> None:
    assert searcher.search(SearchRequest(text="dog")).dsl is None


def test_an_odd_id_travels_in_the_path(full: Live, searcher: Searcher, plain: OpenSearch) -> None:
    odd = "a/b c?d#é%2f"
    full.put({odd: document(seen("dog0", "dog", 0).sized(odd, WIDTH, HEIGHT))})
    answer, requests = asked(searcher, like=odd)
    assert answer.total == 12 and replayed(plain, requests[0])[0]["_id"] == odd
