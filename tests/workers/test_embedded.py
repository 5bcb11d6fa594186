"""What a picture's own file says is known wherever the picture comes from, and a job says what it left out."""

import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from opensearchpy import OpenSearch

from engine.connections import Context
from engine.settings import Settings
from ingest.sources import open_source
from tests.ingest.image_metadata import BERLIN, Exif, exif, xmp
from tests.ingest.pictures import jpeg, png, write_all
from tests.workers.conftest import StartWorker, documents, wait_for_end
from workers.dispatch import Dispatcher

pytestmark = [pytest.mark.queue, pytest.mark.engine]
PHOTO = jpeg(
    7,
    exif=exif({Exif.ImageDescription: "Lantern festival by the canal"}, {Exif.DateTimeOriginal: "2016:11:03 12:04:45"}, BERLIN),
    xmp=xmp(title=[("", "Lantern festival")], subject=[("", "paper"), ("", "lights")]),
)


@pytest.fixture()
def web(tmp_path: Path) -> Iterator[str]:
    """The address of a server of the files in `served`."""
    write_all(tmp_path / "served", {"photo.jpg": PHOTO})
    handler = partial(SimpleHTTPRequestHandler, directory=str(tmp_path / "served"))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()


def test_date_place_title_and_tags_of_a_photo_come_by_every_way(
    tmp_path: Path, queue_settings: Settings, client: OpenSearch, start_worker: StartWorker, web: str
) -> None:
    start_worker()
    page = b'<html><body><p>A page</p><img src="photo.jpg" width="300" height="200"></body></html>'
    feed = f"image,title\nphoto.jpg,\n{web}/photo.jpg,\n".encode()
    write_all(tmp_path / "in", {"folder/photo.jpg": PHOTO, "feed/photo.jpg": PHOTO, "feed/feed.csv": feed})
    write_all(tmp_path / "in/site", {"photo.jpg": PHOTO, "index.html": page})
    dispatcher = Dispatcher(Context(queue_settings))
    addresses = (f"{tmp_path}/in/folder", f"{tmp_path}/in/feed/feed.csv", f"site:{tmp_path}/in/site")
    jobs = [dispatcher.start(open_source(address, settings=queue_settings)) for address in addresses]
    jobs.append(dispatcher.start_uploads([("photo.jpg", PHOTO)], "uploads"))
    assert sum(wait_for_end(queue_settings, job).indexed for job in jobs) == 5
    (document,) = documents(client, queue_settings).values()
    assert {entry["source"].rpartition("/")[2] for entry in document["sources"]} == {"folder", "feed.csv", "site", "upload"}
    for entry in document["sources"]:
        assert (entry["date"], entry["place"]) == ("2016-11-03T12:04:45", [52.52, 13.41]), entry["source"]
        assert texts_of(entry) >= {
            ("title", "Lantern festival"), ("keywords", "paper, lights"), ("caption", "Lantern festival by the canal"),
        }, entry["source"]  # fmt: skip
    assert [wait_for_end(queue_settings, dispatcher.start(open_source(address, settings=queue_settings))).unchanged
            for address in addresses] == [1, 2, 1], "a second reading changes nothing"  # fmt: skip


def texts_of(entry: dict[str, Any]) -> set[tuple[str, str]]:
    return {(text["kind"], text["text"]) for text in entry["texts"]}


def test_a_job_says_what_it_left_out(
    tmp_path: Path, queue_settings: Settings, client: OpenSearch, start_worker: StartWorker
) -> None:
    start_worker()
    write_all(
        tmp_path / "in", {"a.png": png(1), "a.json": b'{"date": "in May"}', "@eaDir/a.png/SYNOPHOTO_THUMB_XL.jpg": png(2)}
    )
    write_all(tmp_path / "in", {"notes.doc": b"words", "#recycle/b.png": png(3), "#recycle/c.png": png(4)})
    progress = wait_for_end(queue_settings, Dispatcher(Context(queue_settings)).start(
        open_source(str(tmp_path / "in"), settings=queue_settings)))  # fmt: skip
    assert (progress.state, progress.discovered, progress.indexed, progress.skipped) == ("done", 1, 1, 4)
    assert [str(one) for one in progress.left_out] == [
        "files in thumbnails and bins of a NAS: 3 (#recycle/, @eaDir/)",
        "values and files beside pictures that were not understood: 1 (a.png: a.json: date 'in May' is not "
        "understood (a date is e.g. 2024-05-17, or 2024-05-17T10:20:30+02:00); kept as a facet)",
        "files that are no pictures: 1 (notes.doc)",
    ]  # fmt: skip
    assert len(documents(client, queue_settings)) == 1
