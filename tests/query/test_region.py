"""Parts of a picture: fractions, IIIF regions, and which object a part is."""

import math

import pytest

from engine.errors import BadQuestion
from query import request
from query.encoder import as_object
from query.request import SearchRequest
from tests.factors.scenes import text_of
from tests.query.query_scenes import BOX, seen, towards
from vision.image_features import Box, ImageFeatures, Object


@pytest.mark.parametrize(
    ("named", "box"),
    [
        ("0,0,400,300", [0, 0, 1, 1]),
        ("100,30,200,150", [0.25, 0.1, 0.5, 0.5]),
        (" 100,30,200,150 ", [0.25, 0.1, 0.5, 0.5]),
        ("100, 30, 200, 150", [0.25, 0.1, 0.5, 0.5]),
        ("pct:25,10,50,50", [0.25, 0.1, 0.5, 0.5]),
        ("pct:12.5,0,0.5,100", [0.125, 0, 0.005, 1]),
        ("399,299,1,1", [0.9975, 0.9967, 0.0025, 0.0033]),
        ("300,150,9999,9999", [0.75, 0.5, 0.25, 0.5]),
        ("pct:90,90,20,20", [0.9, 0.9, 0.1, 0.1]),
    ],
)
def test_iiif_regions(named: str, box: list[float]) -> None:
    assert request.from_iiif(named, 400, 300).as_list() == pytest.approx(box, abs=1e-4)


@pytest.mark.parametrize(
    "named", ["400,0,10,10", "0,300,10,10", "0,0,0,10", "10,10,10,-5", "-1,0,10,10", "pct:100,0,5,5", "pct:0,0,0,0"]
)
def test_regions_outside_the_picture(named: str) -> None:
    with pytest.raises(BadQuestion, match=r"empty or outside the picture of 400x300 pixels; accepted are `x,y,w,h`"):
        request.from_iiif(named, 400, 300)


@pytest.mark.parametrize(
    "named", ["", "full!", "1,2,3", "1,2,3,4,5", "a,b,c,d", "nan,0,1,1", "0,0,inf,1", "px:1,2,3,4", "1;2;3;4", "9" * 500]
)
def test_what_is_no_region(named: str) -> None:
    with pytest.raises(BadQuestion, match="is not four numbers; accepted are `x,y,w,h` in pixels") as raised:
        request.from_iiif(named, 400, 300)
    assert len(str(raised.value)) < 300


def test_fractions_that_reach_over_the_edge_by_rounding_are_clipped() -> None:
    assert request.from_fractions([-0.004, 0.5, 0.5, 0.505]).as_list() == pytest.approx([0, 0.5, 0.496, 0.5])
    assert request.from_fractions([0, 0, 1, 1]) == Box(0, 0, 1, 1)


@pytest.mark.parametrize(
    "values",
    [[], [0, 0, 1], [0, 0, 1, 1, 1], [math.nan, 0, 1, 1], [0, 0, math.inf, 1], [-0.2, 0, 0.5, 0.5], [0.6, 0, 0.5, 0.5],
     [0, 0, 0, 1], [0, 0, 1, -1], [1, 1, 0.001, 0.001], [100, 30, 200, 150]],
)  # fmt: skip
def test_what_is_no_box(values: list[float]) -> None:
    with pytest.raises(BadQuestion, match="box"):
        request.from_fractions(values)


def test_overlap_is_intersection_over_union() -> None:
    half = Box(0, 0, 0.5, 1)
    assert half.overlap(half) == pytest.approx(1)
    assert half.overlap(Box(0, 0, 1, 1)) == pytest.approx(0.5)
    assert half.overlap(Box(0.25, 0, 0.5, 1)) == pytest.approx(1 / 3)
    assert half.overlap(Box(0.6, 0, 0.4, 1)) == 0


def test_a_request_names_the_part_either_way() -> None:
    assert SearchRequest(like="x", box=[0.25, 0.1, 0.5, 0.5]).box_within(400, 300) == Box(0.25, 0.1, 0.5, 0.5)
    assert SearchRequest(like="x", region="100,30,200,150").box_within(400, 300) == Box(0.25, 0.1, 0.5, 0.5)
    assert SearchRequest(like="x").box_within(400, 300) is None


def test_the_box_of_an_object_is_that_object() -> None:
    whole = seen("car0", "car", 0)
    part = as_object(whole, Box(0.2501, 0.125, 0.4999, 0.5))  # as it travels, rounded
    assert part is not None and part.embedding is not None
    assert part.embedding.tolist() == towards(5).tolist()
    assert (part.objects, part.labels, part.colours, part.phash) == (None, None, None, None)
    assert as_object(whole, Box(0.25, 0.125, 0.4, 0.5)) is None, "another part must be extracted"


def test_of_several_objects_the_nearest_one_is_meant() -> None:
    inner = Object("tyre", 0.5, Box(0.26, 0.13, 0.48, 0.48), towards(6))
    outer = Object("wheel", 0.4, BOX, towards(7))
    unseen = Object("hub", 0.9, BOX)  # without an embedding there is nothing to go by
    part = as_object(ImageFeatures("x", 40, 30, objects=(inner, unseen, outer)), BOX)
    assert part is not None and part.embedding is not None and part.embedding[7] == 1


def test_words_within_the_part_come_along() -> None:
    whole = ImageFeatures(
        "x", 40, 30, objects=(Object("sign", 0.9, Box(0, 0, 0.3, 0.3), towards(1)),), text=text_of("a b c d e")
    )
    part = as_object(whole, Box(0, 0, 0.3, 0.3))
    assert part is not None and part.text is not None
    assert [word.text for word in part.text.words] == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ({"like": "x", "address": "https://example.com/x.png"}, "ask with one picture"),
        ({"like": "x", "image": b"x"}, "ask with one picture"),
        ({"like": "x", "box": [0, 0, 1, 1], "region": "0,0,1,1"}, "name the part once"),
        ({"box": [0, 0, 1, 1]}, "a part of a picture needs the picture"),
        ({"text": "cat", "region": "0,0,1,1"}, "a part of a picture needs the picture"),
        ({"page": 0}, "pages begin at 1"),
        ({"number": 0}, "1 to 2000 results"),
        ({"number": 2001}, "1 to 2000 results"),
        ({"text": "x" * 10_001}, "at most 10000 characters"),
    ],
)
def test_a_request_that_makes_no_extractor_says_why(asked: dict[str, object], why: str) -> None:
    with pytest.raises(BadQuestion, match=why):
        SearchRequest.model_validate(asked)
