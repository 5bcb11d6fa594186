"""Filters: names and values that are accepted, and what the engine lets through."""

from collections.abc import Callable

import pytest

from engine.errors import BadQuestion
from engine.settings import Settings
from factors.registry import FactorRegistry
from query.answer import Answer
from query.filters import CORE, FilterNames, any_of
from query.request import SearchRequest
from query.search import Searcher
from tests.factors.scenes import Live
from tests.query.query_scenes import KINDS, collection

EVERY = {f"{kind}{n}" for kind in KINDS for n in range(4)}
CARS, PETS = {f"car{n}" for n in range(4)}, {f"{kind}{n}" for kind in ("dog", "cat") for n in range(4)}
EVEN = {name for name in EVERY if int(name[-1]) % 2 == 0}


def names(*facets: str) -> FilterNames:
    """Of an index to which feeds brought these facets."""
    known = {facet.casefold() for facet in facets}
    return FilterNames(FactorRegistry.of(Settings()).active, lambda name: name.casefold() in known, lambda: sorted(facets))


def asked(searcher: Searcher) -> Callable[..., set[str]]:
    """Ids of everything that a question finds."""
    return lambda text="", **filters: {
        result.id for result in searcher.search(SearchRequest(text=text, filters=filters, number=50)).results
    }


@pytest.mark.parametrize(
    "name", [*CORE, "colour", "label", "color", "lang", "Category", " size ", "facet.brand", "BRAND", "facet.Size"]
)
def test_names_that_are_known(name: str) -> None:
    names("Brand", "size").check(name)


def test_an_unknown_name_is_told_what_is_accepted() -> None:
    with pytest.raises(BadQuestion, match="there is no filter 'shape'; accepted: ") as raised:
        names("Brand", "Size", "made in").check("Shape")
    accepted = str(raised.value).partition("accepted: ")[2].partition(" (in")[0].split(", ")
    assert {*CORE, "colour", "label", "Brand", "made in", "facet.Size"} <= set(accepted)
    assert len(accepted) == len(set(accepted)), "a facet that shares its name with a filter is offered by its full name"


def test_a_long_name_does_not_fill_the_error() -> None:
    with pytest.raises(BadQuestion) as raised:
        names().check("x" * 9000)
    assert len(str(raised.value)) < 400


@pytest.mark.parametrize(
    ("name", "value", "accepted"),
    [
        ("size", "huge", "small, medium, large, or pixels from..to"),
        ("width", "wide", "a number, or from..to"),
        ("price", "cheap", "a number, or from..to"),
        ("megapixels", "..", "a number, or from..to"),
        ("date", "yesterday", "2024, 2024-05, 2024-05-31"),
        ("year", "24", "2024, 2024-05, 2024-05-31"),
    ],
)
def test_a_wrong_value_is_told_what_is_accepted(name: str, value: str, accepted: str) -> None:
    with pytest.raises(BadQuestion, match=f"{name} {value!r}.*accepted: {accepted}"):
        names().clause(name, value)


def test_facets_of_feeds_give_way_to_filters_of_our_own() -> None:
    both = names("size", "brand")
    assert both.clause("facet.size", "XL") == {"term": {"facets": {"value": "size=XL", "case_insensitive": True}}}
    assert both.clause("brand", "Acme") == both.clause("facet.brand", "Acme")
    with pytest.raises(BadQuestion):
        both.clause("size", "XL")


def test_alternatives_and_what_is_left_out() -> None:
    one, other = names().clause("colour", "red"), names().clause("colour", "blue")
    assert names().clauses({"colour": ["red"], "label": []}) == [one]
    assert names().clauses({"colour": ["red", "blue"]}) == [any_of([one, other])]
    assert names().excluding({"colour": ["red"], "category": []}) == [{"bool": {"must_not": [one]}}]
    assert names().excluding({}) == []


@pytest.mark.engine
def test_what_the_filters_let_through(full: Live, searcher: Searcher) -> None:
    found = asked(searcher)
    assert found() == EVERY
    assert found(category=["pets"]) == found("category:PETS") == found(CATEGORY=["Pets"]) == PETS
    assert found(category=["pets", "vehicles"]) == EVERY
    assert found(category=["pets"], colour=["red"]) == {"dog0", "cat0"}, "several names hold together"
    assert found("color:red color:blue") == {f"{kind}{n}" for kind in KINDS for n in (0, 1)}
    assert found("category:pets", colour=["red"]) == {"dog0", "cat0"}, "words and filters hold together"
    assert found('label:"sports car"') == CARS
    assert found("collection:holiday") == EVEN
    assert found("-collection:holiday") == EVERY - EVEN
    assert found("-category:pets -colour:red") == CARS - {"car0"}
    assert found("brand:acme") == found("facet.BRAND:ACME") == {"car0"}
    assert found("facet.size:xl") == CARS
    assert found("size:small") == {"dog0", "cat0", "car0"}
    assert found("year:2021..2022") == {f"{kind}{n}" for kind in KINDS for n in (1, 2)}
    assert found("price:..15") == {"car0", "car1"}
    assert found("id:dog1") == {"dog1"}
    assert found(id=["dog1", "cat2", "nobody"]) == {"dog1", "cat2"}
    assert found("format:png language:en") == EVERY


@pytest.mark.engine
def test_filters_hold_for_words_and_pictures_too(full: Live, searcher: Searcher) -> None:
    found = asked(searcher)
    assert found("dog", colour=["red", "blue"]) == {"dog0", "dog1"}
    assert found("dog category:vehicles") == set()
    answer = searcher.search(SearchRequest(like="dog0", filters={"category": ["vehicles"]}))
    assert {result.id for result in answer.results} == CARS


@pytest.mark.engine
def test_required_and_forbidden_words_hold_wherever_words_are(full: Live, searcher: Searcher) -> None:
    found = asked(searcher)
    assert found("+town") == EVEN
    assert found("-town") == EVERY - EVEN
    assert found('"old town"') == EVEN and found('"town old"') == set()
    assert found("town +dog") == {f"dog{n}" for n in range(4)}, "town may be there"
    assert found("town -dog") == EVEN - {"dog0", "dog2"}
    assert found("+plate") == CARS, "read on the picture"
    assert found("+canine") == {f"dog{n}" for n in range(4)}, "a kind of the classifier's"
    assert found("dog +green") == {f"{kind}3" for kind in KINDS}, "a colour; dog may be there"


@pytest.mark.engine
@pytest.mark.parametrize("value", ["", " ", "*", "pets*", "x" * 40_000, "\x00", '"', "пёс"])
@pytest.mark.parametrize("name", ["category", "id", "brand"])
def test_whatever_the_value_nothing_breaks(full: Live, searcher: Searcher, name: str, value: str) -> None:
    answer = searcher.search(SearchRequest(filters={name: [value]}))
    assert (answer.total, answer.warnings) == (0, [])


@pytest.mark.parametrize(
    "broken", [{"like": "\ud800"}, {"filters": {"category": ["a", "b\udcff"]}}, {"filters": {"\ud800": ["x"]}}]
)
def test_half_a_character_is_refused(broken: dict[str, object]) -> None:
    with pytest.raises(BadQuestion, match="unpaired surrogate") as raised:
        SearchRequest.model_validate(broken)
    str(raised.value).encode()


@pytest.mark.engine
def test_too_many_values_are_refused_with_their_number(full: Live, searcher: Searcher) -> None:
    def ask(**request: object) -> Answer:
        return searcher.search(SearchRequest.model_validate(request))

    most = [f"x{n}" for n in range(99)] + ["dog1"]
    assert ask(filters={"id": most}).total == 1
    with pytest.raises(BadQuestion, match="100 values at most; this one has 102"):
        ask(filters={"id": most}, text="-id:a colour:red")


def test_the_collection_is_what_these_tests_think() -> None:
    assert set(collection()) == EVERY
