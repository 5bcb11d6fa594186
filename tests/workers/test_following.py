"""A feed is read again: what changed is replaced, what did not stays, and what it no longer has is withdrawn."""

import hashlib
from pathlib import Path
from typing import Any

import pytest
from opensearchpy import OpenSearch

from engine.connections import Context
from engine.errors import BadSource
from engine.settings import Settings
from engine.store import Store
from ingest.jobs import Progress
from ingest.sources import open_source
from mappings.versions import alias
from query.filters import FilterNames
from tests.ingest.pictures import png, write_all
from tests.workers.conftest import StartWorker, documents, wait_for_end
from workers.dispatch import Dispatcher

pytestmark = [pytest.mark.queue, pytest.mark.engine]
NAMES = "abcdef"


@pytest.fixture()
def feed(tmp_path: Path, start_worker: StartWorker) -> Path:
    start_worker()
    write_all(tmp_path, {f"{name}.png": png(number) for number, name in enumerate(NAMES)})
    return tmp_path / "feed.csv"


def sha(name: str) -> str:
    return hashlib.sha256(png(NAMES.index(name))).hexdigest()


def ingest(feed: Path, settings: Settings, rows: str, *, keep_missing: bool = False, force: bool = False) -> Progress:
    """The job once it has ended, after these rows were read (`a 1 10`: picture, SKU, price, and maybe category and fit)."""
    lines = [",".join([f"{row.split()[0]}.png", *row.split()[1:]]) for row in rows.split(";")]
    names = ["image", "sku", "price", "category", "fit"][: lines[0].count(",") + 1]
    feed.write_text("\n".join([",".join(names), *lines]))
    dispatcher = Dispatcher(Context(settings))
    source = open_source(str(feed), collection="shop", settings=settings)
    job = dispatcher.create(source.spec, source.collection)
    dispatcher.read(job, source, keep_missing=keep_missing, force=force)
    return wait_for_end(settings, job)


def prices(client: OpenSearch, settings: Settings) -> dict[str, Any]:
    """Prices by picture."""
    names = {sha(name): name for name in NAMES}
    return {names[image]: document["price"] for image, document in documents(client, settings).items()}


def found(client: OpenSearch, settings: Settings, name: str, value: str) -> set[str]:
    """The documents that a filter finds."""
    clause = FilterNames((), lambda _: True, lambda: ()).clause(name, value)
    hits = client.search(index=alias(settings), body={"query": clause})["hits"]["hits"]
    return {hit["_id"] for hit in hits}


def test_a_second_reading_replaces_what_changed_and_withdraws_what_is_gone(
    feed: Path, queue_settings: Settings, client: OpenSearch
) -> None:
    ingest(feed, queue_settings, "a 1 10;b 2 20;c 3 30")
    second = ingest(feed, queue_settings, "d 4 5;a 1 99;c 3 30")
    assert (second.indexed, second.unchanged, second.withdrawn, second.extracted) == (2, 1, 1, 1)
    assert prices(client, queue_settings) == {"a": 99, "c": 30, "d": 5}
    assert all(len(document["sources"]) == 1 for document in documents(client, queue_settings).values())
    assert not Store(queue_settings).has_original(sha("b"))


def test_several_rows_with_one_picture_are_several_offers(feed: Path, queue_settings: Settings, client: OpenSearch) -> None:
    ingest(feed, queue_settings, "a 1 10 small S;a 2 25 large L;b 3 1 small S")
    assert prices(client, queue_settings) == {"a": [10, 25], "b": 1}
    for name, value in (("price", "20..30"), ("price", "10"), ("category", "large"), ("category", "small"), ("fit", "L")):
        assert sha("a") in found(client, queue_settings, name, value), (name, value)
    ingest(feed, queue_settings, "a 2 25 large L;b 3 1 small S")
    assert prices(client, queue_settings) == {"a": 25, "b": 1}
    assert found(client, queue_settings, "category", "small") == {sha("b")}


def test_a_row_with_another_key_or_picture_leaves_no_place_behind(
    feed: Path, queue_settings: Settings, client: OpenSearch
) -> None:
    ingest(feed, queue_settings, "a 1 10;b 2 20;c 3 30;d 4 40")
    (feed.parent / "b.png").write_bytes(png(NAMES.index("f")))
    second = ingest(feed, queue_settings, "a one 10;b 2 20;e 3 30;d 4 40")
    assert second.quarantined == 0
    assert prices(client, queue_settings) == {"a": 10, "f": 20, "e": 30, "d": 40}
    places = [place["reference"] for document in documents(client, queue_settings).values() for place in document["sources"]]
    assert sorted(places) == ["a.png one", "b.png 2", "d.png 4", "e.png 3"]


def test_a_feed_that_lacks_more_than_half_is_refused_unless_forced(
    feed: Path, queue_settings: Settings, client: OpenSearch
) -> None:
    ingest(feed, queue_settings, "a 1 10;b 2 20;c 3 30")
    with pytest.raises(BadSource, match="lacks 2 of the 3 pictures that it had, and nothing was changed"):
        ingest(feed, queue_settings, "a 1 11")
    assert prices(client, queue_settings) == {"a": 10, "b": 20, "c": 30}
    kept = ingest(feed, queue_settings, "a 1 11", keep_missing=True)
    assert kept.withdrawn == 0 and prices(client, queue_settings) == {"a": 11, "b": 20, "c": 30}
    forced = ingest(feed, queue_settings, "a 1 11", force=True)
    assert forced.withdrawn == 2 and prices(client, queue_settings) == {"a": 11}


def test_nothing_is_withdrawn_while_rows_cannot_be_read(feed: Path, queue_settings: Settings, client: OpenSearch) -> None:
    ingest(feed, queue_settings, "a 1 10;b 2 20;c 3 30")
    broken = ingest(feed, queue_settings, "a 1 11;b 2 20 1 1 1;c 3 30")
    assert (broken.quarantined, broken.withdrawn) == (1, 0) and prices(client, queue_settings) == {"a": 11, "b": 20, "c": 30}
    (kept,) = broken.left_out
    assert str(kept).startswith("pictures that the source lacks, and that are kept: 1 (1 parts cannot be read")


def test_mended_and_removed_rows_leave_the_quarantine(feed: Path, queue_settings: Settings, client: OpenSearch) -> None:
    ingest(feed, queue_settings, "a 1 10;b 2 20 1 1 1;x 3 30;y 4 40")
    dispatcher = Dispatcher(Context(queue_settings))
    assert {entry.reference for entry in dispatcher.quarantine.list()[1]} == {"row 2", "x.png 3", "y.png 4"}
    feed.write_text(feed.read_text().replace(",1,1,1", ""))
    for job in dispatcher.retry(dispatcher.quarantine.list()[1]):
        wait_for_end(queue_settings, job)
    assert prices(client, queue_settings) == {"a": 10, "b": 20}
    assert {entry.reference for entry in dispatcher.quarantine.list()[1]} == {"x.png 3", "y.png 4"}
    ingest(feed, queue_settings, "a 1 10;b 2 20;y 4 40")
    assert [entry.reference for entry in dispatcher.quarantine.list()[1]] == ["y.png 4"]


def test_what_other_sources_and_collections_have_stays(feed: Path, queue_settings: Settings, client: OpenSearch) -> None:
    other = feed.with_name("other.csv")
    ingest(feed, queue_settings, "a 1 10;b 2 20;c 3 30")
    ingest(other, queue_settings, "b 2 7;d 4 8")
    ingest(feed, queue_settings, "a 1 10;c 3 30")
    assert prices(client, queue_settings) == {"a": 10, "b": 7, "c": 30, "d": 8}
