"""Jobs: how far each ingest is, counted exactly once for every item whatever is delivered twice.

Each reading of a source is a run. Items are numbered within it; a bit per item says that its outcome is counted, and
the bit and the counter change in one step inside Redis. A source that must be read again (its reader was killed) is a
new run: counters begin anew, and late outcomes of the run before count nothing.
"""

import json
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, cast

from pydantic import BaseModel, Field

from engine.errors import NotFoundError
from engine.leases import Census, Waiting

if TYPE_CHECKING:  # the command line reads `Progress` and needs neither
    from redis import Redis

    from ingest.item import Item

LATEST = 20  # failures that a job shows
KEPT = 30 * 24 * 3600  # seconds that a job is remembered after its last change
DELIVERIES_KEPT = 24 * 3600
HEARTBEAT = 20  # seconds without a sign of life after which a reader counts as gone
UNENDED = ("waiting", "reading", "running")


class Outcome(StrEnum):
    """How an item ended."""

    INDEXED = "indexed"  # made a document, or added text or provenance to one
    UNCHANGED = "unchanged"  # everything was there already
    QUARANTINED = "quarantined"


class Failure(BaseModel):
    """One item that could not be used."""

    reference: str
    reason: str
    message: str = ""

    def __str__(self) -> str:
        """One line for people."""
        return f"{self.reference}: {self.reason}" + (f" ({self.message})" if self.message else "")


class Progress(BaseModel):
    """How far a job is; done means that discovered = indexed + unchanged + quarantined."""

    id: str
    source: str
    collection: str
    state: str = Field(description="waiting, reading, running, done, failed or interrupted")
    discovered: int = 0
    indexed: int = 0
    unchanged: int = 0
    quarantined: int = 0
    extracted: int = Field(0, description="Pictures that models looked at")
    skipped: int = Field(0, description="Files that are no pictures, or of a kind that the source leaves out")
    rate: float = Field(0.0, description="Items done per second")
    seconds_left: float | None = Field(None, description="Once the source is read to its end: before, nobody knows")
    failures: list[Failure] = Field([], description="The latest")
    message: str = Field("", description="Why the job failed, where it did")
    waiting_for: str = Field("", description="What keeps the job from going on, if anything does")
    waiting_until: datetime | None = Field(None, description="When it goes on at the latest; none: until somebody acts")
    started: datetime
    ended: datetime | None = None

    @property
    def done(self) -> int:
        """Items that have their outcome."""
        return self.indexed + self.unchanged + self.quarantined


# KEYS: job, bits, failures. ARGV: run, number, outcome, failure, now, time to live. 1 when counted, 0 when it was.
COUNT = """
if redis.call('HGET', KEYS[1], 'run') ~= ARGV[1] then return 0 end
if redis.call('SETBIT', KEYS[2], ARGV[2], 1) == 1 then return 0 end
redis.call('HINCRBY', KEYS[1], ARGV[3], 1)
redis.call('HSET', KEYS[1], 'changed', ARGV[5])
if ARGV[4] ~= '' then
  redis.call('LPUSH', KEYS[3], ARGV[4])
  redis.call('LTRIM', KEYS[3], 0, tonumber(ARGV[7]) - 1)
  redis.call('EXPIRE', KEYS[3], ARGV[6])
end
redis.call('EXPIRE', KEYS[2], ARGV[6])
return 1
"""
COUNTERS = ("discovered", "indexed", "unchanged", "quarantined", "extracted", "skipped")


class Jobs:
    """All jobs of one index prefix, in Redis."""

    def __init__(self, redis: "Redis", prefix: str = "omma") -> None:
        """`prefix` keeps installations that share one Redis apart; see `Settings.index_prefix`."""
        self._redis, self._prefix = redis, prefix
        self._count = redis.register_script(COUNT)

    def create(self, source: str, collection: str, queue: str = "") -> str:
        """A new job that waits to be read, by a worker of `queue` where one is named; its id."""
        job_id, now = uuid.uuid4().hex[:12], _now()
        values = {
            "source": source,
            "collection": collection,
            "run": 0,
            "state": "waiting",
            "queue": queue,
            "started": now,
            "changed": now,
        }
        with self._redis.pipeline() as pipe:
            pipe.hset(self._key(job_id), mapping=cast("dict[Any, Any]", values))
            pipe.expire(self._key(job_id), KEPT)
            pipe.zadd(self._all(), {job_id: datetime.now(UTC).timestamp()})
            pipe.execute()
        return job_id

    def begin(self, job_id: str, queue: str = "") -> int:
        """A new run, whose batches go through `queue`: its number.

        Counters begin anew; outcomes of earlier runs no longer count.
        """
        with self._redis.pipeline() as pipe:
            pipe.hincrby(self._key(job_id), "run", 1)
            pipe.hdel(self._key(job_id), *COUNTERS, "ended", "message")
            pipe.hset(self._key(job_id), mapping={"state": "reading", "queue": queue, "changed": _now()})
            pipe.delete(self._key(job_id, "bits"), self._key(job_id, "failures"))
            run = int(pipe.execute()[0])
        self.beat(job_id)
        return run

    def beat(self, job_id: str, *, discovered: int = 0, skipped: int = 0) -> None:
        """A sign of life of the reader, and how many items it has found and left out so far."""
        with self._redis.pipeline() as pipe:
            pipe.set(self._key(job_id, "heartbeat"), 1, ex=HEARTBEAT)
            if discovered or skipped:
                values = {"discovered": discovered, "skipped": skipped, "changed": _now()}
                pipe.hset(self._key(job_id), mapping=cast("dict[Any, Any]", values))
            pipe.execute()

    def read(self, job_id: str, *, discovered: int, skipped: int) -> None:
        """The source is read to its end; the job ends when every item has its outcome."""
        values = {"state": "running", "discovered": discovered, "skipped": skipped, "changed": _now()}
        self._redis.hset(self._key(job_id), mapping=cast("dict[Any, Any]", values))

    def fail(self, job_id: str, message: str) -> None:
        """The source cannot be read: the job ends here."""
        now = _now()
        self._redis.hset(self._key(job_id), mapping={"state": "failed", "message": message, "changed": now, "ended": now})

    def count(self, job_id: str, run: int, number: int, outcome: Outcome, failure: Failure | None = None) -> bool:
        """Count the outcome of item `number` of that run, once; whether it was counted now."""
        keys = [self._key(job_id), self._key(job_id, "bits"), self._key(job_id, "failures")]
        told = failure.model_dump_json() if failure else ""
        return bool(self._count(keys=keys, args=[run, number, outcome.value, told, _now(), KEPT, LATEST]))

    def count_extracted(self, job_id: str, run: int, pictures: int) -> None:
        """Models looked at that many pictures (each time they did, so work done twice shows)."""
        if pictures and self._redis.hget(self._key(job_id), "run") == str(run):
            self._redis.hincrby(self._key(job_id), "extracted", pictures)

    def counted(self, job_id: str, run: int, numbers: list[int]) -> list[bool]:
        """For each item of that run, whether its outcome is counted; all true when the run is over."""
        with self._redis.pipeline() as pipe:
            pipe.hget(self._key(job_id), "run")
            for number in numbers:
                pipe.getbit(self._key(job_id, "bits"), number)
            current, *bits = pipe.execute()
        return [current != str(run) or bool(bit) for bit in bits]

    def delivered(self, job_id: str, batch: str) -> int:
        """Count a delivery of that batch: how many there were, this one included."""
        key = self._key(job_id, f"try:{batch}")
        with self._redis.pipeline() as pipe:
            pipe.incr(key)
            pipe.expire(key, DELIVERIES_KEPT)
            return int(pipe.execute()[0])

    def postpone(self, job_id: str, reason: str, seconds: float) -> None:
        """A batch of the job is tried again after so many seconds, because of `reason`."""
        waiting = {"reason": reason, "until": datetime.now(UTC).timestamp() + seconds}
        self._redis.set(self._key(job_id, "waiting"), json.dumps(waiting), ex=max(1, round(seconds)))

    def finished(self, job_id: str, batch: str) -> None:
        """That batch will not be delivered again."""
        self._redis.delete(self._key(job_id, f"try:{batch}"))

    def progress(self, job_id: str, census: Census | None = None) -> Progress:
        """How far the job is, and what it waits for by the `census` (by default, one taken now); NotFoundError."""
        with self._redis.pipeline() as pipe:
            pipe.hgetall(self._key(job_id))
            pipe.exists(self._key(job_id, "heartbeat"))
            pipe.lrange(self._key(job_id, "failures"), 0, -1)
            pipe.get(self._key(job_id, "waiting"))
            values, alive, failures, postponed = pipe.execute()
        if not values:
            raise NotFoundError(f"there is no job {job_id[:80]!r}")
        found = _progress(job_id, values, bool(alive), [Failure(**json.loads(text)) for text in failures])
        return found.model_copy(update=self._waiting(found, values.get("queue", ""), postponed, census))

    def list(self, number: int = 50) -> list[Progress]:
        """The latest jobs, latest first; those whose time is over are forgotten."""
        self._redis.zremrangebyscore(self._all(), 0, datetime.now(UTC).timestamp() - KEPT)
        found, census = [], Census.ask(self._redis, f"{self._prefix}:")
        for job_id in cast("list[str]", self._redis.zrevrange(self._all(), 0, number - 1)):
            try:
                found.append(self.progress(job_id, census))
            except NotFoundError:
                self._redis.zrem(self._all(), job_id)
        return found

    def _waiting(self, job: Progress, queue: str, postponed: str | None, census: Census | None) -> dict[str, Any]:
        """The fields of Progress that say what the job waits for."""
        if job.state not in UNENDED:
            return {}
        census = census or Census.ask(self._redis, f"{self._prefix}:")
        waiting = census.waiting(job.id, queue) if queue else None
        if waiting is None and postponed:
            delay = json.loads(postponed)
            waiting = Waiting(delay["reason"], datetime.fromtimestamp(delay["until"], UTC))
        return {"waiting_for": waiting.reason, "waiting_until": waiting.until} if waiting else {}

    def _key(self, job_id: str, part: str = "") -> str:
        return f"{self._prefix}:job:{job_id}" + (f":{part}" if part else "")

    def _all(self) -> str:
        return f"{self._prefix}:jobs"


def failure_of(item: "Item", reason: str, message: str) -> Failure:
    """What a job shows of an item that could not be used."""
    return Failure(reference=item.reference[:500], reason=reason, message=message[:500])


def _progress(job_id: str, values: Mapping[str, str], alive: bool, failures: list[Failure]) -> Progress:
    counts: dict[str, Any] = {name: int(values.get(name, 0)) for name in COUNTERS}
    done = counts["indexed"] + counts["unchanged"] + counts["quarantined"]
    counts["discovered"] = max(counts["discovered"], done)
    started, changed = datetime.fromisoformat(values["started"]), datetime.fromisoformat(values["changed"])
    state = _state(values["state"], alive, complete=done == counts["discovered"])
    ended = changed if state in ("done", "failed", "interrupted") else None
    elapsed = ((ended or datetime.now(UTC)) - started).total_seconds()
    rate = done / elapsed if elapsed > 0 else 0.0
    left = (counts["discovered"] - done) / rate if rate and state == "running" else None
    return Progress(
        id=job_id, source=values["source"], collection=values["collection"], state=state, **counts,
        rate=round(rate, 3), seconds_left=left, failures=failures, message=values.get("message", ""),
        started=started, ended=ended,
    )  # fmt: skip


def _state(state: str, alive: bool, *, complete: bool) -> str:
    """What the stored state means now: a reader without a sign of life is gone, a read source may be done."""
    if state == "reading" and not alive:
        return "interrupted"
    return "done" if state == "running" and complete else state


def _now() -> str:
    return datetime.now(UTC).isoformat()
