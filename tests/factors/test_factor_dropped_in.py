"""A factor that is dropped into a folder takes part everywhere, with no other edit."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from opensearchpy import OpenSearch
from scenes import DIMENSIONS, FINGERPRINTS, Live, colour, image_features, unit

from engine.errors import ConfigurationError
from engine.settings import Settings, get_settings
from factors import docs, registry
from factors.base import Evidence, Question
from ingest.documents import ExtractedImage, new_document
from ingest.item import Item
from mappings import versions
from query.request import SearchRequest
from query.search import Searcher

BRIGHTNESS = '''
"""Brightness: both pictures are as light."""

from typing import ClassVar

from factors.base import Clause, Evidence, Factor, Json, Question

CLOSENESS = "1.0 - Math.abs(doc['brightness'].value - params.asked)"


class Brightness(Factor):
    """Mean of the dominant colours."""

    name: ClassVar[str] = "brightness"
    title: ClassVar[str] = "Brightness"
    about: ClassVar[str] = "How light the dominant colours are, from 0 to 1."
    reads: ClassVar[tuple[str, ...]] = ("colours",)

    def fields(self, dimensions: object) -> Json:
        return {"brightness": {"type": "float"}}

    def image_fields(self, image_features) -> Json:
        return {"brightness": self.measure(image_features)} if image_features.colours else {}

    def clauses(self, question: Question) -> list[Clause]:
        if question.image_features is None or not question.image_features.colours:
            return []
        script = {"source": CLOSENESS, "params": {"asked": self.measure(question.image_features)}}
        return [Clause("brightness", {"script_score": {"query": {"exists": {"field": "brightness"}}, "script": script}})]

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
    monkeypatch.setenv("OMMA_FACTOR_PATH", str(path))
    get_settings.cache_clear()
    registry.load.cache_clear()
    yield path
    monkeypatch.undo()
    get_settings.cache_clear()
    registry.load.cache_clear()


def document(name: str, shade: str) -> dict[str, object]:
    """A document as ingest makes it."""
    seen = image_features(name, colours=(colour(shade, 1.0),), embedding=unit(np.random.default_rng(len(name))))
    item = Item(source="s", reference=name, collection="c", original=name)
    return new_document(ExtractedImage(seen, "png", 10, FINGERPRINTS), [item], "job")


@pytest.mark.engine
@pytest.mark.usefixtures("folder")
def test_it_is_in_mapping_documents_query_table_explanation_and_docs(client: OpenSearch, live_settings: Settings) -> None:
    live = Live(client, live_settings)
    mapping = client.indices.get_mapping(index=live.index)[versions.current_index(client, live_settings)]["mappings"]
    assert mapping["properties"]["brightness"] == {"type": "float"}
    assert mapping["_meta"]["omma"]["factors"]["brightness"] == {"colours": "colours@1"}

    live.put({name: document(name, shade) for name, shade in {"red": "red", "white": "white", "blue": "blue"}.items()})
    assert live.source("white")["brightness"] == pytest.approx(250 / 255)

    answer = Searcher(live_settings, client).search(SearchRequest(like="red", no_cutoff=True))
    values = {result.id: result.factors["brightness"] for result in answer.results}
    lightness = {"red": 250 / 765, "white": 750 / 765, "blue": 290 / 765}
    assert values == {name: pytest.approx(1 - abs(lightness[name] - lightness["red"]), abs=1e-5) for name in ("white", "blue")}
    told = {why.factor: why.text for why in answer.results[0].why}
    assert told["brightness"].startswith("As light as your picture")

    assert "brightness" in registry.feature_names()
    assert "## brightness" in docs.here() and "How light the dominant colours are" in docs.here()
    assert "brightness" not in docs.page()  # the page in the repository tells of Omma's own


@pytest.mark.usefixtures("folder")
def test_its_columns_lead_back_to_it() -> None:
    found = registry.by_name("brightness")
    assert found.title == "Brightness"
    assert found.explain(Evidence("brightness", 0.9, {}, Question())) == "As light as your picture, to 0.10."


def test_two_factors_of_one_name_are_refused(folder: Path) -> None:
    (folder / "second.py").write_text(BRIGHTNESS)
    registry.load.cache_clear()
    with pytest.raises(ConfigurationError, match="two factors are named 'brightness'"):
        registry.all_factors()


def test_a_file_that_cannot_be_imported_is_named(folder: Path) -> None:
    (folder / "broken.py").write_text("import nothing_of_that_name")
    registry.load.cache_clear()
    with pytest.raises(ConfigurationError, match=r"broken\.py"):
        registry.all_factors()


def test_a_field_that_another_factor_owns_is_refused(folder: Path) -> None:
    (folder / "second.py").write_text(BRIGHTNESS.replace('"brightness"\n', '"shine"\n').replace("class Bright", "class Shine"))
    registry.load.cache_clear()
    with pytest.raises(ConfigurationError, match="field 'brightness' of factor 'shine' already belongs to 'brightness'"):
        registry.index_body(FINGERPRINTS, DIMENSIONS)


def test_the_folder_alone_decides_which_factors_there_are() -> None:
    names = {factor.name for factor in registry.load((registry.HERE,))}
    assert names >= {"similar", "objects", "ocr", "linked_text", "labels", "colours", "near_duplicate"}
    assert all((registry.HERE / f"{name}.py").exists() for name in names)


@pytest.fixture()
def more_columns(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Sets OMMA_MORE_COLUMNS."""

    def name(told: str) -> None:
        monkeypatch.setenv("OMMA_MORE_COLUMNS", told)
        get_settings.cache_clear()

    yield name
    monkeypatch.undo()
    get_settings.cache_clear()


def test_columns_that_are_learned_from_are_the_default_set_and_what_the_setting_names(
    more_columns: Callable[[str], None],
) -> None:
    out = set(registry.every_feature_name()) - set(registry.feature_names())
    assert out == {"colours"} and "colours.words" in registry.feature_names()
    more_columns("colours")
    assert registry.feature_names() == registry.every_feature_name()
    more_columns("colours, colors")
    with pytest.raises(ConfigurationError, match="OMMA_MORE_COLUMNS names colors, which no factor gives"):
        registry.feature_names()
