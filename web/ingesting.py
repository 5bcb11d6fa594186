"""Jobs and quarantine, in the form that the views use."""

from collections.abc import Mapping, Sequence
from typing import IO

from opensearchpy import OpenSearch
from redis import Redis
from redis.exceptions import RedisError

from engine.errors import EngineUnavailable
from engine.settings import Settings
from ingest.delete import drop_entries
from ingest.jobs import Jobs, Progress
from ingest.quarantine import Entry, Quarantine
from web.models import Refused, RefusedList
from workers import dispatch

MOST_JOBS = 50


class Ingesting:
    """Starts jobs, reports their progress, and reads the quarantine; implements web.services.CanIngest."""

    def __init__(self, settings: Settings, client: OpenSearch, redis: "Redis") -> None:
        """Connects to nothing by itself."""
        self._settings, self._client = settings, client
        self._jobs = Jobs(redis, settings.index_prefix)
        self._quarantine = Quarantine(client, settings)

    def start(self, spec: str, collection: str) -> str:
        """Let a worker read the source; the job's id, at once."""
        return dispatch.request(spec, collection, self._settings)

    def start_uploads(self, pictures: Mapping[str, IO[bytes]], collection: str) -> str:
        """Put the pictures into the store, one after the other, and queue them for the workers; the job's id."""
        read = ((name, file.read()) for name, file in pictures.items())
        return dispatch.start_uploads(read, collection, self._settings)

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
        dispatch.retry(found, self._settings)
        return len(found)

    def drop(self, entries: Sequence[str]) -> int:
        """Forget these, with bytes that nothing else needs; how many were there."""
        return drop_entries(self._client, self._settings, list(entries))


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
