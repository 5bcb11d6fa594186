"""Real workers in processes of their own; everything that they leave behind is removed."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from opensearchpy import OpenSearch
from opensearchpy.exceptions import NotFoundError

from engine.connections import connect, connect_redis
from engine.settings import Settings
from ingest.jobs import Jobs, Progress
from mappings.versions import alias

ROOT = Path(__file__).resolve().parents[2]
NAMES = (
    "home",
    "opensearch_url",
    "redis_url",
    "index_prefix",
    "store_url",
    "batch_size",
    "task_visibility",
    "task_retries",
    "fetch_private",
    "fetch_timeout",
    "queue_length",
    "max_pixels",
)
StartWorker = Callable[..., subprocess.Popen[bytes]]


@pytest.fixture()
def visibility() -> int:
    """Seconds after which a message goes to another worker, even if its worker lives."""
    return 3


@pytest.fixture()
def queue_settings(live_settings: Settings, visibility: int) -> Iterator[Settings]:
    """Settings for small batches and impatient queues; everything made under them is removed."""
    changes = {"batch_size": 4, "task_visibility": visibility, "task_retries": 1, "fetch_private": True}
    made = live_settings.model_copy(update=changes)
    yield made
    client, redis = connect(made), connect_redis(made)
    for index in client.indices.get(index=f"{made.index_prefix}-*"):  # servers refuse to delete by wildcard
        client.indices.delete(index=index)
    with contextlib.suppress(NotFoundError):
        client.indices.delete_index_template(name=alias(made))
    for key in redis.scan_iter(f"{made.index_prefix}:*"):
        redis.delete(key)


@pytest.fixture()
def client(queue_settings: Settings) -> OpenSearch:
    return connect(queue_settings)


@pytest.fixture()
def start_worker(queue_settings: Settings, tmp_path: Path) -> Iterator[StartWorker]:
    """Start a worker: `start_worker(processes=2, TEST_SECONDS="0.5")`; each has a name of its own unless one is given.

    `beat` runs the periodic tasks in it, too, as the service of that name does.
    """
    started: list[subprocess.Popen[bytes]] = []

    def start(
        processes: int = 1, app: str = "tests.workers.worker_app", name: str = "", *, beat: bool = False, **environment: str
    ) -> subprocess.Popen[bytes]:
        number = len(started)
        command = [sys.executable, "-m", "celery", "-A", app, "worker", "-c", str(processes), "-l", "info"]
        command += ["-n", f"{name or f'w{number}'}@%h", "--without-gossip", "--without-mingle"]
        command += ["-B", "-s", str(tmp_path / f"beat-{number}")] if beat else []
        variables = {f"OMMA_{name.upper()}": str(getattr(queue_settings, name)) for name in NAMES}
        variables |= environment | {"OMMA_WORKER_CONCURRENCY": str(processes)}
        with (tmp_path / f"worker-{number}.log").open("wb") as log:
            worker = subprocess.Popen(
                command, cwd=ROOT, env=os.environ | variables, stdout=log, stderr=log, start_new_session=True
            )
        started.append(worker)
        return worker

    yield start
    for worker in started:
        kill_group(worker)


def kill_group(worker: subprocess.Popen[bytes]) -> None:
    """SIGKILL to the worker and all its processes at once, as a machine that loses power."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(worker.pid, signal.SIGKILL)
    worker.wait()


def children(worker: subprocess.Popen[bytes]) -> list[int]:
    """The pool processes of a worker."""
    path = Path(f"/proc/{worker.pid}/task/{worker.pid}/children")
    return [int(pid) for pid in path.read_text().split()]


def wait_for(condition: Callable[[], Any], name: str, seconds: float = 60) -> Any:
    """The first true value of the condition."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = condition()
        if found:
            return found
        time.sleep(0.1)
    raise AssertionError(f"{name} did not happen within {seconds} s")


def wait_for_end(settings: Settings, job: str, seconds: float = 60) -> Progress:
    """The job once it has ended."""
    jobs = Jobs(connect_redis(settings), settings.index_prefix)
    try:
        wait_for(lambda: jobs.progress(job).ended, f"the end of job {job}", seconds)
    except AssertionError as error:
        raise AssertionError(f"{error}: {jobs.progress(job)}") from error
    return jobs.progress(job)


def documents(client: OpenSearch, settings: Settings) -> dict[str, dict[str, Any]]:
    """Every document by id."""
    client.indices.refresh(index=alias(settings))
    hits = client.search(index=alias(settings), body={"size": 1000, "query": {"match_all": {}}})["hits"]["hits"]
    return {hit["_id"]: hit["_source"] for hit in hits}
