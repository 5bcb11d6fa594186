"""Documents, derived from every place where an image was met."""

from dataclasses import replace
from typing import Any

import pytest

from factors.text import Kind, TextSnippet
from ingest.documents import made_by, merged, new_document, without
from ingest.fields import ExtractedImage, with_text
from ingest.item import Item
from tests.factors.scenes import FACTORS
from tests.ingest.seeing import FINGERPRINTS, image_features_of
from tests.present import present

ID = "ab" * 32
MUG = Item(
    "shop.csv",
    "row 1",
    "shop",
    original=ID,
    snippets=(TextSnippet(Kind.TITLE, "Blue mug", "en"), TextSnippet(Kind.FILE_NAME, "mug")),
    category="cups",
    page="https://shop.example/1",
    price=12.5,
    place=(52.5, 13.4),
    facets={"brand": "Acme"},
    date="2024-05-17T00:00:00",
)
PHOTO = Item(
    "photos",
    "mug.jpg",
    "holiday",
    original=ID,
    snippets=(TextSnippet(Kind.CAPTION, "Моя кружка", "ru"), TextSnippet(Kind.FILE_NAME, "mug")),
    category="kitchen",
)


@pytest.fixture()
def document() -> dict[str, Any]:
    seen = ExtractedImage(
        image_features_of(ID).with_failures({"text": "no tesseract"}).with_values(text=None), "PNG", 1234, FINGERPRINTS
    )
    return new_document(seen, [MUG], "job1", FACTORS.active)


def test_a_document_has_fields_of_its_image_and_of_its_place(document: dict[str, Any]) -> None:
    expected = {
        "width": 64,
        "height": 48,
        "bytes": 1234,
        "format": "PNG",
        "missing": ["text"],
        "job": "job1",
        "title": "Blue mug",
        "collections": ["shop"],
        "category": "cups",
        "price": 12.5,
        "place": {"lat": 52.5, "lon": 13.4},
        "facets": ["brand=Acme"],
        "languages": ["en"],
        "date": "2024-05-17T00:00:00",
        "object_names": ["dog"],
        "label": ["dog"],
    }
    assert {name: document[name] for name in expected} == expected
    assert "embedding=embedding-test@1" in document["weights"]
    assert document["linked"]["all"] == ["Blue mug", "mug"]


def test_another_place_adds_its_text_once(document: dict[str, Any]) -> None:
    both = present(merged(document, [PHOTO], "job2", FACTORS.active))
    assert both is not None
    assert [snippet["text"] for snippet in both["texts"]] == ["Blue mug", "mug", "Моя кружка"]
    assert both["collections"] == ["holiday", "shop"] and both["languages"] == ["en", "ru"]
    assert (both["category"], both["price"], both["job"]) == (["cups", "kitchen"], 12.5, "job1")
    assert both["similar"] == document["similar"] and "Моя кружка" in both["linked"]["all"]
    assert [place["job"] for place in both["sources"]] == ["job1", "job2"]


def test_the_same_place_again_changes_nothing(document: dict[str, Any]) -> None:
    assert merged(document, [MUG, MUG], "job2", FACTORS.active) is None
    assert made_by(document, MUG, "job1") and not made_by(document, MUG, "job2")


def test_a_place_that_changed_replaces_its_earlier_text_and_facts(document: dict[str, Any]) -> None:
    both = present(merged(document, [PHOTO], "job2", FACTORS.active))
    cheaper = replace(MUG, price=9.0, facets={}, snippets=(TextSnippet(Kind.TITLE, "Mug", "en"),))
    changed = present(merged(both, [cheaper], "job3", FACTORS.active))
    assert (changed["price"], changed["facets"], len(changed["sources"])) == (9.0, [], 2)
    assert [snippet["text"] for snippet in changed["texts"]] == ["Mug", "Моя кружка", "mug"]


def test_without_a_collection_its_text_and_facts_are_gone(document: dict[str, Any]) -> None:
    both = present(merged(document, [PHOTO], "job2", FACTORS.active))
    left = present(without(both, lambda entry: entry["collection"] == "shop", FACTORS.active))
    assert (left["collections"], left["category"], left["title"]) == (["holiday"], "kitchen", "Моя кружка")
    assert "price" not in left and "place" not in left and "Blue mug" not in left["linked"]["all"]
    assert left["similar"] == document["similar"]
    assert without(left, lambda entry: entry["collection"] == "holiday", FACTORS.active) is None


def test_order_does_not_matter_to_text(document: dict[str, Any]) -> None:
    seen = ExtractedImage(image_features_of(ID), "PNG", 1234, FINGERPRINTS)
    one, other = (
        new_document(seen, [MUG, PHOTO], "j", FACTORS.active),
        present(merged(new_document(seen, [PHOTO], "j", FACTORS.active), [MUG], "j", FACTORS.active)),
    )
    assert {p["text"] for p in one["texts"]} == {p["text"] for p in other["texts"]}
    assert one["collections"] == other["collections"] and one["facets"] == other["facets"]


def test_the_title_follows_the_weights_of_texts() -> None:
    caption = {"kind": "caption", "text": "Blue mug", "language": "en"}
    named = with_text({"id": "x"}, [{"texts": [caption]}], None, [])
    assert (named["title"], named["languages"]) == ("Blue mug", ["en"])
    trash = {**caption, "weight": 0.0, "reason": "call to action"}
    assert "title" not in with_text(named, [{"texts": [trash]}], None, [])
