"""Dispatch: sources are read, and their images sent to the workers in batches."""

import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cached_property
from typing import Any

from celery import Celery
from kombu.exceptions import OperationalError
from redis import Redis
from redis.exceptions import RedisError

from engine.connections import Context, connect_redis
from engine.errors import EngineUnavailable
from engine.settings import Settings
from ingest.batch_progress import refuse_entry
from ingest.batches import Batch
from ingest.delete import drop_entries
from ingest.item import Item
from ingest.jobs import Jobs
from ingest.omissions import NOT_UNDERSTOOD, Omissions
from ingest.quarantine import Entry, Quarantine
from ingest.snippet_encoder import SnippetEncoder
from ingest.sources import Refusal, Source
from ingest.sources.folder import name_snippet
from ingest.views import with_views
from ingest.withdrawal import Withdrawal
from workers.celery_config import BULK, INTERACTIVE, JOB_HEADER, key_prefix, make_app
from workers.ledger import Ledger

QUEUE_POLL_SECONDS = 0.2  # between two checks of a full queue
REDIS_PATIENCE = 60  # seconds for which a reader waits for a Redis that is away
HEARTBEAT_SECONDS = 5.0  # between two signs that the reader of a source is alive
UPLOAD, RETRY = "upload", "retry"  # the sources of jobs without a source
ProcessBatch = Callable[[Batch], Batch | None]  # returns the items that are left for the queue


class Dispatcher:
    """Puts work into the queues, over the connections of a context; safe to share between threads."""

    def __init__(self, context: Context, snippet_encoder: SnippetEncoder | None = None) -> None:
        """Connects to nothing by itself. `snippet_encoder` embeds the text that stays where places are withdrawn."""
        self._context, self._settings, self._snippet_encoder = context, context.settings, snippet_encoder

    @cached_property
    def app(self) -> Celery:
        """The Celery application that sends tasks."""
        return make_app(self._settings)

    @cached_property
    def jobs(self) -> Jobs:
        """The jobs of the installation."""
        return Jobs(self._context.redis, self._settings.index_prefix)

    @cached_property
    def quarantine(self) -> Quarantine:
        """The quarantine of the installation."""
        return Quarantine(self._context.client, self._settings)

    @cached_property
    def patient_redis(self) -> Redis:
        """A Redis client that waits for a Redis that is away; without it, a source read to the half would be read again."""
        return connect_redis(self._settings, REDIS_PATIENCE)

    def start(self, source: Source, queue: str = BULK) -> str:
        """Read the source in this process, send its images to the workers, and return the job's id.

        Returns when the source is read; workers may still be processing. EngineUnavailable, BadSource.
        """
        job_id = self.create(source.spec, source.collection)
        self.read(job_id, source, queue=queue)
        return job_id

    def create(self, source: str, collection: str, queue: str = "") -> str:
        """Create a job that waits for `read`, and return its id; `queue`: that of the worker that will read, if one will."""
        with _reachable():
            return self.jobs.create(source, collection, queue)

    def read(
        self,
        job_id: str,
        source: Source,
        *,
        queue: str = BULK,
        only: Collection[str] | None = None,
        process: ProcessBatch | None = None,
        keep_missing: bool = False,
        force: bool = False,
    ) -> None:
        """Read the source for the job in this process; an error of the source ends the job as failed, and is raised.

        While the queue is full the reader waits, or processes a batch itself where `process` is given. A worker must not wait,
        because all workers could be reading.

        What a source that is a state no longer has is withdrawn, unless `keep_missing`. BadSource where that is more than half;
        `force` withdraws even then, and while parts of the source cannot be read.
        """
        try:
            with _reachable():
                follows = source.is_state and only is None and not keep_missing
                items = self._following(job_id, source, force=force) if follows else source.items(only)
                items = self._clearing(items, source, only) if source.is_state else items
                _Sender(self, self._settings, job_id, queue, source.origin(), process).send(items, source)
        except Exception as error:
            with _reachable():
                self.jobs.fail(job_id, str(error))
            raise

    def _following(self, job_id: str, source: Source, *, force: bool) -> Iterator[Item | Refusal]:
        """The items of a source that is a state; then what it no longer has is withdrawn. BadSource where that is too much."""
        withdrawal = Withdrawal.of(self._context.client, self._settings, source, force=force)
        if not force:
            withdrawal.check()
        yield from withdrawal.passing(source.items())
        count = withdrawal.withdraw(self._context.client, self._settings, self._snippet_encoder)
        self.jobs.count_withdrawn(job_id, count)
        if not withdrawal.is_complete and (missing := len(withdrawal.missing)):
            why = f"{source.unreadable} parts cannot be read; --force withdraws them"
            source.left_out.add("pictures that the source lacks, and that are kept", why, missing)

    def _clearing(
        self, items: Iterable[Item | Refusal], source: Source, only: Collection[str] | None
    ) -> Iterator[Item | Refusal]:
        """The items; then entries of the quarantine that the reading no longer has are dropped: they are gone or mended."""
        passed = set()
        for item in items:
            passed.add(item.reference)
            yield item
        entries = self.quarantine.all(collection=source.collection)
        mine = (entry for entry in entries if entry.source == source.spec and (only is None or entry.reference in only))
        drop_entries(self._context.client, self._settings, [entry.id for entry in mine if entry.reference not in passed])

    def request(self, spec: str, collection: str, columns: dict[str, str] | None = None) -> str:
        """Let a worker read the source, and return the job's id at once; the worker must see the same files."""
        job_id = self.create(spec, collection or spec.rstrip("/").rpartition("/")[2], INTERACTIVE)
        origin = {"spec": spec, "collection": collection, "columns": columns or {}}
        self._send("omma.ingest", [job_id, origin], INTERACTIVE)
        return job_id

    def start_uploads(self, images: Iterable[tuple[str, bytes]], collection: str) -> str:
        """Store images given as (name, bytes), send them to the interactive queue, and return the job's id."""
        store, collection = self._context.store, collection or UPLOAD
        items = (
            one
            for name, data in images
            for one in with_views(
                Item(UPLOAD, name, collection, original=store.put_original(data), snippets=name_snippet(name)),
                data, store, self._settings,
            )
        )  # fmt: skip
        return self._start_items(items, UPLOAD, collection, INTERACTIVE)

    def retry(self, entries: Sequence[Entry]) -> list[str]:
        """Try entries of the quarantine again, and return the jobs' ids.

        Entries with an item are sent to the queue again; the others, which their source could not read, are read again.
        """
        items = [_to_retry(Item.from_json(entry.item)) for entry in entries if entry.item]
        jobs = []
        if items:
            jobs.append(self._start_items(items, RETRY, _common({item.collection for item in items}), INTERACTIVE))
        for origin, references in _by_origin(entry for entry in entries if not entry.item and entry.origin):
            jobs.append(self.create(origin["spec"], origin["collection"], INTERACTIVE))
            self._send("omma.ingest", [jobs[-1], origin, references], INTERACTIVE)
        return jobs

    def queue_lengths(self) -> dict[str, int]:
        """Number of waiting tasks, by queue."""
        with _reachable():
            return {name: _queue_length(self._context.redis, self._settings, name) for name in (INTERACTIVE, BULK)}

    def _start_items(self, items: Iterable[Item | Refusal], source: str, collection: str, queue: str) -> str:
        job_id = self.create(source, collection)
        with _reachable():
            _Sender(self, self._settings, job_id, queue).send(items)
        return job_id

    def _send(self, task: str, arguments: list[Any], queue: str) -> None:
        """Send a task whose first argument is the job that it belongs to."""
        with _reachable():
            self.app.send_task(task, args=arguments, queue=queue, headers={JOB_HEADER: arguments[0]})


class _Sender:
    """Sends the items of one run of a job in batches."""

    def __init__(  # noqa: PLR0917  (made in two places of this file)
        self,
        dispatcher: Dispatcher,
        settings: Settings,
        job_id: str,
        queue: str,
        origin: dict[str, Any] | None = None,
        process: ProcessBatch | None = None,
    ) -> None:
        self._process = process
        self._job, self._settings, self._queue, self._origin = job_id, settings, queue, origin
        self._redis, self._app, self._quarantine = dispatcher.patient_redis, dispatcher.app, dispatcher.quarantine
        self._jobs = Jobs(self._redis, settings.index_prefix)
        self._ledger = Ledger(self._redis, settings)
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
        return _queue_length(self._redis, self._settings, self._queue) >= self._settings.queue_length

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


def _to_retry(item: Item) -> Item:
    """The item; one with an address loses its stored bytes, so that it is fetched again."""
    return Item.from_json(item.as_json() | {"original": ""}) if item.address else item


def _by_origin(entries: Iterable[Entry]) -> Iterator[tuple[dict[str, Any], list[str]]]:
    """Origins, each with the references that come from it."""
    found: dict[str, tuple[dict[str, Any], list[str]]] = {}
    for entry in entries:
        origin = entry.origin or {}
        found.setdefault(repr(sorted(origin.items())), (origin, []))[1].append(entry.reference)
    yield from found.values()


def _common(names: set[str]) -> str:
    """The only name; empty where there are several."""
    return names.pop() if len(names) == 1 else ""


def _queue_length(redis: Redis, settings: Settings, queue: str) -> int:
    """Number of messages that wait in a queue. RedisError."""
    return int(redis.llen(key_prefix(settings) + queue))


@contextmanager
def _reachable() -> Iterator[None]:
    """Turn an unreachable Redis into EngineUnavailable."""
    try:
        yield
    except (RedisError, OperationalError) as error:
        raise EngineUnavailable(f"Redis cannot be reached ({error}); see `omma status`") from error
