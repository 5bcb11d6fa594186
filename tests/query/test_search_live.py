"""Searches of a collection that is known by heart."""

import hashlib
from collections import Counter
from typing import Any

import pytest

from engine.connections import Context
from engine.settings import Settings
from engine.store import Store
from query.answer import Answer, Result
from query.request import SearchRequest
from query.search import Searcher
from ranking.evidence import Evidences
from tests.factors.scenes import Live, colour, label, text_of
from tests.query.evidence_by_hand import proves
from tests.query.query_scenes import BOX, HEIGHT, KINDS, WIDTH, StubExtractor, document, png, seen, towards
from vision.image_features import ImageFeatures, Object

pytestmark = pytest.mark.engine
DOGS, CATS, CARS = ([f"{kind}{n}" for n in range(4)] for kind in KINDS)
ELSEWHERE = [0.0, 0.0, 0.5, 0.5]


def ask(searcher: Searcher, **request: Any) -> Answer:
    return searcher.search(SearchRequest.model_validate({"number": 50} | request))


def ids(answer: Answer) -> list[str]:
    return [result.id for result in answer.results]


def by_id(answer: Answer, name: str) -> Result:
    (found,) = [result for result in answer.results if result.id == name]
    return found


def test_words_find_what_was_said_read_and_seen(full: Live, searcher: Searcher) -> None:
    assert sorted(ids(ask(searcher, text="dog"))) == DOGS
    found = by_id(ask(searcher, text="dog"), "dog0")
    assert set(found.factors) == {"linked_text", "objects.words", "labels.words", "coverage"}
    assert sorted(ids(ask(searcher, text="plates"))) == CARS, "by stems, read in the picture"
    assert ids(ask(searcher, text="772"))[0] == "car2"
    assert sorted(ids(ask(searcher, text="hound"))) == DOGS, "by the classifier's hypernyms"
    assert ids(ask(searcher, text="red dog in town"))[0] == "dog0"
    assert ids(ask(searcher, text="zebra")) == []


@pytest.mark.parametrize(
    ("written", "asked"),
    [
        ("München im Winter", ["Muenchen", "munchen", "MU\u0308NCHEN", "München"]),
        ("Schloss Schoenbrunn", ["Schönbrunn", "schonbrunn", "Schloß"]),
        ("Größe XGR535", ["groesse", "ＸＧＲ５３５"]),
        ('A 27" monitor', ['27" monitor', "monitor 27"]),
        ("木製の丸いテーブルと四脚の椅子のセットです。天然木を使用し、長くお使いいただけます。", ["椅子", "テーブル"]),
    ],
)
def test_words_are_found_in_every_writing(full: Live, searcher: Searcher, written: str, asked: list[str]) -> None:
    full.put({"x": document(seen("x", "cat", 0), caption=written)})
    for text in (*asked, written * 20):
        assert ids(ask(searcher, text=text))[:1] == ["x"], text


def test_a_result_carries_what_a_shop_shows(full: Live, searcher: Searcher) -> None:
    found = by_id(ask(searcher, text="car"), "car2")
    assert (found.price, found.date, found.facets) == (20.0, "2022-05-17", {"Brand": ["Other"], "size": ["XL"]})


def test_the_very_picture_comes_first(full: Live, searcher: Searcher) -> None:
    asked = png(7)
    own = hashlib.sha256(asked).hexdigest()
    full.put({own: document(seen("dog2", "dog", 2).sized(own, WIDTH, HEIGHT))})
    assert ids(ask(searcher, image=asked))[0] == own
    assert ids(ask(searcher, image=asked, text="A white cat in the old town"))[0] == own
    assert ids(ask(searcher, image=asked, box=ELSEWHERE))[:1] != [own], "of a part, the whole picture is no copy"


@pytest.mark.parametrize("signs", ["???", "🐕", "- !"])
def test_signs_alone_find_nothing_and_the_answer_says_so(full: Live, searcher: Searcher, signs: str) -> None:
    answer = ask(searcher, text=signs)
    assert (ids(answer), answer.total) == ([], 0)
    assert "there is no letter or digit in your words to search by" in answer.warnings


def test_words_in_a_script_that_the_text_model_does_not_know_are_matched_as_they_are(full: Live, searcher: Searcher) -> None:
    said = "the text model does not know the language of your words: they are matched as they are written"
    assert said in ask(searcher, text="собака на снегу").warnings
    assert said not in ask(searcher, text="XGR-535").warnings


def test_a_picture_finds_what_looks_like_it(full: Live, searcher: Searcher, stub: StubExtractor) -> None:
    stub.whole = stub.whole.with_values(labels=(label("n02088364", 0.8),), text=text_of("WOOF"))
    answer = ask(searcher, image=png())
    assert ids(answer)[:4] == DOGS, "nearest first"
    assert answer.total == 12
    assert answer.question.picture == hashlib.sha256(png()).hexdigest()
    assert (answer.question.labels, answer.question.text) == (["beagle"], "WOOF")
    assert answer.results[0].score > 0.9, "first in almost every column"
    assert answer.results[0].why[0].factor == "similar" and "cosine 1.00" in answer.results[0].why[0].text


def test_a_picture_is_looked_at_once(full: Live, searcher: Searcher, stub: StubExtractor) -> None:
    first = ask(searcher, image=png())
    assert ids(ask(searcher, image=png(), text="cat")) != ids(first)
    assert stub.extracted == [(WIDTH, HEIGHT)]
    ask(searcher, image=png(1))
    assert len(stub.extracted) == 2


def test_more_like_a_document_leaves_out_the_document(full: Live, searcher: Searcher, stub: StubExtractor) -> None:
    answer = ask(searcher, like="dog1")
    assert "dog1" not in ids(answer) and answer.total == 11
    assert set(ids(answer)[:3]) == set(DOGS) - {"dog1"}
    assert answer.question.picture == "dog1" and answer.question.labels == ["beagle"]
    assert [found.label for found in answer.question.objects] == ["dog"]
    assert stub.extracted == [], "everything is known of it"


def test_the_box_of_an_object_asks_for_that_object(full: Live, searcher: Searcher, stub: StubExtractor) -> None:
    wheel = Object("wheel", 0.8, BOX, towards(5))  # which cars' objects look like
    stub.whole = stub.whole.with_values(objects=(wheel,), phash=1, labels=(label("n02088364", 0.8),))
    answer = ask(searcher, image=png(), box=BOX.as_list())
    assert ids(answer)[:4] == CARS
    assert set(answer.results[0].factors) == {"similar", "objects"}
    assert answer.results[0].box == BOX.as_list()
    assert "The car in it looks like what you asked with (cosine 1.00)." in [why.text for why in answer.results[0].why]
    assert answer.question.box == BOX.as_list() and [found.chosen for found in answer.question.objects] == [True]
    assert stub.extracted == [(WIDTH, HEIGHT)], "the object was seen with the whole"
    assert ids(ask(searcher, image=png(), region="pct:25,12.5,50,50")) == ids(answer)
    assert ids(ask(searcher, like="car0", box=BOX.as_list()))[:3] == CARS[1:]
    assert ask(searcher, like="car0", box=BOX.as_list(), text="car").total, "its bytes are nowhere, but the object is known"


def test_another_part_is_looked_at(full: Live, searcher: Searcher, stub: StubExtractor, live_settings: Settings) -> None:
    stub.part = stub.whole.with_values(embedding=towards(1))
    answer = ask(searcher, image=png(), box=ELSEWHERE)
    assert ids(answer)[:4] == CATS
    assert stub.extracted == [(WIDTH, HEIGHT), (WIDTH // 2, HEIGHT // 2)]
    assert answer.question.box == ELSEWHERE
    kept = Store(live_settings).put_original(png())
    full.put({kept: document(seen(kept, "dog", 0).sized(kept, WIDTH, HEIGHT))})
    of_document = ask(searcher, like=kept, region=f"0,0,{WIDTH // 2},{HEIGHT // 2}")
    assert ids(of_document)[:4] == CATS and kept not in ids(of_document)
    assert len(stub.extracted) == 2, "the same part of the same bytes"


def test_picture_and_words_blend(full: Live, searcher: Searcher) -> None:
    assert ids(ask(searcher, image=png(), text="blue"))[0] == "dog1"
    best = ask(searcher, image=png(), text="car town").results[0]
    assert {"similar", "linked_text"} <= {why.factor for why in ask(searcher, image=png(), text="town").results[0].why}
    assert best.id in {"car0", "car2"}, "two words that are there outweigh looks"


def test_words_of_the_picture_find_the_same_words(full: Live, searcher: Searcher, stub: StubExtractor) -> None:
    stub.whole = ImageFeatures("", WIDTH, HEIGHT, text=text_of("PLATE 772"))
    best = ask(searcher, image=png()).results[0]
    assert best.id == "car2" and "ocr.picture" in best.factors
    assert best.box == [0.0, 0.0, 0.19, 0.05], "around both words"


@pytest.mark.parametrize("request_", [{}, {"text": "dog town blue"}, {"image": png()}, {"like": "car3", "text": "cat"}])
def test_pages_are_disjoint_and_together_the_whole(full: Live, searcher: Searcher, request_: dict[str, Any]) -> None:
    whole = ask(searcher, **request_)
    pages = [ask(searcher, **request_ | {"number": 3, "page": page}) for page in range(1, 6)]
    assert [name for page in pages for name in ids(page)] == ids(whole)
    assert len(set(ids(whole))) == whole.total == len(whole.results) > 6
    for number, page in enumerate(pages, start=1):
        assert (page.total, page.page, page.number) == (whole.total, number, 3)
        assert page.facets == whole.facets, "of all results, not of the page"


@pytest.mark.parametrize("request_", [{}, {"text": "town"}, {"image": png(), "filters": {"colour": ["red", "blue"]}}])
def test_facets_count_exactly_the_results(full: Live, searcher: Searcher, request_: dict[str, Any]) -> None:
    answer = ask(searcher, **request_)
    counted = {name: {facet.value: facet.count for facet in facets} for name, facets in answer.facets.items()}
    assert counted["category"] == Counter(result.category for result in answer.results)
    assert counted["collection"] == Counter(name for result in answer.results for name in result.collections)
    shades = {result.id: full.source(result.id)["colour"][0] for result in answer.results}
    assert counted["colour"] == Counter(shades.values())
    assert sum(counted["size"].values()) == sum(counted["year"].values()) == answer.total
    assert sum(counted["Brand"].values()) == len([name for name in ids(answer) if name in CARS])
    for name, values in counted.items():
        for value, number in values.items():
            given = request_.get("filters", {})
            narrowed = ask(searcher, **request_ | {"filters": given | {name: [value]}}) if name not in given else None
            assert narrowed is None or narrowed.total == number, (name, value)


def test_near_duplicates_are_under_their_best(full: Live, searcher: Searcher) -> None:
    copy = seen("copy", "dog", 0).sized("copy", 200, 150).with_values(embedding=towards(0, 0.05))
    copy = copy.with_values(phash=(seen("dog0", "dog", 0).phash or 0) ^ 0b101)
    blue = copy.with_values(colours=(colour("blue", 1.0),)).sized("blue copy", copy.width, copy.height)
    full.put({"copy": document(copy, caption="A red dog"), "blue copy": document(blue)})
    answer = ask(searcher, image=png())
    best = by_id(answer, "dog0")
    assert [duplicate.id for duplicate in best.duplicates] == ["copy"]
    assert "copy" not in ids(answer) and "blue copy" in ids(answer)
    assert answer.total == len(answer.results) == 13
    assert sum(facet.count for facet in answer.facets["collection"]) == 13, "a group counts once"
    assert best.duplicates[0].why and best.duplicates[0].score < best.score
    by_words = ask(searcher, text='"red dog"', filters={"collection": ["home"]})
    assert [(result.id, result.duplicates) for result in by_words.results] == [("copy", [])]


def test_highlights_mark_the_words(full: Live, searcher: Searcher) -> None:
    highlights = by_id(ask(searcher, text="old town"), "dog0").highlights
    assert highlights == {"linked.all": ["A red dog in the \ue000old\ue001 \ue000town\ue001"]}
    read = by_id(ask(searcher, text="plate"), "car1")
    assert read.highlights == {"ocr": ["\ue000PLATE\ue001 771"]}
    assert read.box == [0.0, 0.0, 0.09, 0.05], "the box of the word"
    assert all(not result.highlights for result in ask(searcher, image=png()).results)


@pytest.mark.parametrize("request_", [{"text": "red dog"}, {"image": png()}, {"like": "car1", "text": "plate"}])
def test_shares_add_up_to_one_and_the_greatest_comes_first(full: Live, searcher: Searcher, request_: dict[str, Any]) -> None:
    for result in ask(searcher, **request_).results:
        shares = [why.share for why in result.why]
        assert sum(shares) == pytest.approx(1, abs=1e-3) and shares == sorted(shares, reverse=True)
        assert [why.factor for why in result.why] == list(result.factors)
        assert all(why.text and why.rank and why.rank >= 1 for why in result.why)


def test_the_tail_is_cut_unless_it_is_asked_for(full: Live, searcher: Searcher, evidences: Evidences) -> None:
    proves(evidences, objects=None, linked_text=None, similar=0.9)
    answer, no_cutoff = ask(searcher, image=png()), ask(searcher, image=png(), no_cutoff=True)
    assert ids(answer) == DOGS == ids(no_cutoff)[:4] and (answer.total, no_cutoff.total) == (4, 12)
    assert (answer.cutoff.removed, answer.cutoff.shown, answer.cutoff.sure) == (8, 0.5, 0.9)
    assert not answer.perhaps and all(result.probability == 0.99 for result in answer.results)
    assert (answer.cutoff.rule, answer.cutoff.calibrated_on) == ("by hand", "made up")
    assert no_cutoff.cutoff.removed == 0
    assert sum(facet.count for facet in answer.facets["category"]) == 4, "what is cut is not counted"
    assert len(ask(searcher, image=png(), text="+town").results) == 6, "documents with the required words are not cut"


def test_an_answer_without_a_certain_result_says_so(full: Live, searcher: Searcher, evidences: Evidences) -> None:
    proves(evidences, objects=None, linked_text=None, similar=0.9)
    evidences.kinds["picture"].curves["similar"].log_odds[1] = 2.0
    answer = ask(searcher, image=png())
    assert answer.perhaps and [result.probability for result in answer.results] == [0.73] * 4


def test_calibrations_of_other_weights_are_named(full: Live, searcher: Searcher, evidences: Evidences) -> None:
    proves(evidences, similar=0.9)
    for evidence in evidences.kinds.values():
        evidence.weights["similar"] = {"embedding": "embedding@0"}
    answer = ask(searcher, image=png())
    assert answer.total == 12
    assert answer.warnings == ["calibrated for other weights only, and not counted by the cutoff: similar (`omma calibrate`)"]


def test_an_index_that_is_not_there_yet(searcher: Searcher) -> None:
    answer = ask(searcher, text="dog", dsl=True)
    assert (answer.total, answer.results, answer.facets, answer.dsl) == (0, [], {}, [])
    assert answer.warnings == ["nothing has been indexed yet; begin with `omma ingest`"]


@pytest.mark.parametrize("request_", [{}, {"text": "dog"}, {"image": png()}, {"filters": {"category": ["pets"]}}])
def test_an_index_without_documents(live: Live, searcher: Searcher, request_: dict[str, Any]) -> None:
    answer = ask(searcher, **request_)
    assert (answer.total, answer.results, answer.facets, answer.warnings) == (0, [], {}, [])


def test_browsing_shows_the_newest_first(full: Live, searcher: Searcher) -> None:
    assert ids(ask(searcher)) == [*reversed(CARS), *reversed(CATS), *reversed(DOGS)]
    full.put({name: {"added": "2026-01-12", "width": 9, "height": 9} for name in ("later", "last")})
    assert ids(ask(searcher, number=3)) == ["last", "later", "car3"]
    pets = ask(searcher, text="category:pets -colour:red", number=2)
    assert (ids(pets), pets.total) == (["cat3", "cat2"], 6)
    assert pets.results[0].title == "The cat at home" and pets.results[0].why == []
    beyond = ask(searcher, page=300, number=50)
    assert (beyond.results, beyond.total) == ([], 14)
    assert beyond.warnings == ["only the first 10,000 results can be paged through; narrow them down with filters"]


def test_an_answer_says_whether_there_were_more_candidates(full: Live, live_settings: Settings, stub: StubExtractor) -> None:
    few = Searcher(Context(live_settings.model_copy(update={"candidates": 10}), full.client), lambda: stub)
    stub.whole = stub.whole.with_values(embedding=(towards(0) + towards(1)) / 2**0.5)
    assert ask(few, image=png(), text="car").more
    assert not ask(few, text="car").more


def test_every_stage_is_timed(full: Live, searcher: Searcher) -> None:
    took = ask(searcher, image=png(), text="dog").took
    stages = ["candidates", "table", "rescore", "order", "cutoff", "group", "diversify", "page", "landmarks"]
    assert list(took) == ["prepare", "total", "extract", *stages]
    assert took["total"] >= max(time for stage, time in took.items() if stage != "total") > 0
