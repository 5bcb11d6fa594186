"""Dispatch: sources are read, and their images sent to the workers in batches."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import Any

from celery import Celery
from kombu.exceptions import OperationalError
from redis import Redis
from redis.exceptions import RedisError

from engine.connections import Context, connect_redis
from engine.errors import EngineUnavailable
from ingest.delete import drop_entries
from ingest.item import Item
from ingest.jobs import Jobs
from ingest.quarantine import Entry, Quarantine
from ingest.snippet_encoder import SnippetEncoder
from ingest.sources import Refusal, Source
from ingest.sources.files import selection
from ingest.sources.folder import name_snippet
from ingest.views import with_views
from ingest.withdrawal import Missing, Places, Withdrawal
from workers.celery_config import BULK, INTERACTIVE, JOB_HEADER, make_app
from workers.sending import ProcessBatch, Route, Sender, queue_length

REDIS_PATIENCE = 60  # seconds for which a reader waits for a Redis that is away
UPLOAD, RETRY = "upload", "retry"  # the sources of jobs without a source


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
        places: Places | None = None,
        process: ProcessBatch | None = None,
        keep_missing: bool = False,
        force: bool = False,
    ) -> None:
        """Read the source for the job in this process; an error of the source ends the job as failed, and is raised.

        While the queue is full the reader waits, or processes a batch itself where `process` is given, as a worker must.
        What a source that is a state no longer has is withdrawn, unless `keep_missing`. BadSource where that is too much
        (`Withdrawal`); `force` withdraws even then, and what may be among parts that cannot be read. With `only`, a reader that
        keeps the `places` of its source (they are brought up to date) withdraws what is gone of those; others withdraw nothing.
        """
        try:
            with _reachable():
                follows = source.is_state and not keep_missing and (only is None or places is not None)
                items = self._following(job_id, source, only, places, force=force) if follows else source.items(only)
                items = self._clearing(items, source, only) if source.is_state else items
                Sender(self._route(process), job_id, queue, source.origin()).send(items, source)
        except Exception as error:
            with _reachable():
                self.jobs.fail(job_id, str(error))
            raise

    def _following(
        self, job_id: str, source: Source, only: Collection[str] | None, places: Places | None, *, force: bool
    ) -> Iterator[Item | Refusal]:
        """The items of a source that is a state; then what it no longer has is withdrawn. BadSource where that is too much."""
        client, settings = self._context.client, self._settings
        places = places or Places.of(client, settings, source)
        withdrawal = Withdrawal(source, places.by_image(only), set(source.references()), force)
        if only is None:
            withdrawal.check()
        yield from withdrawal.passing(source.items(only))
        gone = withdrawal.withdraw(client, settings, self._snippet_encoder)
        places.update(withdrawal.passed, gone | withdrawal.lacking - withdrawal.kept)
        self.jobs.count_withdrawn(job_id, len(gone))
        if withdrawal.kept:
            why = f"{source.unreadable} parts cannot be read; --force withdraws them"
            source.left_out.add("pictures that the source lacks, and that are kept", why, len(withdrawal.kept))

    def _clearing(
        self, items: Iterable[Item | Refusal], source: Source, only: Collection[str] | None
    ) -> Iterator[Item | Refusal]:
        """The items; then entries of the quarantine that the reading no longer has are dropped: they are gone or mended."""
        passed, is_selected = set(), selection(only)
        for item in items:
            passed.add(item.reference)
            yield item
        entries = self.quarantine.all(collection=source.collection)
        mine = (entry for entry in entries if entry.source == source.spec and is_selected(entry.reference))
        drop_entries(self._context.client, self._settings, [entry.id for entry in mine if entry.reference not in passed])

    def request(self, spec: str, collection: str, columns: dict[str, str] | None = None, missing: Missing = "withdraw") -> str:
        """Let a worker read the source, and return the job's id at once; the worker must see the same files."""
        job_id = self.create(spec, collection or spec.rstrip("/").rpartition("/")[2], INTERACTIVE)
        origin = {"spec": spec, "collection": collection, "columns": columns or {}}
        self._send("omma.ingest", [job_id, origin, None, missing], INTERACTIVE)
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
            return {name: queue_length(self._context.redis, self._settings, name) for name in (INTERACTIVE, BULK)}

    def _start_items(self, items: Iterable[Item | Refusal], source: str, collection: str, queue: str) -> str:
        job_id = self.create(source, collection)
        with _reachable():
            Sender(self._route(), job_id, queue).send(items)
        return job_id

    def _route(self, process: ProcessBatch | None = None) -> Route:
        return Route(self.app, self.patient_redis, self.quarantine, self._settings, process)

    def _send(self, task: str, arguments: list[Any], queue: str) -> None:
        """Send a task whose first argument is the job that it belongs to."""
        with _reachable():
            self.app.send_task(task, args=arguments, queue=queue, headers={JOB_HEADER: arguments[0]})


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


@contextmanager
def _reachable() -> Iterator[None]:
    """Turn an unreachable Redis into EngineUnavailable."""
    try:
        yield
    except (RedisError, OperationalError) as error:
        raise EngineUnavailable(f"Redis cannot be reached ({error}); see `omma status`") from error
