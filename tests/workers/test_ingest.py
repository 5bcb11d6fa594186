"""From a source to documents, through the real queue and a real worker."""

import hashlib
import json
from pathlib import Path

import pytest
from opensearchpy import OpenSearch

from engine.connections import Context
from engine.settings import Settings
from engine.store import Store
from ingest.delete import delete_collection
from ingest.quarantine import Quarantine
from ingest.sources import open_source
from tests.ingest.pictures import bad_pictures, good_pictures, png, write_all
from tests.workers.conftest import StartWorker, documents, wait_for_end
from workers.dispatch import Dispatcher

pytestmark = [pytest.mark.queue, pytest.mark.engine]


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.fixture()
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "pictures"
    made.mkdir()
    return made


def ingest(source: Path | str, settings: Settings, collection: str = "") -> str:
    return Dispatcher(Context(settings)).start(open_source(str(source), collection=collection, settings=settings))


def test_bad_pictures_are_quarantined_each_for_its_reason_and_good_ones_are_indexed(
    folder: Path, queue_settings: Settings, client: OpenSearch, start_worker: StartWorker
) -> None:
    start_worker()
    write_all(folder, good_pictures() | bad_pictures())
    (folder / "out.png").symlink_to("/etc/hostname")
    progress = wait_for_end(queue_settings, ingest(folder, queue_settings))
    assert (progress.state, progress.indexed, progress.quarantined) == ("done", 11, 7)
    assert progress.extracted == 11, "four of them are further pages and frames"
    assert set(documents(client, queue_settings)) > {sha(data) for data in good_pictures().values()}
    total, entries = Quarantine(client, queue_settings).list()
    reasons = {entry.reference: entry.reason for entry in entries}
    assert total == 7 and len(set(reasons.values())) == 7, f"each has a reason of its own: {reasons}"
    expected = {
        "truncated.jpg": "truncated",
        "bomb.png": "bomb",
        "drawing.svg": "svg",
        "dot.png": "too-small",
        "empty.png": "empty",
    }
    assert reasons == reasons | expected | {"out.png": "outside"}
    assert all(entry.message and entry.time and entry.source == str(folder) for entry in entries)
    assert Store(queue_settings).has_thumbnail(sha(good_pictures()["print.jpg"]))


def test_a_repeated_ingest_changes_nothing_and_extracts_nothing(
    folder: Path, queue_settings: Settings, client: OpenSearch, start_worker: StartWorker
) -> None:
    start_worker()
    write_all(folder, {f"{n}.png": png(n) for n in range(10)})
    first = wait_for_end(queue_settings, ingest(folder, queue_settings))
    assert (first.indexed, first.extracted) == (10, 10)
    before = documents(client, queue_settings)
    again = wait_for_end(queue_settings, ingest(folder, queue_settings))
    assert (again.indexed, again.unchanged, again.extracted) == (0, 10, 0)
    assert documents(client, queue_settings) == before


def test_one_picture_from_two_sources_is_one_document_with_both_texts(
    folder: Path, queue_settings: Settings, client: OpenSearch, start_worker: StartWorker
) -> None:
    start_worker()
    write_all(
        folder,
        {"photos/fox.png": png(1), "photos/fox.txt": b"A fox at dawn", "photos/copy.png": png(1), "shop/print.png": png(1)},
    )
    (folder / "shop/feed.jsonl").write_text(json.dumps({"image": "print.png", "title": "Fox print", "price": 30, "size": "A3"}))
    wait_for_end(queue_settings, ingest(folder / "photos", queue_settings))
    second = wait_for_end(queue_settings, ingest(folder / "shop/feed.jsonl", queue_settings, "shop"))
    assert (second.indexed, second.extracted) == (1, 0)
    found = documents(client, queue_settings)
    assert set(found) == {sha(png(1))}
    document = found[sha(png(1))]
    assert {"A fox at dawn", "Fox print"} <= {snippet["text"] for snippet in document["texts"]}
    assert {(place["reference"], place["collection"]) for place in document["sources"]} == {
        ("fox.png", "photos"), ("copy.png", "photos"), ("print.png", "shop"),
    }  # fmt: skip
    assert (document["price"], document["facets"], document["collections"]) == (30, ["size=A3"], ["photos", "shop"])
    assert len(document["similar"]) == 256, "completing a document keeps its vectors"
    assert delete_collection(client, queue_settings, "photos") == (0, 1)
    left = documents(client, queue_settings)[sha(png(1))]
    assert left["collections"] == ["shop"] and [snippet["text"] for snippet in left["texts"]] == ["Fox print", "print"]
    assert delete_collection(client, queue_settings, "shop") == (1, 0)
    assert not Store(queue_settings).has_original(sha(png(1)))


def test_repaired_items_leave_the_quarantine(
    folder: Path, queue_settings: Settings, client: OpenSearch, start_worker: StartWorker
) -> None:
    start_worker()
    write_all(folder, {"ok.png": png(1), "broken.png": png(2)[:500]})
    (folder / "gone.png").symlink_to("later.png")
    wait_for_end(queue_settings, ingest(folder, queue_settings))
    quarantine = Quarantine(client, queue_settings)
    assert quarantine.list()[0] == 2
    retried = Dispatcher(Context(queue_settings)).retry(quarantine.list()[1])
    ended = [wait_for_end(queue_settings, job) for job in retried]
    assert sum(job.quarantined for job in ended) == 2 and quarantine.list()[0] == 2, "still bad, still there, still once"
    write_all(folder, {"broken.png": png(2), "later.png": png(3)})
    ended = [wait_for_end(queue_settings, job) for job in Dispatcher(Context(queue_settings)).retry(quarantine.list()[1])]
    assert {job.state for job in ended} == {"done"}
    assert [entry.reference for entry in quarantine.list()[1]] == ["broken.png"], "its bytes of then are what is tried again"
    wait_for_end(queue_settings, ingest(folder, queue_settings))
    assert quarantine.list()[0] == 0


def test_uploads_and_sources_read_by_a_worker(
    folder: Path, queue_settings: Settings, client: OpenSearch, start_worker: StartWorker
) -> None:
    start_worker()
    write_all(folder, {f"{n}.png": png(n) for n in range(5)})
    job = Dispatcher(Context(queue_settings)).request(str(folder), "from the page")
    progress = wait_for_end(queue_settings, job)
    assert (progress.state, progress.indexed, progress.collection) == ("done", 5, "from the page")
    upload = Dispatcher(Context(queue_settings)).start_uploads(
        [("0000/blue bird.png", png(30)), ("0001/bad.png", b"nothing")], "mine"
    )
    progress = wait_for_end(queue_settings, upload)
    assert (progress.indexed, progress.quarantined) == (1, 1)
    assert documents(client, queue_settings)[sha(png(30))]["title"] == "blue bird"
    failed = wait_for_end(queue_settings, Dispatcher(Context(queue_settings)).request(str(folder / "nowhere"), ""))
    assert failed.state == "failed" and "nowhere" in failed.message
