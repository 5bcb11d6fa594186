"""Words that split the results: which are offered, in what order, and what they do when they are taken."""

from collections.abc import Sequence
from typing import Any

import pytest

from factors.text import Term, Words
from query.answer import Refinement
from query.refinement import is_form, refinements
from query.request import SearchRequest, signed_terms
from query.search import Searcher
from tests.factors.scenes import FACTORS, Live, label, text_of
from tests.query.query_scenes import document
from vision.image_features import ImageFeatures

NONE = Words()


def offered(*documents: dict[str, Any] | str, asked: Words = NONE) -> list[Refinement]:
    """The refinements of results with these fields; a text alone is linked text."""
    sources = [{"linked": {"all": [one]}} if isinstance(one, str) else one for one in documents]
    hits = [{"_id": str(at), "_source": source} for at, source in enumerate(sources)]
    return refinements({"hits": {"hits": hits}}, FACTORS.active, asked)


def words(found: Sequence[Refinement]) -> list[str]:
    return [one.word for one in found]


def test_words_are_ordered_by_how_evenly_they_split() -> None:
    found = offered("beach", "beach sunset", "sunset beach boat", "boat sunset", "sunset boat rocks", "rocks", "mill", "lake")
    assert [(one.word, one.count) for one in found] == [("sunset", 4), ("beach", 3), ("boat", 3), ("rocks", 2)]


@pytest.mark.parametrize(
    "text", ["the", "jpg", "1984", "42", "ab", "img_0012.jpg", "www.shop.com", "photo", "l'homme", "???"]
)  # fmt: skip
def test_what_says_nothing_is_not_offered(text: str) -> None:
    assert not offered(f"{text} x", f"{text} y", "z", "w")


def test_stop_words_of_the_documents_languages_are_not_offered() -> None:
    german = {"linked": {"all": ["nachdem Berge"]}, "languages": ["de"]}
    assert words(offered(german, german, "lake", "sea")) == ["berge"]


def test_what_nearly_all_or_nearly_none_have_is_not_offered() -> None:
    assert not offered(*["harbour boat"] * 19, "lake")
    assert not offered("harbour", *[f"lake{n}x" for n in range(9)])
    assert not offered("harbour"), "a single result"
    assert not offered()


def test_words_of_the_question_are_not_offered_in_any_form() -> None:
    asked = Words((Term("boats"),), (Term("old town", phrase=True),), (Term("rocky"),))
    assert words(offered("boat old", "boat town", "rocky beach", "rocky beach", "mill", asked=asked)) == ["beach"]


def test_forms_of_one_word_are_one_and_are_excluded_together() -> None:
    (found,) = offered("boat", "boats", "boat", "mill", "lake")
    assert (found.word, found.count, found.require, found.exclude) == ("boat", 3, "+boat", "-boat -boats")


def test_words_that_split_alike_are_one() -> None:
    assert len(offered("organic cotton", "cotton organic", "organic cotton", "wool", "silk")) == 1


def test_names_are_offered_whole_and_words_say_where_they_are_from() -> None:
    car = {"label": ["sports car"], "ocr": ["PARKING"]}
    read = {"linked": {"all": ["Parking for a sports car"]}}
    found = {one.word: one for one in offered(car, car, read, "mill", "mill", "parking")}
    name, parking = found["sports car"], found["parking"]
    assert (name.count, name.factors, name.require) == (3, ["labels"], '+"sports car"')
    assert (parking.count, parking.factors) == (4, ["linked_text", "ocr"])


def test_a_word_counts_wherever_it_is_searched() -> None:
    hound = {"label": ["beagle"], "label_names": ["beagle"], "label_kinds": ["domestic dog"]}
    found = {one.word: one.count for one in offered("a dog", "my dogs", hound, "cat", "cat", "cow")}
    assert found["dog"] == 3, "by its hypernym, too"


@pytest.mark.parametrize(
    ("one", "other"),
    [("boat", "boats"), ("berry", "berries"), ("wash", "washing"), ("stripes", "striped"),
     ("kleid", "kleides"),
     ("красныи", "красная"), ("women", "women's"), ("church", "churches")],
)  # fmt: skip
def test_forms_of_a_word(one: str, other: str) -> None:
    assert is_form(one, other) and is_form(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [("hood", "hoodie"), ("sweat", "sweater"), ("men", "women"), ("green", "greek"), ("old town", "old towns")],
)
def test_other_words(one: str, other: str) -> None:
    assert not is_form(one, other) and not is_form(other, one)


def test_signed_terms_are_taken_back_one_by_one() -> None:
    text = 'cat +red -"old town" colour:blue well-known'
    assert signed_terms(text) == [
        ("+red", 'cat -"old town" colour:blue well-known'),
        ('-"old town"', "cat +red colour:blue well-known"),
    ]
    assert signed_terms("cat + - ???") == []


@pytest.fixture()
def photos(live: Live) -> Live:
    """Eight photos of one scene; where `boat` is written differs."""
    texts = ["A boat on the lake", "Boats in the harbour", "The lake", "A mill", "Harbour at night", "", "", "Snow"]
    printed = {5: "BOAT 12"}
    shown = {6: (label("n04285008", 0.9),)}
    seen = [
        ImageFeatures(f"p{n}", 64, 48, text=text_of(printed.get(n, "")), labels=shown.get(n, ())) for n in range(len(texts))
    ]
    live.put({one.picture_id: document(one, caption=text, category="photo") for one, text in zip(seen, texts, strict=True)})
    return live


def ids(searcher: Searcher, text: str) -> set[str]:
    answer = searcher.search(SearchRequest(text=text, number=50, no_cutoff=True))
    return {result.id for result in answer.results}


@pytest.mark.engine
def test_a_refinement_finds_what_it_counted_and_excludes_it_from_every_text(photos: Live, searcher: Searcher) -> None:
    everything = "lake harbour mill boat snow car"
    answer = searcher.search(SearchRequest(text="lake harbour mill snow car boot", number=50, no_cutoff=True))
    assert {"lake", "harbour"}.isdisjoint(words(answer.refinements)), "words of the question"
    boat = next(one for one in answer.refinements if one.word in {"boat", "boats"})
    assert boat.count == 2
    assert ids(searcher, f"lake harbour mill snow car {boat.require}") >= {"p0", "p1"}
    assert ids(searcher, f"{everything} {boat.exclude}") == {"p2", "p3", "p4", "p6", "p7"}, "in linked text and in the image"
    assert "p6" not in ids(searcher, "lake harbour car -vehicle"), "by a label's hypernym"


@pytest.mark.engine
def test_an_answer_of_which_nothing_is_left_says_so(photos: Live, searcher: Searcher) -> None:
    answer = searcher.search(SearchRequest(text="mill -mill"))
    assert (answer.total, answer.refinements) == (0, [])
    assert "no picture is left without mill" in answer.warnings
    assert "no picture is left with snow and without snow" in searcher.search(SearchRequest(text="+snow -snow")).warnings
