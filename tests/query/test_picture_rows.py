"""Everything in a picture at once: a row for each object, each what a search with its box finds, by few requests."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from engine.errors import BadQuestion, EngineUnavailable
from query.answer import PictureRow, PictureRows
from query.engine_calls import Calls
from query.picture_rows import MAX_OBJECTS, Gathered
from query.request import SearchRequest
from query.search import Searcher
from tests.factors.scenes import Live
from tests.present import present
from tests.query.query_scenes import HEIGHT, WIDTH, StubExtractor, png, towards
from vision.image_features import Box, ImageFeatures, Object

DOG, CAR = Box(0.0, 0.0, 0.5, 0.9), Box(0.5, 0.5, 0.4, 0.4)


def ids(row: PictureRow) -> list[str]:
    return [result.id for result in row.results]


def everything(searcher: Searcher, **request: Any) -> PictureRows:
    return searcher.everything(SearchRequest.model_validate({"image": png(), "number": 5, "no_cutoff": True} | request))


@pytest.fixture()
def street(stub: StubExtractor) -> StubExtractor:
    """A cat as a whole, with a dog and a car in it."""
    found = (Object("car", 0.7, CAR, towards(5)), Object("dog", 0.9, DOG, towards(3)))
    stub.whole = ImageFeatures("", WIDTH, HEIGHT, embedding=towards(1), objects=found)
    return stub


@pytest.mark.engine
def test_each_row_is_what_a_search_with_its_box_finds(full: Live, searcher: Searcher, street: StubExtractor) -> None:
    found = everything(searcher)
    whole, dog, car = found.rows
    assert [(row.label, row.box) for row in found.rows] == [("", None), ("dog", DOG.as_list()), ("car", CAR.as_list())]
    assert {name[:3] for name in ids(whole)[:4]} == {"cat"} and dog.confidence == 0.9
    for row in found.rows:
        alone = searcher.search(SearchRequest(image=png(), box=row.box, number=5, no_cutoff=True))
        assert ids(row) == [result.id for result in alone.results] and row.total == alone.total
    assert {name[:3] for name in ids(dog)[:4]} == {"dog"} and {name[:3] for name in ids(car)[:4]} == {"car"}
    assert street.extracted == [(WIDTH, HEIGHT)], "no model runs for an object"


@pytest.mark.engine
def test_rows_share_their_requests(full: Live, searcher: Searcher, street: StubExtractor) -> None:
    found = everything(searcher, dsl=True)
    sent = [(request["path"].rpartition("/")[2], request["body"]) for request in present(found.dsl)]
    assert [path for path, _ in sent] == ["_msearch", "_search", "_search", "_search", "_msearch"]
    assert len(sent[-1][1]) == 2 * len(found.rows), "a header and a body for each row"
    assert everything(searcher).dsl is None and not found.warnings


@pytest.mark.engine
def test_words_and_filters_hold_for_every_row_and_a_part_is_ignored(
    full: Live, searcher: Searcher, street: StubExtractor
) -> None:  # fmt: skip
    found = everything(searcher, filters={"collection": ["home"]}, box=DOG.as_list(), text="-dog")
    assert [row.label for row in found.rows] == ["", "dog", "car"]
    every = {name for row in found.rows for name in ids(row)}
    assert every and all(name[-1] in "13" and not name.startswith("dog") for name in every)


@pytest.mark.engine
def test_a_picture_without_objects_says_so(full: Live, searcher: Searcher, stub: StubExtractor) -> None:
    (whole,) = (found := everything(searcher)).rows
    assert {name[:3] for name in ids(whole)[:4]} == {"dog"} and whole.label == ""
    assert found.warnings == ["no object was found in this picture"]
    assert everything(searcher, like="dog0", image=None).rows[1].label == "dog", "of a document, restored"


@pytest.mark.engine
def test_nothing_alike_is_an_empty_row(full: Live, searcher: Searcher, street: StubExtractor) -> None:
    assert [(row.results, row.total) for row in everything(searcher, filters={"collection": ["nowhere"]}).rows] == [([], 0)] * 3


@pytest.mark.engine
def test_the_largest_objects_have_rows(full: Live, searcher: Searcher, stub: StubExtractor) -> None:
    several = tuple(Object(f"n{n}", 0.5, Box(0.0, 0.0, 0.1 + 0.05 * n, 0.5), towards(3)) for n in range(MAX_OBJECTS + 3))
    stub.whole = ImageFeatures("", WIDTH, HEIGHT, embedding=towards(1), objects=several)
    assert [row.label for row in everything(searcher).rows] == ["", *(f"n{n}" for n in range(MAX_OBJECTS + 2, 2, -1))]


def test_words_alone_have_no_objects(searcher: Searcher) -> None:
    with pytest.raises(BadQuestion, match="name the picture"):
        searcher.everything(SearchRequest(text="dog"))


class Counting(Calls):
    """Calls that answer each body by its number, and count requests."""

    def __init__(self, *, fails: bool = False) -> None:
        super().__init__(None, "pictures", 9.0)  # type: ignore[arg-type]
        self.requests: list[int] = []
        self.fails = fails

    def msearch(self, bodies: Sequence[dict[str, Any]], **params: str) -> list[dict[str, Any]]:
        self.requests.append(len(bodies))
        if self.fails:
            raise EngineUnavailable("OpenSearch is away")
        return [{"of": body["n"], **params} for body in bodies]


def side_by_side(calls: Counting, rounds: Sequence[int]) -> list[Any]:
    """Searches that each ask in so many rounds; the last response of each."""
    gathered = Gathered(calls, len(rounds))

    def one(n: int) -> Any:
        found: Any = None
        with gathered.taking_part():
            for _ in range(rounds[n]):
                (found,) = gathered.msearch([{"n": n}], {"filter_path": "hits" if n else "took"})
        return found

    with ThreadPoolExecutor(len(rounds)) as pool:
        return [future.exception() or future.result() for future in [pool.submit(one, n) for n in range(len(rounds))]]


def test_a_search_that_ends_is_not_waited_for() -> None:
    calls = Counting()
    assert [one["of"] for one in side_by_side(calls, [1, 3, 2])] == [0, 1, 2]
    assert sorted(calls.requests[:2]) == [1, 2] and calls.requests[2:] == [2, 1], "requests of other parameters are sent apart"
    assert side_by_side(Counting(), [0, 0]) == [None, None]


def test_an_error_reaches_every_search_that_waits() -> None:
    errors = side_by_side(Counting(fails=True), [1, 1, 1])
    assert {str(error) for error in errors} == {"OpenSearch is away"}
