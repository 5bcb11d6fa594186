"""Sending the items of a job to the workers, in batches, no faster than they are processed."""

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from celery import Celery
from redis import Redis
from redis.exceptions import RedisError

from engine.settings import Settings
from ingest.batch_progress import refuse_entry
from ingest.batches import Batch
from ingest.item import Item, Refusal
from ingest.jobs import Jobs
from ingest.omissions import NOT_UNDERSTOOD, Omissions
from ingest.quarantine import Entry, Quarantine
from ingest.sources import Source
from workers.celery_config import key_prefix
from workers.ledger import Ledger

QUEUE_POLL_SECONDS = 0.2  # between two checks of a full queue
HEARTBEAT_SECONDS = 5.0  # between two signs that the reader of a source is alive
ProcessBatch = Callable[[Batch], Batch | None]  # returns the items that are left for the queue


@dataclass(frozen=True)
class Route:
    """Where items go: to the queues of an application, or to quarantine.

    `process` takes a batch while the queue is full; without it, the sender waits. `redis` is patient: a source that is read to
    the half would be read again.
    """

    app: Celery
    redis: Redis
    quarantine: Quarantine
    settings: Settings
    process: ProcessBatch | None = None


class Sender:
    """Sends the items of one run of a job in batches."""

    def __init__(self, route: Route, job_id: str, queue: str, origin: dict[str, Any] | None = None) -> None:
        """Begins the run. `origin`: how to open the source again."""
        self._app, self._redis, self._quarantine, self._settings, self._process = (
            route.app, route.redis, route.quarantine, route.settings, route.process,
        )  # fmt: skip
        self._job, self._queue, self._origin = job_id, queue, origin
        self._jobs = Jobs(self._redis, self._settings.index_prefix)
        self._ledger = Ledger(self._redis, self._settings)
        self._ledger.clear(job_id)
        self._run = self._jobs.begin(job_id, queue)

    def send(self, items: Iterable[Item | Refusal], source: Source | None = None) -> None:
        """Number items and refusals, put refusals into quarantine, send the items in batches."""
        number, batch = 0, []
        left_out = source.left_out if source else Omissions()
        with self._heartbeat():
            for number, item in enumerate(items, start=1):
                if isinstance(item, Refusal):
                    self._refuse(number, item, source)
                else:
                    for note in item.notes:
                        left_out.add(NOT_UNDERSTOOD, f"{item.reference}: {note}")
                    batch.append((number, item))
                if len(batch) == self._settings.batch_size:
                    self._put(batch)
                    batch = []
                    self._jobs.beat(self._job, discovered=number, skipped=source.skipped if source else 0, left_out=left_out)
            if batch:
                self._put(batch)
        self._jobs.read(self._job, discovered=number, skipped=source.skipped if source else 0, left_out=left_out)

    def _put(self, items: list[tuple[int, Item]]) -> None:
        """Wait for room in the queue, then send, so that a source is read no faster than its images are processed."""
        batch: Batch | None = Batch(self._job, self._run, tuple(items), self._origin)
        if self._full() and self._process and batch:
            batch = self._process(batch)
        while self._full() and not self._process:
            time.sleep(QUEUE_POLL_SECONDS)
        if batch:
            self._ledger.send(self._app, batch, self._queue)

    def _full(self) -> bool:
        return queue_length(self._redis, self._settings, self._queue) >= self._settings.queue_length

    def _refuse(self, number: int, refusal: Refusal, source: Source | None) -> None:
        name, collection = (source.spec, source.collection) if source else ("", "")
        where = (name, refusal.reference, collection, refusal.reason, refusal.message)
        refuse_entry(self._jobs, self._quarantine, Entry(*where, job=self._job, origin=self._origin), self._run, number)

    @contextmanager
    def _heartbeat(self) -> Iterator[None]:
        """Report that this process is alive, however long one file or one batch takes."""
        ended = threading.Event()

        def beat() -> None:
            while not ended.wait(HEARTBEAT_SECONDS):
                with suppress(RedisError):  # the next one may get through
                    self._jobs.beat(self._job)

        thread = threading.Thread(target=beat, name=f"job-{self._job}", daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()


def queue_length(redis: Redis, settings: Settings, queue: str) -> int:
    """Number of messages that wait in a queue. RedisError."""
    return int(redis.llen(key_prefix(settings) + queue))
