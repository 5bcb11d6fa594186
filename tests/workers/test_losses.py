"""Killed workers, poisoned pictures, failing models, broken addresses: nothing is lost, nothing is done twice."""

import hashlib
import os
import signal
import threading
from collections.abc import Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from opensearchpy import OpenSearch

from engine.connections import Context, connect_redis
from engine.settings import Settings
from ingest.jobs import Jobs
from ingest.quarantine import Quarantine
from ingest.sources import open_source
from tests.ingest.pictures import png, write_all
from tests.workers.conftest import StartWorker, children, documents, kill_group, wait_for, wait_for_end
from workers.dispatch import Dispatcher

pytestmark = [pytest.mark.queue, pytest.mark.engine]
COUNT = 24


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.fixture()
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "pictures"
    write_all(made, {f"{n:02d}.png": png(n) for n in range(COUNT)})
    return made


def has_done(jobs: Jobs, job: str, number: int) -> bool:
    return jobs.progress(job).done >= number


def start(folder: Path, settings: Settings) -> str:
    return Dispatcher(Context(settings)).start(open_source(str(folder), settings=settings))


def check_everything_is_there_once(client: OpenSearch, settings: Settings, job: str) -> None:
    progress = wait_for_end(settings, job)
    assert (progress.state, progress.discovered, progress.indexed) == ("done", COUNT, COUNT)
    assert (progress.unchanged, progress.quarantined) == (0, 0)
    found = documents(client, settings)
    assert set(found) == {sha(png(n)) for n in range(COUNT)}
    assert all(len(document["sources"]) == 1 for document in found.values())


def test_a_process_that_dies_while_it_extracts_loses_nothing(
    folder: Path, queue_settings: Settings, client: OpenSearch, start_worker: StartWorker, tmp_path: Path
) -> None:
    marker = tmp_path / "die"
    marker.touch()
    start_worker(TEST_DIE_ONCE=str(marker))
    job = start(folder, queue_settings)
    check_everything_is_there_once(client, queue_settings, job)
    assert not marker.exists(), "a process died"


def test_processes_killed_at_any_moment_lose_nothing(
    folder: Path, queue_settings: Settings, client: OpenSearch, start_worker: StartWorker
) -> None:
    worker = start_worker(processes=2, TEST_SECONDS="0.4")
    jobs = Jobs(connect_redis(queue_settings), queue_settings.index_prefix)
    job = start(folder, queue_settings)
    for reached in (1, COUNT // 2):
        wait_for(partial(has_done, jobs, job, reached), f"{reached} done")
        for child in children(worker):
            os.kill(child, signal.SIGKILL)
    check_everything_is_there_once(client, queue_settings, job)


def test_a_whole_worker_killed_loses_nothing(
    folder: Path, queue_settings: Settings, client: OpenSearch, start_worker: StartWorker
) -> None:
    worker = start_worker(processes=2, TEST_SECONDS="0.4")
    jobs = Jobs(connect_redis(queue_settings), queue_settings.index_prefix)
    job = start(folder, queue_settings)
    wait_for(lambda: jobs.progress(job).done, "the first batch")
    kill_group(worker)
    left = jobs.progress(job)
    assert left.state == "running" and left.done < COUNT
    start_worker(processes=2)
    check_everything_is_there_once(client, queue_settings, job)


def test_a_picture_that_kills_every_process_goes_to_quarantine_alone(
    folder: Path, queue_settings: Settings, client: OpenSearch, start_worker: StartWorker
) -> None:
    start_worker(TEST_POISON=sha(png(5)))
    progress = wait_for_end(queue_settings, start(folder, queue_settings))
    assert (progress.indexed, progress.quarantined) == (COUNT - 1, 1)
    [entry] = Quarantine(client, queue_settings).list()[1]
    assert (entry.reference, entry.reason, entry.original) == ("05.png", "worker-lost", sha(png(5)))


def test_a_picture_that_breaks_the_model_goes_to_quarantine_alone(
    folder: Path, queue_settings: Settings, client: OpenSearch, start_worker: StartWorker
) -> None:
    start_worker(TEST_FAILS=sha(png(6)))
    progress = wait_for_end(queue_settings, start(folder, queue_settings))
    assert (progress.indexed, progress.quarantined) == (COUNT - 1, 1)
    [entry] = Quarantine(client, queue_settings).list()[1]
    assert (entry.reference, entry.reason) == ("06.png", "failed") and "breaks the model" in entry.message


def test_a_reader_that_was_killed_is_replaced_and_everything_counts_once(
    folder: Path, queue_settings: Settings, client: OpenSearch, start_worker: StartWorker
) -> None:
    """A first reader that was cut off has sent some batches; only those of the second count."""
    jobs = Jobs(connect_redis(queue_settings), queue_settings.index_prefix)
    source = open_source(str(folder), settings=queue_settings)
    dispatcher = Dispatcher(Context(queue_settings))
    job = dispatcher.create(source.spec, source.collection)
    dispatcher.read(job, source)
    dispatcher.read(job, open_source(str(folder), settings=queue_settings))
    start_worker(processes=2)
    check_everything_is_there_once(client, queue_settings, job)
    assert jobs.progress(job).extracted == COUNT


class Flaky(BaseHTTPRequestHandler):
    """`/flaky` works at the second try, `/gone` never."""

    tries = 0

    def do_GET(self) -> None:
        Flaky.tries += self.path == "/flaky.png"
        fails = self.path == "/gone.png" or (self.path == "/flaky.png" and Flaky.tries == 1)
        self.send_response(503 if fails else 200)
        self.send_header("Content-Type", "image/png")
        self.end_headers()
        self.wfile.write(b"" if fails else png(40))

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture()
def server() -> Iterator[str]:
    Flaky.tries = 0
    with ThreadingHTTPServer(("127.0.0.1", 0), Flaky) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()


def test_addresses_that_fail_for_now_are_tried_again_and_no_others(
    tmp_path: Path, queue_settings: Settings, client: OpenSearch, start_worker: StartWorker, server: str
) -> None:
    start_worker()
    write_all(tmp_path, {"ok.png": png(1)})
    rows = ["image,title", "ok.png,One", f"{server}/flaky.png,Two", f"{server}/gone.png,Three"]
    (tmp_path / "feed.csv").write_text("\n".join(rows))
    progress = wait_for_end(queue_settings, start(tmp_path / "feed.csv", queue_settings))
    assert (progress.indexed, progress.quarantined, progress.extracted) == (2, 1, 2)
    assert {document["title"] for document in documents(client, queue_settings).values()} == {"One", "Two"}
    [entry] = Quarantine(client, queue_settings).list()[1]
    assert (entry.reference, entry.reason) == (f"{server}/gone.png", "http-503")
