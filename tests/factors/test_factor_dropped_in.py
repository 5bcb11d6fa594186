"""A factor that is dropped into a folder takes part everywhere, with no other edit."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from opensearchpy import OpenSearch

from cli import reference
from engine.connections import Context
from engine.errors import ConfigurationError
from engine.settings import Settings, get_settings
from factors import registry
from factors.base import Evidence, Question
from factors.registry import FactorRegistry
from ingest.documents import new_document
from ingest.fields import ExtractedImage
from ingest.item import Item
from mappings import versions
from query.document import show
from query.request import SearchRequest
from query.search import Searcher
from ranking.learning.models import Models
from tests.factors.scenes import DIMENSIONS, FINGERPRINTS, Live, colour, image_features, unit

BRIGHTNESS = '''
"""Brightness: both pictures are as light."""

from typing import ClassVar

from omma_plugin import Clause, Description, DescriptionItem, Evidence, Factor, Feature, Json, Question

CLOSENESS = "1.0 - Math.abs(doc['brightness'].value - params.asked)"


class Brightness(Factor):
    """Mean of the dominant colours."""

    name: ClassVar[str] = "brightness"
    title: ClassVar[str] = "Brightness"
    about: ClassVar[str] = "How light the dominant colours are, from 0 to 1."
    reads: ClassVar[tuple[str, ...]] = ("colours",)
    features: ClassVar[tuple[Feature, ...]] = (Feature("brightness", retrieves=False),)

    def fields(self, dimensions: object) -> Json:
        return {"brightness": {"type": "float"}}

    def image_fields(self, image_features) -> Json:
        return {"brightness": self.measure(image_features)} if image_features.colours else {}

    def clauses(self, question: Question) -> list[Clause]:
        if question.image_features is None or not question.image_features.colours:
            return []
        script = {"source": CLOSENESS, "params": {"asked": self.measure(question.image_features)}}
        return [Clause("brightness", {"script_score": {"query": {"exists": {"field": "brightness"}}, "script": script}})]

    def describe(self, image_features, document) -> list[Description]:
        kept = document.get("brightness")
        return [] if kept is None else [Description("Brightness", (DescriptionItem(f"{kept:.0%}"),))]

    def explain(self, evidence: Evidence) -> str:
        return f"As light as your picture, to {1 - evidence.value:.2f}."

    @staticmethod
    def measure(image_features) -> float:
        return sum(c.share * sum(c.rgb) / 765 for c in image_features.colours) / sum(c.share for c in image_features.colours)
'''


@pytest.fixture()
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of further factors, named by the setting."""
    path = tmp_path / "own"
    path.mkdir()
    (path / "brightness.py").write_text(BRIGHTNESS)
    monkeypatch.setenv("OMMA_PLUGIN_PATH", str(path))
    get_settings.cache_clear()
    registry.forget_loaded()
    yield path
    monkeypatch.undo()
    get_settings.cache_clear()
    registry.forget_loaded()


def installed() -> FactorRegistry:
    """The factors of the settings as they are now."""
    return FactorRegistry.of(get_settings())


def document(name: str, shade: str) -> dict[str, object]:
    """A document as ingest makes it."""
    seen = image_features(name, colours=(colour(shade, 1.0),), embedding=unit(np.random.default_rng(len(name))))
    item = Item(source="s", reference=name, collection="c", original=name)
    return new_document(ExtractedImage(seen, "png", 10, FINGERPRINTS), [item], "job", installed().active)


@pytest.mark.engine
@pytest.mark.usefixtures("folder")
def test_it_is_in_mapping_documents_query_table_explanation_and_docs(client: OpenSearch, live_settings: Settings) -> None:
    models = Models(live_settings)
    packaged = models.packaged()
    weights = models.card(packaged).weights
    live = Live(client, live_settings, weights)
    mapping = client.indices.get_mapping(index=live.index)[versions.current_index(client, live_settings)]["mappings"]
    assert mapping["properties"]["brightness"] == {"type": "float"}
    assert mapping["_meta"]["omma"]["factors"]["brightness"] == {"colours": weights["colours"]}

    live.put({name: document(name, shade) for name, shade in {"red": "red", "white": "white", "blue": "blue"}.items()})
    assert live.source("white")["brightness"] == pytest.approx(250 / 255)

    answer = Searcher(Context(live_settings, client)).search(SearchRequest(like="red", no_cutoff=True))
    values = {result.id: result.factors["brightness"] for result in answer.results}
    lightness = {"red": 250 / 765, "white": 750 / 765, "blue": 290 / 765}
    assert values == {name: pytest.approx(1 - abs(lightness[name] - lightness["red"]), abs=1e-5) for name in ("white", "blue")}
    why = {why.factor: why.text for why in answer.results[0].why}
    assert why["brightness"].startswith("As light as your picture")
    assert answer.ranker == packaged
    assert f"{packaged} was learned without brightness and ignores it; `omma rank train` learns it" in answer.warnings
    described = {part.title: part.items[0].text for part in show(Context(live_settings, client), "white").descriptions}
    assert described["Brightness"] == "98%" and "Colours" in described

    assert "brightness" in installed().feature_names()
    page = reference.factors_here(get_settings())
    assert "## brightness" in page and "How light the dominant colours are" in page
    assert "brightness" not in reference.factors_page()  # the page in the repository lists built-in factors only


@pytest.mark.usefixtures("folder")
def test_its_columns_lead_back_to_it() -> None:
    found = installed().by_name("brightness")
    assert found.title == "Brightness"
    assert found.explain(Evidence("brightness", 0.9, {}, Question())) == "As light as your picture, to 0.10."


WRONG = {
    "its name is taken": (BRIGHTNESS, "a factor 'brightness' exists already"),
    "it cannot be imported": ("import nothing_of_that_name", "ModuleNotFoundError"),
    "its field is another factor's": (
        BRIGHTNESS.replace('"brightness"\n', '"shine"\n').replace('Feature("bright', 'Feature("shine.bright'),
        "field 'brightness' of factor 'shine' already belongs to 'brightness'",
    ),
    "its feature is not named after it": (
        BRIGHTNESS.replace('"brightness"\n', '"shine"\n'),
        "feature 'brightness' must be named 'shine', or begin with 'shine.'",
    ),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_factor_that_cannot_take_part_is_left_out_and_named(folder: Path, what: str) -> None:
    body, why = WRONG[what]
    (folder / "second.py").write_text(body)
    registry.forget_loaded()
    names = [factor.name for factor in installed().active]
    assert names.count("brightness") == 1 and "similar" in names and "shine" not in names
    (broken,) = installed().broken
    assert broken.origin.endswith("second.py") and why in broken.reason
    assert "brightness" in installed().index_body(FINGERPRINTS, DIMENSIONS, get_settings())["mappings"]["properties"]


def test_a_factor_whose_extractor_is_not_there_takes_no_part_and_is_named(folder: Path) -> None:
    text = BRIGHTNESS.replace('"brightness"\n', '"smell"\n').replace('Feature("bright', 'Feature("smell.bright')
    text = text.replace('{"brightness":', '{"smell":').replace('("colours",)', '("nose",)')
    (folder / "smell.py").write_text(text)
    registry.forget_loaded()
    assert "smell" not in {factor.name for factor in installed().active}
    assert "nose" in installed().ignored["smell"]


@pytest.mark.parametrize("method", ["image_fields", "snippet_fields_of", "describe", "explain", "highlight"])
def test_a_method_that_fails_costs_nothing_else_and_is_logged(
    folder: Path, method: str, caplog: pytest.LogCaptureFixture
) -> None:
    failing = f"    def {method}(self, *arguments):\n        raise ValueError('too dark')\n"
    (folder / "brightness.py").write_text(BRIGHTNESS.replace(f"    def {method}(", f"    def usual_{method}(") + failing)
    registry.forget_loaded()
    made = document("white", "white")
    assert made["colour"] == ["white"] and ("brightness" in made) == (method != "image_fields")
    factor = installed().by_name("brightness")
    assert factor.highlight(Question()) == {}
    shown = [] if method in ("describe", "image_fields") else ["Brightness"]
    assert [part.title for part in factor.describe(image_features("white"), made)] == shown
    assert "0.9" in factor.explain(Evidence("brightness", 0.9, made, Question())) or method != "explain"
    assert "brightness" in caplog.text and "too dark" in caplog.text


def test_a_field_that_a_factor_does_not_declare_is_left_out_and_the_image_is_kept(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    undeclared = BRIGHTNESS.replace('return {"brightness": self.measure', 'return {"glow": 1, "brightness": self.measure')
    (folder / "brightness.py").write_text(undeclared)
    registry.forget_loaded()
    made = document("white", "white")
    assert "glow" not in made and "brightness" in made
    assert "gave fields that it does not declare, which are left out: glow" in caplog.text


def test_the_folder_alone_decides_which_factors_there_are() -> None:
    names = {factor.name for factor in registry.own_factors()}
    assert names >= {"similar", "objects", "ocr", "linked_text", "labels", "colours", "near_duplicate"}
    assert all((registry.HERE / f"{name}.py").exists() for name in names)


@pytest.fixture()
def more_columns(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Sets OMMA_MORE_COLUMNS."""

    def name(names: str) -> None:
        monkeypatch.setenv("OMMA_MORE_COLUMNS", names)
        get_settings.cache_clear()

    yield name
    monkeypatch.undo()
    get_settings.cache_clear()


def test_columns_that_are_learned_from_are_the_default_set_and_what_the_setting_names(
    more_columns: Callable[[str], None],
) -> None:
    out = set(installed().every_feature_name) - set(installed().feature_names())
    assert out == {"colours", "feedback.words", "feedback.objects", "feedback.colours", "tags"}
    assert "colours.words" in installed().feature_names()
    more_columns(",".join(out))
    assert installed().feature_names() == installed().every_feature_name
    more_columns("colours, colors")
    with pytest.raises(ConfigurationError, match="OMMA_MORE_COLUMNS names colors, which no factor gives"):
        installed().feature_names()
