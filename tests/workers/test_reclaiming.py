"""Messages of a dead worker or a lost connection go on at once, although the time limit for unacknowledged ones is 900 s.

Each test ends within seconds only because leases are reclaimed. The Redis is the test's own: it is restarted with its data.
"""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from opensearchpy import OpenSearch

from engine.connections import Context, connect, connect_redis
from engine.leases import LEASE_SECONDS, Lease
from engine.settings import Settings
from ingest.jobs import Jobs, Progress
from ingest.sources import open_source
from tests.conftest import free_port, wait_for_redis
from tests.ingest.pictures import png, write_all
from tests.workers.conftest import StartWorker, documents, kill_group, wait_for, wait_for_end
from workers.celery_config import BULK, make_app
from workers.dispatch import Dispatcher
from workers.ledger import resend

pytestmark = [pytest.mark.queue, pytest.mark.engine]
COUNT = 24


class RestartableRedis:
    """A Redis that keeps its data in a file, as the real service does."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.port = free_port()
        binary = shutil.which("redis-server") or pytest.fail("redis-server is missing")
        options = {"port": self.port, "bind": "127.0.0.1", "dir": folder, "appendonly": "yes", "save": ""}
        self._command = [binary, *(part for name, value in options.items() for part in (f"--{name}", str(value)))]
        self.start()

    def start(self) -> None:
        self._process = subprocess.Popen(self._command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for_redis(self.port)

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        self._process.send_signal(how)
        self._process.wait()


@pytest.fixture()
def server(tmp_path: Path) -> Iterator[RestartableRedis]:
    made = RestartableRedis(tmp_path / "redis")
    yield made
    made.stop(signal.SIGKILL)


@pytest.fixture()
def redis_url(server: RestartableRedis) -> str:
    return f"redis://127.0.0.1:{server.port}/0"


@pytest.fixture()
def visibility() -> int:
    return 900


@pytest.fixture()
def job(tmp_path: Path, queue_settings: Settings) -> str:
    write_all(tmp_path / "pictures", {f"{n:02d}.png": png(n) for n in range(COUNT)})
    return Dispatcher(Context(queue_settings)).start(open_source(str(tmp_path / "pictures"), settings=queue_settings))


def progress_of(job: str, settings: Settings) -> Progress:
    return Jobs(connect_redis(settings), settings.index_prefix).progress(job)


def wait_for_some(job: str, settings: Settings) -> None:
    wait_for(lambda: progress_of(job, settings).done, "the first batch")
    assert progress_of(job, settings).done < COUNT


def check_every_item_is_counted_once(client: OpenSearch, settings: Settings, job: str) -> None:
    progress = wait_for_end(settings, job)
    assert (progress.state, progress.discovered, progress.indexed) == ("done", COUNT, COUNT)
    assert (progress.unchanged, progress.quarantined, progress.waiting_for) == (0, 0, "")
    assert len(documents(client, settings)) == COUNT


@pytest.mark.parametrize("successor", ["first", "second"])
def test_messages_of_a_killed_worker_go_to_the_next_worker_of_any_name(
    job: str, queue_settings: Settings, client: OpenSearch, start_worker: StartWorker, successor: str
) -> None:
    nobody = progress_of(job, queue_settings)
    assert "none is running" in nobody.waiting_for and "omma up" in nobody.waiting_for and nobody.waiting_until is None
    worker = start_worker(processes=2, name="first", TEST_SECONDS="0.5")
    wait_for_some(job, queue_settings)
    assert progress_of(job, queue_settings).waiting_for == ""
    kill_group(worker)
    start_worker(processes=2, name=successor, beat=True)
    waiting = wait_for(
        lambda: (found := progress_of(job, queue_settings)).waiting_for.startswith(("a batch", "2 batches")) and found,
        "a notice",
    )
    assert "held by first@" in waiting.waiting_for and waiting.waiting_until is not None
    check_every_item_is_counted_once(client, queue_settings, job)


@pytest.mark.parametrize("server_ends_by", [signal.SIGTERM, signal.SIGKILL], ids=["stopped", "killed"])
def test_a_worker_goes_on_by_itself_after_redis_was_restarted(
    job: str, queue_settings: Settings, start_worker: StartWorker, server: RestartableRedis, server_ends_by: signal.Signals
) -> None:
    """A message that Redis had handed out and not yet noted as delivered is sent again by the periodic task."""
    worker = start_worker(processes=2, beat=True, TEST_SECONDS="0.5")
    wait_for_some(job, queue_settings)
    server.stop(server_ends_by)
    server.start()
    check_every_item_is_counted_once(connect(queue_settings), queue_settings, job)
    assert worker.poll() is None, "the same worker finished the job"


def test_a_worker_goes_on_by_itself_after_its_connections_were_cut(
    job: str, queue_settings: Settings, client: OpenSearch, start_worker: StartWorker
) -> None:
    worker = start_worker(processes=2, beat=True, TEST_SECONDS="0.5")
    wait_for_some(job, queue_settings)
    redis = connect_redis(queue_settings)
    for kind in ("normal", "pubsub"):
        redis.client_kill_filter(_type=kind, skipme=True)
    check_every_item_is_counted_once(client, queue_settings, job)
    assert worker.poll() is None


def test_a_source_is_read_to_its_end_although_redis_is_restarted_meanwhile(
    tmp_path: Path, queue_settings: Settings, client: OpenSearch, start_worker: StartWorker, server: RestartableRedis
) -> None:
    """The queue holds two batches, so the reader waits for the worker, and is in the middle of the source."""
    settings = queue_settings.model_copy(update={"queue_length": 2})
    write_all(tmp_path / "pictures", {f"{n:02d}.png": png(n) for n in range(COUNT)})
    start_worker(processes=2, beat=True, TEST_SECONDS="0.5")
    job = Dispatcher(Context(settings)).request(str(tmp_path / "pictures"), "")
    wait_for_some(job, settings)
    server.stop()
    server.start()
    check_every_item_is_counted_once(client, settings, job)


def test_a_living_worker_keeps_a_batch_that_takes_longer_than_a_lease(
    tmp_path: Path, queue_settings: Settings, start_worker: StartWorker
) -> None:
    slow = start_worker(TEST_SECONDS=str(LEASE_SECONDS + 10))
    write_all(tmp_path / "pictures", {f"{n}.png": png(n) for n in range(4)})
    job = Dispatcher(Context(queue_settings)).start(open_source(str(tmp_path / "pictures"), settings=queue_settings))
    wait_for(lambda: connect_redis(queue_settings).hlen(f"{queue_settings.index_prefix}:holders"), "the slow worker")
    start_worker()
    progress = wait_for_end(queue_settings, job, 90)
    assert (progress.indexed, progress.extracted) == (4, 4), "only one worker extracted their features"
    assert slow.poll() is None


def test_a_worker_that_hangs_loses_its_batches(job: str, queue_settings: Settings, start_worker: StartWorker) -> None:
    """A worker that hangs as a whole, here stopped by a signal, loses its batches; waking up, it changes nothing."""
    hung = start_worker(TEST_SECONDS="1")
    wait_for_some(job, queue_settings)
    os.killpg(hung.pid, signal.SIGSTOP)
    start_worker(beat=True)
    ended = wait_for_end(queue_settings, job)
    os.killpg(hung.pid, signal.SIGCONT)
    assert (ended.indexed, ended.unchanged, ended.quarantined) == (COUNT, 0, 0)


def test_each_message_of_a_dead_worker_is_claimed_by_one_other(queue_settings: Settings) -> None:
    redis, prefix = connect_redis(queue_settings), f"{queue_settings.index_prefix}:"
    dead, *living = (Lease(redis, prefix, name) for name in ("dead", "one", "two"))
    for lease in (dead, *living):
        lease.begin(["bulk"])
    for number in range(10):
        dead.hold(f"tag-{number}", "job")
    living[0].hold("tag-of-one", "job")
    assert [lease.claim() for lease in living] == [[], []], "all of them live"
    dead.drop()
    claimed = [lease.claim() for lease in living]
    assert sorted(map(len, claimed)) == [0, 10] and "tag-of-one" not in [tag for tags in claimed for tag in tags]
    for lease in living:
        lease.drop()


def test_a_batch_whose_message_was_lost_is_sent_again(
    job: str, queue_settings: Settings, client: OpenSearch, start_worker: StartWorker
) -> None:
    redis, prefix = connect_redis(queue_settings), f"{queue_settings.index_prefix}:"
    assert redis.rpop(prefix + BULK), "popped, and its worker dies before it notes that"
    app = make_app(queue_settings)
    assert [resend(app, queue_settings) for _ in range(3)] == [0, 0, 0], "the queue has other messages of the job"
    start_worker(processes=2)
    wait_for(lambda: progress_of(job, queue_settings).done == COUNT - queue_settings.batch_size, "the others")
    wait_for(lambda: not redis.hlen(prefix + "holders"), "the last acknowledgement")
    assert resend(app, queue_settings) == 0, "it may be on its way"
    assert "neither a queue nor a worker" in progress_of(job, queue_settings).waiting_for
    assert resend(app, queue_settings) == 1
    check_every_item_is_counted_once(client, queue_settings, job)
    assert [resend(app, queue_settings) for _ in range(3)] == [0, 0, 0], "nothing is left to send"
