"""Dispatch: from a source to batches in the queue."""

import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from kombu.exceptions import OperationalError
from redis import Redis
from redis.exceptions import RedisError

from engine.broker import connect_redis
from engine.client import connect
from engine.errors import EngineUnavailable
from engine.settings import Settings
from engine.store import Store
from ingest.batch_progress import refuse_entry
from ingest.batches import Batch
from ingest.item import Item
from ingest.jobs import Jobs
from ingest.quarantine import Entry, Quarantine
from ingest.sources import Refusal, Source
from ingest.sources.folder import name_snippet
from workers.app import BULK, INTERACTIVE, JOB_HEADER, key_prefix, make_app
from workers.ledger import Ledger

QUEUE_POLL_SECONDS = 0.2  # seconds between two looks at a full queue
PATIENCE = 60  # seconds for which a reader waits for a Redis that is away
HEARTBEAT_SECONDS = 5.0  # seconds between two signs of life
UPLOAD, RETRY = "upload", "retry"
ProcessBatch = Callable[[Batch], Batch | None]


def start(source: Source, settings: Settings, queue: str = BULK) -> str:
    """Read the source here and send its pictures to the workers; the job's id.

    Returns when the source is read; workers may still be looking. EngineUnavailable, BadSource.
    """
    job_id = create(source.spec, source.collection, settings)
    read(job_id, source, settings, queue=queue)
    return job_id


def create(source: str, collection: str, settings: Settings, queue: str = "") -> str:
    """A job that waits for `read`; `queue` where a worker of that queue will do it."""
    with _reachable():
        return _jobs(settings).create(source, collection, queue)


def read(
    job_id: str,
    source: Source,
    settings: Settings,
    *,
    queue: str = BULK,
    only: Collection[str] | None = None,
    process: ProcessBatch | None = None,
) -> None:
    """Read the source for the job, here; a source that breaks ends the job as failed and raises.

    While the queue is full the reader waits, or looks at a batch itself where it can: `process` gives back what is left
    for the queue. A worker must not wait, for all of them could be reading.
    """
    try:
        with _reachable():
            _Sender(job_id, settings, queue, source.origin(), process).send(source.items(only), source)
    except Exception as error:
        with _reachable():
            _jobs(settings).fail(job_id, str(error))
        raise


def request(spec: str, collection: str, settings: Settings, columns: dict[str, str] | None = None) -> str:
    """Let a worker read the source: the job's id, at once. The worker must see the same files."""
    job_id = create(spec, collection or spec.rstrip("/").rpartition("/")[2], settings, INTERACTIVE)
    origin = {"spec": spec, "collection": collection, "columns": columns or {}}
    _send(settings, "omma.ingest", [job_id, origin], INTERACTIVE)
    return job_id


def start_uploads(pictures: Iterable[tuple[str, bytes]], collection: str, settings: Settings) -> str:
    """Ingest pictures sent by name: they are put into the store here and looked at before bulk work; the job's id."""
    store, collection = Store(settings), collection or UPLOAD
    items = (
        Item(UPLOAD, name, collection, original=store.put_original(data), snippets=name_snippet(name))
        for name, data in pictures
    )
    return _start_items(items, UPLOAD, collection, settings, INTERACTIVE)


def retry(entries: Sequence[Entry], settings: Settings) -> list[str]:
    """Try what is in quarantine again: the jobs' ids.

    What the queue carried goes there again; what its source could not read is read again, where it is still there.
    """
    carried = [Item.from_json(entry.item) for entry in entries if entry.item]
    jobs = []
    if carried:
        items = [Item.from_json(i.as_json() | {"original": ""}) if i.address else i for i in carried]
        jobs.append(_start_items(items, RETRY, _common({i.collection for i in items}), settings, INTERACTIVE))
    for origin, references in _by_origin(entry for entry in entries if not entry.item and entry.origin):
        jobs.append(create(origin["spec"], origin["collection"], settings, INTERACTIVE))
        _send(settings, "omma.ingest", [jobs[-1], origin, references], INTERACTIVE)
    return jobs


def queue_lengths(settings: Settings) -> dict[str, int]:
    """Tasks that wait, by queue."""
    with _reachable():
        redis = connect_redis(settings)
        return {name: _length(redis, settings, name) for name in (INTERACTIVE, BULK)}


class _Sender:
    """Sends one run of a job."""

    def __init__(
        self,
        job_id: str,
        settings: Settings,
        queue: str,
        origin: dict[str, Any] | None = None,
        process: ProcessBatch | None = None,
    ) -> None:
        self._process = process
        self._job, self._settings, self._queue, self._origin = job_id, settings, queue, origin
        self._redis = connect_redis(settings, PATIENCE)
        self._jobs = Jobs(self._redis, settings.index_prefix)
        self._quarantine = Quarantine(connect(settings), settings)
        self._app = make_app(settings)
        self._ledger = Ledger(self._redis, settings)
        self._ledger.clear(job_id)
        self._run = self._jobs.begin(job_id, queue)

    def send(self, items: Iterable[Item | Refusal], source: Source | None = None) -> None:
        """Number everything, quarantine refusals, send the rest in batches."""
        number, batch = 0, []
        with self._alive():
            for number, item in enumerate(items, start=1):
                if isinstance(item, Refusal):
                    self._refuse(number, item, source)
                else:
                    batch.append((number, item))
                if len(batch) == self._settings.batch_size:
                    self._put(batch)
                    batch = []
                    self._jobs.beat(self._job, discovered=number, skipped=source.skipped if source else 0)
            if batch:
                self._put(batch)
        self._jobs.read(self._job, discovered=number, skipped=source.skipped if source else 0)

    def _put(self, items: list[tuple[int, Item]]) -> None:
        """Wait for room in the queue, then send: a source is read no faster than it is looked at."""
        batch: Batch | None = Batch(self._job, self._run, tuple(items), self._origin)
        if self._full() and self._process and batch:
            batch = self._process(batch)
        while self._full() and not self._process:
            time.sleep(QUEUE_POLL_SECONDS)
        if batch:
            self._ledger.send(self._app, batch, self._queue)

    def _full(self) -> bool:
        return _length(self._redis, self._settings, self._queue) >= self._settings.queue_length

    def _refuse(self, number: int, refusal: Refusal, source: Source | None) -> None:
        name, collection = (source.spec, source.collection) if source else ("", "")
        where = (name, refusal.reference, collection, refusal.reason, refusal.message)
        refuse_entry(self._jobs, self._quarantine, Entry(*where, job=self._job, origin=self._origin), self._run, number)

    @contextmanager
    def _alive(self) -> Iterator[None]:
        """Show signs of life while this process lives, however long one file or one batch takes."""
        over = threading.Event()

        def beat() -> None:
            while not over.wait(HEARTBEAT_SECONDS):
                with suppress(RedisError):  # the next one may get through
                    self._jobs.beat(self._job)

        thread = threading.Thread(target=beat, name=f"job-{self._job}", daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()


def _start_items(items: Iterable[Item], source: str, collection: str, settings: Settings, queue: str) -> str:
    job_id = create(source, collection, settings)
    with _reachable():
        _Sender(job_id, settings, queue).send(items)
    return job_id


def _send(settings: Settings, task: str, arguments: list[Any], queue: str) -> None:
    """Send a task whose first argument is the job that it belongs to."""
    with _reachable():
        make_app(settings).send_task(task, args=arguments, queue=queue, headers={JOB_HEADER: arguments[0]})


def _by_origin(entries: Iterable[Entry]) -> Iterator[tuple[dict[str, Any], list[str]]]:
    """References by the source that they come from."""
    found: dict[str, tuple[dict[str, Any], list[str]]] = {}
    for entry in entries:
        origin = entry.origin or {}
        found.setdefault(repr(sorted(origin.items())), (origin, []))[1].append(entry.reference)
    yield from found.values()


def _common(names: set[str]) -> str:
    return names.pop() if len(names) == 1 else ""


def _length(redis: "Redis", settings: Settings, queue: str) -> int:
    return int(redis.llen(key_prefix(settings) + queue))


def _jobs(settings: Settings) -> Jobs:
    return Jobs(connect_redis(settings), settings.index_prefix)


@contextmanager
def _reachable() -> Iterator[None]:
    """Turn a Redis that is away into EngineUnavailable."""
    try:
        yield
    except (RedisError, OperationalError) as error:
        raise EngineUnavailable(f"Redis cannot be reached ({error}); see `omma status`") from error
