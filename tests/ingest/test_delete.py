"""Deleting: exactly what a collection brought is gone, also while others write."""

from collections.abc import Callable, Iterator, Sequence

import pytest

from engine.connections import connect
from engine.errors import NotFoundError
from engine.settings import Settings
from factors.text import Kind, TextSnippet
from ingest.batches import Batch
from ingest.delete import delete, delete_collection
from ingest.item import Item
from ingest.snippet_encoder import SnippetEncoder
from mappings import versions
from tests.factors.reindex_scenes import NUMBER, Looking, Place, batch_processor
from vision.image_features import Vector

pytestmark = pytest.mark.engine
TEXT = "a mug on a table"


@pytest.fixture()
def place(live_settings: Settings) -> Iterator[Place]:
    """An index whose first image two collections have; gone afterwards."""
    client = connect(live_settings)
    made = Place(client, live_settings)
    add(made, "feed", TEXT)
    yield made
    for index in client.indices.get(index=f"{live_settings.index_prefix}-*"):
        client.indices.delete(index=index)
    client.indices.delete_index_template(name=versions.alias(live_settings), ignore=404)


def add(place: Place, collection: str, text: str) -> None:
    """Add a place to the first image."""
    item = Item(collection, "row 1", collection, original=place.ids[0], snippets=(TextSnippet(Kind.CAPTION, text, "en"),))
    processor, jobs = batch_processor(place, Looking())
    processor.process(Batch("job", 1, ((0, item),)))
    assert not jobs.refused


class Interrupted(Looking):
    """Somebody else writes while the first text is encoded."""

    def __init__(self, meddle: Callable[[], None]) -> None:
        super().__init__()
        self.meddle: Callable[[], None] | None = meddle

    def encode_text(self, texts: Sequence[str]) -> Vector:
        meddle, self.meddle = self.meddle, None
        if meddle:
            meddle()
        return super().encode_text(texts)


def test_what_other_collections_have_stays_with_its_own_text(place: Place) -> None:
    encoder = SnippetEncoder(Looking())
    assert delete_collection(place.client, place.settings, "c", encoder) == (NUMBER - 1, 1)
    ((image, left),) = place.all().items()
    assert image == place.ids[0] and left["collections"] == ["feed"] and left["similar"]
    assert [text["text"] for text in left["texts"]] == [TEXT]
    assert left["linked_semantic"] == pytest.approx(Looking().encode_text([TEXT])[0].tolist(), abs=1e-6)
    assert place.store.original(image)
    with pytest.raises(NotFoundError):
        place.store.original(place.ids[1])
    with pytest.raises(NotFoundError, match="no collection 'c'"):
        delete_collection(place.client, place.settings, "c", encoder)


def test_a_place_that_is_added_meanwhile_is_not_lost(place: Place) -> None:
    interrupted = SnippetEncoder(Interrupted(lambda: add(place, "rival", "another mug")))
    assert delete_collection(place.client, place.settings, "c", interrupted) == (NUMBER - 1, 1)
    ((_, left),) = place.all().items()
    assert left["collections"] == ["feed", "rival"] and len(left["texts"]) == 2


def test_a_single_image_goes_with_its_bytes(place: Place) -> None:
    delete(place.client, place.settings, place.ids[2])
    assert place.ids[2] not in place.all()
    with pytest.raises(NotFoundError):
        place.store.original(place.ids[2])
    with pytest.raises(NotFoundError, match="there is no picture"):
        delete(place.client, place.settings, place.ids[2])
    with pytest.raises(NotFoundError, match="there is no picture"):
        delete(place.client, place.settings.model_copy(update={"index_prefix": "never-made"}), place.ids[2])
