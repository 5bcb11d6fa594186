"""Sources that are read again regularly, such as folders on network shares, whose changes no file system reports."""

import hashlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta

from engine.connections import Context
from engine.errors import NotFoundError
from ingest.jobs import UNFINISHED
from mappings.records import KEYWORD, Json, Records
from workers.dispatch import Dispatcher

FIELDS: Json = {
    "spec": KEYWORD, "collection": KEYWORD, "minutes": {"type": "double"}, "read": {"type": "date"},
    "job": KEYWORD,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Schedule:
    """A source by its address and collection, and the minutes from one reading to the next.

    `read` is when the latest began (ISO 8601; empty before the first), `job` its job.
    """

    spec: str
    collection: str
    minutes: float
    read: str | None = None
    job: str = ""

    @property
    def id(self) -> str:
        """The same for every schedule of this source in this collection."""
        return hashlib.sha256(f"{self.spec}\0{self.collection}".encode("utf-8", "replace")).hexdigest()[:32]

    def is_due(self, now: datetime) -> bool:
        """Whether the time from one reading to the next is over."""
        return self.read is None or now - datetime.fromisoformat(self.read) >= timedelta(minutes=self.minutes)


class Schedules:
    """The index `<prefix>-schedules`."""

    def __init__(self, context: Context) -> None:
        """The index is created with the first schedule."""
        settings = context.settings
        self._records = Records(context.client, f"{settings.index_prefix}-schedules", FIELDS, settings.index_replicas)

    def put(self, schedule: Schedule) -> None:
        """Add a schedule; it replaces the one of the same source and collection."""
        self._records.put({schedule.id: asdict(schedule)})

    def all(self) -> list[Schedule]:
        """All schedules, by address."""
        found = (Schedule(**record) for _, record in self._records.all())
        return sorted(found, key=lambda one: (one.spec, one.collection))

    def remove(self, spec: str) -> list[Schedule]:
        """Remove the schedules of an address, in every collection, and return them; NotFoundError where there is none."""
        found = [one for one in self.all() if one.spec == spec]
        if not found:
            raise NotFoundError(f"{spec[:200]} is not read regularly; `omma watch --list` shows what is")
        self._records.delete([one.id for one in found])
        return found


def reread_due(context: Context, dispatcher: Dispatcher) -> Iterator[Schedule]:
    """Let workers read what is due, except for sources whose latest reading has not ended."""
    schedules, now = Schedules(context), datetime.now(UTC)
    for schedule in schedules.all():
        if schedule.is_due(now) and not _is_reading(dispatcher, schedule.job):
            job = dispatcher.request(schedule.spec, schedule.collection)
            schedules.put(replace(schedule, read=now.isoformat(timespec="seconds"), job=job))
            yield schedule


def _is_reading(dispatcher: Dispatcher, job: str) -> bool:
    if not job:
        return False
    try:
        return dispatcher.jobs.progress(job).state in UNFINISHED
    except NotFoundError:  # jobs are forgotten after a while, and where Redis was emptied
        return False
