"""What is shown of one picture, and short ids."""

import hashlib
from concurrent.futures import ThreadPoolExecutor

import pytest
from opensearchpy import OpenSearch

from engine.connections import Context
from engine.errors import BadQuestion, NotFoundError
from engine.settings import Settings
from factors.registry import FactorRegistry
from query.document import show
from query.encoder import restore
from query.engine_calls import full_id
from query.request import SearchRequest
from query.search import Searcher
from tests.factors.scenes import Live
from tests.query.query_scenes import BOX, document, png, seen
from vision.image_features import Line, Text, Word

pytestmark = pytest.mark.engine


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def test_everything_that_is_known_but_vectors(full: Live, live_settings: Settings) -> None:
    shown = show(Context(live_settings, full.client), "car1")
    assert (shown.id, shown.title, shown.width, shown.height, shown.format) == ("car1", "The car at home", 800, 400, "PNG")
    assert (shown.category, shown.collections, shown.languages, shown.price) == ("vehicles", ["home"], ["en"], 10.0)
    assert shown.facets == {"Brand": ["Other"], "size": ["XL"]}
    assert (shown.date, shown.added) == ("2021-05-17", "2026-01-10")
    assert [(snippet.kind, snippet.text, snippet.language) for snippet in shown.texts] == [("caption", "The car at home", "en")]
    assert [(one.source, one.reference, one.collection) for one in shown.sources] == [("shop", "car1", "home")]
    described = {part.title: part for part in shown.descriptions}
    assert [(item.text, item.box) for item in described["Objects"].items] == [("car", BOX.as_list())]
    assert shown.text == "PLATE 771" and [line.text for line in described["Read in it"].items] == ["PLATE 771"]
    (label,) = described["Recognised as"].items
    assert (label.text, label.confidence, label.more[0]) == ("sports car", 0.9, "car")
    assert [(item.text, item.rgb) for item in described["Colours"].items] == [("blue", [30, 70, 190])]
    assert shown.weights["embedding"] == "embedding@1" and shown.missing == []
    assert not {"similar", "palette", "embedding"} & set(shown.model_dump())


def test_lines_that_the_reader_doubts_are_shown_apart(live: Live, live_settings: Settings) -> None:
    doubted = Text((Line((Word("MILK", 0.9, BOX),)),), (Line((Word("rnilk", 0.5, BOX), Word("l1tre", 0.5, BOX))),))
    live.put({"x": document(seen("x", "cat", 0).with_values(text=doubted))})
    shown = show(Context(live_settings, live.client), "x")
    read = {part.title: [item.text for item in part.items] for part in shown.descriptions if part.lines}
    assert shown.text == "MILK" and read == {"Read in it": ["MILK"], "Perhaps in it, too": ["rnilk l1tre"]}


def test_a_document_of_which_little_is_known(full: Live, live_settings: Settings) -> None:
    blind = seen("blind", "dog", 0).with_values(embedding=None, objects=None, colours=None)
    blind = blind.with_failures({"embedding": "x", "objects": "y"})
    full.put({"blind": document(blind), "bare": {"width": 3, "height": 4}})
    shown = show(Context(live_settings, full.client), "blind")
    assert shown.missing == ["embedding", "objects"]
    assert (shown.title, [part.factor for part in shown.descriptions]) == ("", ["labels"])
    assert show(Context(live_settings, full.client), "bare").width == 3


def test_a_document_that_keeps_places_and_many_values(live: Live, live_settings: Settings) -> None:
    body = document(seen("x", "cat", 0), place=(52.5, 13.4), facets={"brand": "a=b"}, page="https://example.com/")
    live.put({"x": body | {"category": ["pets", "cats"]}})
    shown = show(Context(live_settings, live.client), "x")
    assert (shown.place, shown.facets, shown.category) == ([52.5, 13.4], {"brand": ["a=b"]}, "pets")
    assert shown.sources[0].page == "https://example.com/"


def test_what_was_seen_is_recalled_from_the_document(full: Live) -> None:
    asked = seen("car2", "car", 2)
    again = restore("car2", full.source("car2"), FactorRegistry.of(Settings()).active)
    assert again.embedding is not None and asked.embedding is not None
    assert again.embedding.tolist() == pytest.approx(asked.embedding.tolist(), abs=5e-3), "a vector of bytes"
    assert (again.width, again.height, again.phash) == (asked.width, asked.height, asked.phash)
    assert (again.labels, again.text, again.colours) == (asked.labels, asked.text, asked.colours)
    assert [found.box for found in again.objects or ()] == [found.box for found in asked.objects or ()]


def test_the_beginning_of_an_id_is_enough(live: Live, live_settings: Settings) -> None:
    names = {sha("a"), "abcdef" + sha("b")[6:], "abcdef" + sha("c")[6:]}
    live.put({name: {"width": 1} for name in names})
    assert full_id(live.client, live_settings, f" {sha('a')[:8].upper()} ") == sha("a")
    assert full_id(live.client, live_settings, sha("zzz")) == sha("zzz"), "a whole id is taken as it is"
    with pytest.raises(BadQuestion, match="several pictures begin with 'abcdef'"):
        full_id(live.client, live_settings, "abcdef")
    with pytest.raises(BadQuestion, match="at least 6 letters"):
        full_id(live.client, live_settings, sha("a")[:5])
    for unknown in ("123456", "abcde*", "abcd??"):
        with pytest.raises(NotFoundError):
            full_id(live.client, live_settings, unknown)


def test_there_is_no_picture_where_there_is_no_index(client: OpenSearch, live_settings: Settings) -> None:
    with pytest.raises(NotFoundError):
        show(Context(live_settings, client), "dog0")
    with pytest.raises(NotFoundError):
        full_id(client, live_settings, "abcdef")


def test_threads_share_a_searcher(full: Live, searcher: Searcher) -> None:
    asked = [SearchRequest(image=png(n % 3), text=("dog", "cat", "car")[n % 3], number=50) for n in range(12)]
    alone = [searcher.search(request).results for request in asked[:3]]
    with ThreadPoolExecutor(4) as threads:
        together = [answer.results for answer in threads.map(searcher.search, asked)]
    assert together == alone * 4
