"""Entities follow the collection: made once an ingest has ended, and again only when documents have changed."""

from pathlib import Path

import pytest

from answers.entities.store import Entities
from engine.connections import Context
from engine.settings import Settings
from engine.store import Store
from factors.text import Kind, TextSnippet
from ingest.delete import delete
from ingest.item import Item
from mappings.versions import alias
from tests.ingest.pictures import png
from tests.ingest.seeing import TestFeatureExtractor
from workers import entities
from workers.runtime import Runtime

pytestmark = [pytest.mark.engine, pytest.mark.queue]
NAMES = ("frog", "crow", "daffodil")


@pytest.fixture()
def runtime(queue_settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Runtime:
    """A made-up feature extractor, and a small table in place of WordNet."""
    (tmp_path / "nouns.csv").write_text("id,name\nn1,newt\n")
    monkeypatch.setattr(entities, "DEFAULT", str(tmp_path / "nouns.csv"))
    return Runtime(Context(queue_settings), TestFeatureExtractor())


def ingested(runtime: Runtime, *names: str) -> list[str]:
    """Pictures of these things, each with a title and a category; their ids."""
    store = Store(runtime.settings)
    items = [
        Item("test", name, "test", original=store.put_original(png(NAMES.index(name))), category="animals",
             snippets=(TextSnippet(Kind.TITLE, f"A {name}."),))
        for name in names
    ]  # fmt: skip
    assert runtime.process_now(items, "test", "test").indexed == len(names)
    runtime.client.indices.refresh(index=alias(runtime.settings))
    return [item.original for item in items]


def names_of(runtime: Runtime) -> set[str]:
    store = Entities(runtime.context, lambda: runtime.feature_extractor)
    return {name for one in store.page().entities for name in one.names.values()}


def test_entities_are_made_after_an_ingest_and_follow_changes(runtime: Runtime) -> None:
    def follow() -> str:
        return entities.follow(runtime.context, lambda: runtime.feature_extractor)

    assert follow() == "not due", "nothing is indexed"
    frog, _ = ingested(runtime, "frog", "crow")
    assert follow() == "2 entities of the collection; 1 of WordNet"
    assert names_of(runtime) == {"frog", "crow", "newt"}
    assert follow() == "not due"

    ingested(runtime, "daffodil")
    delete(runtime.client, runtime.settings, frog)
    runtime.client.indices.refresh(index=alias(runtime.settings))
    Entities(runtime.context, lambda: runtime.feature_extractor).delete_loaded("table")
    assert follow() == "2 entities of the collection; WordNet was loaded before"
    assert names_of(runtime) == {"crow", "daffodil"}, "what was deleted stays deleted"


def test_wordnet_gives_way_to_an_ingest_and_goes_on_later(
    runtime: Runtime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "nouns.csv").write_text("id,name\n" + "".join(f"n{number},newt {number}\n" for number in range(5)))
    monkeypatch.setattr(entities, "LOADED_AT_ONCE", 2)
    answers = iter([False, False, True, False, False, False])  # before each part, whether an ingest runs
    monkeypatch.setattr(entities, "is_ingesting", lambda redis, settings: next(answers))
    ingested(runtime, "frog")
    assert entities.follow(runtime.context, lambda: runtime.feature_extractor) == (
        "1 entities of the collection; 2 of WordNet, and the rest after an ingest"
    )
    assert entities.follow(runtime.context, lambda: runtime.feature_extractor) == "0 entities of the collection; 3 of WordNet"
    assert names_of(runtime) == {"frog", *(f"newt {number}" for number in range(5))}


def test_nothing_is_made_while_an_ingest_runs(runtime: Runtime) -> None:
    ingested(runtime, "frog")
    runtime.jobs.create("folder", "test")
    assert entities.follow(runtime.context, lambda: runtime.feature_extractor) == "an ingest runs"
