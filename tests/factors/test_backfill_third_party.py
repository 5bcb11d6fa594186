"""A third-party extractor and its factor: their features are kept, invalidated and backfilled like built-in ones."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from opensearchpy import OpenSearch

from engine.settings import Settings, get_settings
from factors import registry
from factors.registry import FactorRegistry
from ingest import reextraction
from ingest.batches import Batch
from ingest.item import Item
from ingest.jobs import Outcome
from ingest.reindex import plan
from tests.factors.reindex_scenes import NUMBER, Looking, Place, batch_processor, png

pytestmark = pytest.mark.engine

PLUGIN = '''
"""Sharpness: an extractor and a factor in one file."""

from factors.base import Factor, Feature
from vision.extractor import Extractor


class SharpnessExtractor(Extractor[dict]):
    name = "sharpness"

    @property
    def fingerprint(self):
        return "sharpness@1"

    def _observe(self, pictures, seen):
        return [{"weights": 1} for _ in pictures]


class Sharpness(Factor):
    name = "sharpness"
    title = "Sharpness"
    about = "How sharp the image is."
    features = (Feature("sharpness", retrieves=False),)
    reads = ("sharpness",)
    snippet_fields = ("sharp_words",)

    def fields(self, dimensions):
        return {"sharpness": {"type": "float"}, "sharp_words": {"type": "integer"}}

    def image_fields(self, image_features):
        output = image_features.of("sharpness")
        return {"sharpness": output["weights"]} if output else {}

    def snippet_fields_of(self, snippets, document):
        return {"sharp_words": len(snippets)}

    def restore(self, document):
        return {"sharpness": {"weights": document["sharpness"]}} if "sharpness" in document else {}

    def clauses(self, question):
        return []
'''


@pytest.fixture()
def place(client: OpenSearch, live_settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """An index made with the plugin."""
    (tmp_path / "sharpness.py").write_text(PLUGIN)
    monkeypatch.setenv("OMMA_PLUGIN_PATH", str(tmp_path))
    get_settings.cache_clear()
    registry.forget_loaded()
    settings = live_settings.model_copy(update={"plugin_path": get_settings().plugin_path})
    installed = FactorRegistry.of(settings)
    assert "sharpness" in {factor.name for factor in installed.active}, installed.broken
    yield Place(client, settings, Looking(sharpness=1))
    monkeypatch.undo()
    get_settings.cache_clear()
    registry.forget_loaded()


def ingest(place: Place, number: int, extractor_double: Looking) -> dict[str, Any]:
    """One image through the steps of a batch; its document."""
    image = place.store.put_original(png(number))
    processor, jobs = batch_processor(place, extractor_double)
    processor.process(Batch("job", 1, ((0, Item("s", str(number), "c", original=image)),)))
    assert jobs.outcomes == {0: Outcome.INDEXED}, jobs.refused
    return place.all()[image]


def broken(*_arguments: object) -> dict[str, Any]:
    raise ZeroDivisionError("no edges")


def test_its_features_are_kept_and_extracted_again_when_its_weights_change(place: Place) -> None:
    made = ingest(place, 70, Looking(sharpness=1))
    assert made["sharpness"] == 1 and "sharpness=sharpness@1" in made["weights"]
    labels = Looking(sharpness=1, labels=2)
    place.run(labels)
    assert set(labels.asked) == {("labels",)}
    assert {body["sharpness"] for body in place.all().values()} == {1}

    sharper = Looking(sharpness=2, labels=2)
    assert plan(place.client, place.settings, sharper).extractors == {"sharpness": ("sharpness@1", "sharpness@2")}
    counts = place.run(sharper)
    assert (counts.extracted, set(sharper.asked)) == (NUMBER + 1, {("sharpness",)})
    assert {body["sharpness"] for body in place.all().values()} == {2}


def test_where_it_failed_it_is_run_again_alone(place: Place) -> None:
    blind = Looking(sharpness=1)
    blind.blind = {"sharpness"}
    made = ingest(place, 71, blind)
    assert made["missing"] == ["sharpness"] and "sharpness" not in made and made["similar"]
    again = Looking(sharpness=1)
    planned = reextraction.plan(place.client, place.settings, again, "sharpness", only_failed=True)
    assert (planned.documents, planned.factors) == (1, ("sharpness",))
    assert reextraction.reextract(place.client, place.settings, again, planned).extracted == 1
    repaired = place.all()[made["id"]]
    assert repaired["sharpness"] == 1 and repaired["missing"] == [] and repaired["similar"] == made["similar"]


def test_a_factor_that_raises_is_left_out_of_the_document_and_made_good_later(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    factor = FactorRegistry.of(place.settings).by_name("sharpness")
    with monkeypatch.context() as patch:
        patch.setattr(factor, "image_fields", broken)
        patch.setattr(factor, "snippet_fields_of", broken)
        made = ingest(place, 72, Looking(sharpness=1))
        assert made["missing"] == ["factor:sharpness", "factor:sharpness:text"]
        assert made["failures"]["factor:sharpness"] == "ZeroDivisionError: no edges"
        assert not {"sharpness", "sharp_words"} & made.keys() and made["similar"] and made["ocr"]
    again = Looking(sharpness=1)
    planned = reextraction.plan(place.client, place.settings, again, "sharpness", only_failed=True)
    assert planned.documents == 1
    assert reextraction.reextract(place.client, place.settings, again, planned).extracted == 1
    repaired = place.all()[made["id"]]
    assert (repaired["sharpness"], repaired["sharp_words"], repaired["missing"]) == (1, 0, [])

    with monkeypatch.context() as patch:
        patch.setattr(factor, "image_fields", broken)
        ingest(place, 73, Looking(sharpness=1))
    whole = Looking(sharpness=1)
    place.run(whole)
    assert (whole.asked, whole.pictures) == ([("sharpness",)], 1)
    assert {body["sharpness"] for body in place.all().values()} == {1}

    with monkeypatch.context() as patch:
        patch.setattr(factor, "restore", broken)
        unrestored = Looking(sharpness=1)
        place.run(unrestored)  # what cannot be restored is extracted again
        assert set(unrestored.asked) == {("sharpness",)}
    assert {body["sharpness"] for body in place.all().values()} == {1}


def test_a_factor_that_raises_in_place_keeps_its_earlier_fields(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FactorRegistry.of(place.settings).by_name("sharpness"), "image_fields", broken)
    planned = reextraction.plan(place.client, place.settings, Looking(sharpness=1), "sharpness", only_failed=False)
    counts = reextraction.reextract(place.client, place.settings, Looking(sharpness=1), planned)
    assert counts.failed == NUMBER and "factor:sharpness: ZeroDivisionError" in counts.failures[0]
    after = place.all().values()
    assert {body["sharpness"] for body in after} == {1} and {tuple(body["missing"]) for body in after} == {
        ("factor:sharpness",)
    }
