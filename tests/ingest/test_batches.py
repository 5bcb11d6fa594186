"""From a batch to documents: every item ends with one outcome, whatever others write at the same time."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from opensearchpy import OpenSearch

from engine.connections import connect
from engine.errors import FetchError
from engine.settings import Settings
from factors.text import Kind, TextSnippet
from ingest import batches
from ingest.batches import STEPS, Batch
from ingest.item import Item
from ingest.jobs import Outcome
from mappings import versions
from tests.factors.reindex_scenes import NUMBER, Looking, Place, batch_processor, png
from tests.ingest.pictures import jpeg

DOCS = Path(__file__).parents[2] / "docs" / "reference" / "ingest.md"


@pytest.fixture()
def place(live_settings: Settings) -> Iterator[Place]:
    """An index with documents, gone afterwards."""
    client: OpenSearch = connect(live_settings)
    yield Place(client, live_settings)
    for index in client.indices.get(index=f"{live_settings.index_prefix}-*"):
        client.indices.delete(index=index)
    client.indices.delete_index_template(name=versions.alias(live_settings), ignore=404)


def item(place: Place, number: int, **facts: Any) -> Item:
    return Item("feed", f"row {number}", "feed", original=place.store.put_original(png(number)), **facts)


def batch(*items: Item) -> Batch:
    return Batch("job", 1, tuple(enumerate(items)))


def test_the_documented_steps_are_those_that_run_in_their_order() -> None:
    listed = re.findall(r"^\| `(\w+)` \|", DOCS.read_text(encoding="utf-8"), re.MULTILINE)
    assert listed[: len(STEPS)] == [step.__name__ for step in STEPS]


@pytest.mark.engine
def test_new_images_become_documents_known_ones_gain_a_place_and_each_is_read_once(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads: list[dict[str, Any]] = []
    mget = place.client.mget

    def counted(**request: Any) -> Any:
        reads.append(request)
        return mget(**request)

    monkeypatch.setattr(place.client, "mget", counted)
    extractor_double = Looking()
    processor, jobs = batch_processor(place, extractor_double)
    items = batch(item(place, 0), item(place, 80), item(place, 80), item(place, 81))
    assert processor.process(items) is None
    assert jobs.outcomes == dict.fromkeys(range(4), Outcome.INDEXED) and not jobs.refused
    assert len(reads) == 1 and extractor_double.pictures == 2
    documents = place.all()
    assert len(documents) == NUMBER + 2 and documents[place.ids[0]]["collections"] == ["c", "feed"]

    again, recount = batch_processor(place, extractor_double)
    again.process(Batch("other", 1, items.items))
    assert recount.outcomes == dict.fromkeys(range(4), Outcome.UNCHANGED)
    assert extractor_double.pictures == 2 and place.all() == documents


@pytest.mark.engine
def test_two_writers_of_one_image_lose_nothing(place: Place) -> None:
    extractor_double = Looking()
    other, _ = batch_processor(place, Looking())
    rival = Item("rival", "a", "rival", original=item(place, 82).original)
    extractor_double.before_processing = lambda: other.process(batch(rival))  # type: ignore[assignment]
    processor, jobs = batch_processor(place, extractor_double)
    processor.process(batch(item(place, 82)))
    assert jobs.outcomes == {0: Outcome.INDEXED}
    assert place.all()[rival.original]["collections"] == ["feed", "rival"]


@pytest.mark.engine
def test_a_document_that_the_index_refuses_costs_only_itself_and_says_why(place: Place) -> None:
    processor, jobs = batch_processor(place, Looking())
    wrong = item(place, 83, price="cheap")
    right = item(place, 84, snippets=(TextSnippet(Kind.TITLE, "A right one", "en"),))
    processor.process(batch(wrong, right))
    assert jobs.outcomes == {0: Outcome.QUARANTINED, 1: Outcome.INDEXED}
    assert "failed to parse field [price]" in jobs.refused[0] and 'For input string: "cheap"' in jobs.refused[0]
    assert right.original in place.all() and wrong.original not in place.all()


@pytest.mark.engine
def test_what_cannot_be_fetched_for_now_comes_back_until_the_last_attempt(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreachable(*_arguments: object) -> None:
        raise FetchError("http-503", "busy", passing=True)

    monkeypatch.setattr(batches, "fetch", unreachable)
    far, near = Item("feed", "far", "feed", address="http://far.example/a.png"), item(place, 85)
    processor, jobs = batch_processor(place, Looking())
    later = processor.process(batch(far, near))
    assert later == Batch("job", 1, ((0, far),)) and jobs.outcomes == {1: Outcome.INDEXED}
    assert processor.process(later, last=True) is None
    assert jobs.outcomes[0] is Outcome.QUARANTINED and jobs.refused == ["busy"]


@pytest.mark.engine
def test_a_damaged_picture_that_is_used_says_so_in_its_document_and_in_the_job(place: Place) -> None:
    cut = place.store.put_original(jpeg(90)[:-2])
    processor, jobs = batch_processor(place, Looking())
    processor.process(batch(Item("feed", "row cut", "feed", original=cut), item(place, 91)))
    assert jobs.outcomes == dict.fromkeys(range(2), Outcome.INDEXED)
    assert place.all()[cut]["notes"][0].startswith("damaged, all of it was decoded")
    assert len(jobs.notes) == 1 and jobs.notes[0].startswith("row cut: damaged")
