"""Jobs and quarantine, in the form that the views use."""

from collections.abc import Mapping, Sequence
from typing import IO

from redis.exceptions import RedisError

from engine.context import Context
from engine.errors import EngineUnavailable
from ingest.delete import drop_entries
from ingest.jobs import Progress
from ingest.quarantine import Entry
from web.models import Refused, RefusedList
from workers.dispatch import Dispatcher

MOST_JOBS = 50


class Ingesting:
    """Starts jobs, reports their progress, and reads the quarantine; implements web.services.CanIngest."""

    def __init__(self, context: Context) -> None:
        """Connects to nothing by itself."""
        self._context = context
        self._dispatcher = Dispatcher(context)
        self._jobs, self._quarantine = self._dispatcher.jobs, self._dispatcher.quarantine

    def queue_lengths(self) -> dict[str, int]:
        """Number of waiting tasks, by queue."""
        return self._dispatcher.queue_lengths()

    def start(self, spec: str, collection: str) -> str:
        """Let a worker read the source; the job's id, at once."""
        return self._dispatcher.request(spec, collection)

    def start_uploads(self, pictures: Mapping[str, IO[bytes]], collection: str) -> str:
        """Put the pictures into the store, one after the other, and queue them for the workers; the job's id."""
        read = ((name, file.read()) for name, file in pictures.items())
        return self._dispatcher.start_uploads(read, collection)

    def jobs(self) -> list[Progress]:
        """The latest jobs, latest first."""
        try:
            return self._jobs.list(MOST_JOBS)
        except RedisError as error:
            raise _away(error) from error

    def progress(self, job_id: str) -> Progress:
        """How far one job is; NotFoundError."""
        try:
            return self._jobs.progress(job_id)
        except RedisError as error:
            raise _away(error) from error

    def refused(self, page: int, number: int, collection: str = "", reason: str = "") -> RefusedList:
        """A page of the quarantine, latest first, of that collection and reason."""
        total, entries = self._quarantine.list(page=page, number=number, collection=collection, reason=reason)
        return RefusedList(total=total, page=page, entries=[_refused(entry) for entry in entries])

    def refused_entry(self, entry_id: str) -> Refused:
        """One entry; NotFoundError."""
        return _refused(self._quarantine.get(entry_id))

    def retry(self, entries: Sequence[str]) -> int:
        """Try these again; how many were there."""
        found = self._quarantine.some(entries)
        self._dispatcher.retry(found)
        return len(found)

    def drop(self, entries: Sequence[str]) -> int:
        """Forget these, with bytes that nothing else needs; how many were there."""
        return drop_entries(self._context.client, self._context.settings, list(entries))


def _refused(entry: Entry) -> Refused:
    return Refused(
        id=entry.id,
        source=entry.source,
        reference=entry.reference,
        collection=entry.collection,
        reason=entry.reason,
        message=entry.message,
        time=entry.time,
        job=entry.job,
        original=entry.original,
    )


def _away(error: RedisError) -> EngineUnavailable:
    return EngineUnavailable(f"Redis cannot be reached ({error}); see `omma status`")
