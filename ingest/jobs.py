"""Jobs: the progress of each ingest; every item is counted exactly once, even if a batch is delivered twice.

Each reading of a source is a run. Items are numbered within it; one bit per item records that its outcome is counted, and
the bit and the counter change in one step inside Redis. If a source must be read again (its reader was killed), this is a
new run: counters start at zero, and late outcomes of earlier runs are ignored.
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
from ingest.omissions import MAX_EXAMPLES, MAX_LENGTH, Omission, Omissions, omissions_of

if TYPE_CHECKING:  # the command line uses `Progress` without them
    from redis import Redis

    from ingest.item import Item

DAMAGED = "parts of damaged pictures, which are used without them"
MAX_FAILURES = 20  # latest failures that a job shows
RETENTION_SECONDS = 30 * 24 * 3600  # of a job
DELIVERY_RETENTION_SECONDS = 24 * 3600
HEARTBEAT_SECONDS = 20  # without a heartbeat after which a reader counts as gone
UNFINISHED = ("waiting", "reading", "running")


class Outcome(StrEnum):
    """The outcome of an item."""

    INDEXED = "indexed"  # a new document, or new text or provenance in one
    UNCHANGED = "unchanged"  # the document already had everything
    QUARANTINED = "quarantined"


class Failure(BaseModel):
    """One item that could not be indexed."""

    reference: str
    reason: str
    message: str = ""

    def __str__(self) -> str:
        """One line for people."""
        return f"{self.reference}: {self.reason}" + (f" ({self.message})" if self.message else "")


class Progress(BaseModel):
    """Progress of a job; done means that discovered = indexed + unchanged + quarantined."""

    id: str
    source: str
    collection: str
    state: str = Field(description="waiting, reading, running, done, failed or interrupted")
    discovered: int = 0
    indexed: int = 0
    unchanged: int = 0
    quarantined: int = 0
    extracted: int = Field(0, description="Images that models processed")
    skipped: int = Field(0, description="Files that are not images, or that the source skips")
    left_out: list[Omission] = Field([], description="Files that were skipped, and values that were not understood")
    rate: float = Field(0.0, description="Items done per second")
    seconds_left: float | None = Field(None, description="Known once the whole source is read")
    failures: list[Failure] = Field([], description="The latest")
    withdrawn: int = Field(0, description="Places in the index that the source no longer has")
    message: str = Field("", description="Why the job failed, or empty")
    waiting_for: str = Field("", description="What the job waits for, or empty")
    waiting_until: datetime | None = Field(None, description="When it continues at the latest; null: until somebody acts")
    started: datetime
    ended: datetime | None = None

    @property
    def done(self) -> int:
        """Items with an outcome."""
        return self.indexed + self.unchanged + self.quarantined


# KEYS: job, bits, failures, notes. ARGV: run, number, outcome, failure, now, time to live, failures, note, notes.
# 1 if counted now, else 0.
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
if ARGV[8] ~= '' then
  redis.call('HINCRBY', KEYS[1], 'noted', 1)
  redis.call('LPUSH', KEYS[4], ARGV[8])
  redis.call('LTRIM', KEYS[4], 0, tonumber(ARGV[9]) - 1)
  redis.call('EXPIRE', KEYS[4], ARGV[6])
end
redis.call('EXPIRE', KEYS[2], ARGV[6])
return 1
"""
COUNTERS = ("discovered", "indexed", "unchanged", "quarantined", "extracted", "skipped", "withdrawn")


class Jobs:
    """All jobs of one index prefix, in Redis."""

    def __init__(self, redis: "Redis", prefix: str = "omma") -> None:
        """`prefix` keeps installations that share one Redis apart; see `Settings.index_prefix`."""
        self._redis, self._prefix = redis, prefix
        self._count = redis.register_script(COUNT)

    def create(self, source: str, collection: str, queue: str = "") -> str:
        """Create a job that waits for a reader, a worker of `queue` if one is named; returns its id."""
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
            pipe.expire(self._key(job_id), RETENTION_SECONDS)
            pipe.zadd(self._all(), {job_id: datetime.now(UTC).timestamp()})
            pipe.execute()
        return job_id

    def begin(self, job_id: str, queue: str = "") -> int:
        """Begin a new run, whose batches go through `queue`; returns its number.

        Counters start at zero; outcomes of earlier runs no longer count.
        """
        with self._redis.pipeline() as pipe:
            pipe.hincrby(self._key(job_id), "run", 1)
            pipe.hdel(self._key(job_id), *COUNTERS, "ended", "message", "left_out", "noted")
            pipe.hset(self._key(job_id), mapping={"state": "reading", "queue": queue, "changed": _now()})
            pipe.delete(*(self._key(job_id, part) for part in ("bits", "failures", "notes")))
            run = int(pipe.execute()[0])
        self.beat(job_id)
        return run

    def beat(self, job_id: str, *, discovered: int = 0, skipped: int = 0, left_out: Omissions | None = None) -> None:
        """Record a heartbeat of the reader, with the numbers of items found and skipped so far, and what was left out."""
        with self._redis.pipeline() as pipe:
            pipe.set(self._key(job_id, "heartbeat"), 1, ex=HEARTBEAT_SECONDS)
            if discovered or skipped:
                values = {"discovered": discovered, "skipped": skipped, "changed": _now(), **_kept(left_out)}
                pipe.hset(self._key(job_id), mapping=cast("dict[Any, Any]", values))
            pipe.execute()

    def read(self, job_id: str, *, discovered: int, skipped: int, left_out: Omissions | None = None) -> None:
        """Record that the whole source is read; the job ends when every item has an outcome."""
        values = {"state": "running", "discovered": discovered, "skipped": skipped, "changed": _now(), **_kept(left_out)}
        self._redis.hset(self._key(job_id), mapping=cast("dict[Any, Any]", values))

    def fail(self, job_id: str, message: str) -> None:
        """End the job: its source cannot be read."""
        now = _now()
        self._redis.hset(self._key(job_id), mapping={"state": "failed", "message": message, "changed": now, "ended": now})

    def count(
        self, job_id: str, run: int, number: int, outcome: Outcome, failure: Failure | None = None, *, note: str = ""
    ) -> bool:
        """Count the outcome of item `number` of that run, once; returns whether it was counted now.

        `note` says what is wrong with a picture that is used nevertheless.
        """
        keys = [self._key(job_id), *(self._key(job_id, part) for part in ("bits", "failures", "notes"))]
        failed = failure.model_dump_json() if failure else ""
        kept = (_now(), RETENTION_SECONDS, MAX_FAILURES, note[:MAX_LENGTH], MAX_EXAMPLES)
        return bool(self._count(keys=keys, args=[run, number, outcome.value, failed, *kept]))

    def count_extracted(self, job_id: str, run: int, pictures: int) -> None:
        """Count images that models processed; repeated work counts again."""
        if pictures and self._redis.hget(self._key(job_id), "run") == str(run):
            self._redis.hincrby(self._key(job_id), "extracted", pictures)

    def count_withdrawn(self, job_id: str, places: int) -> None:
        """Count places that the source no longer has."""
        self._redis.hincrby(self._key(job_id), "withdrawn", places)

    def counted(self, job_id: str, run: int, numbers: list[int]) -> list[bool]:
        """For each item of that run, whether its outcome is counted; all true if a later run has begun."""
        with self._redis.pipeline() as pipe:
            pipe.hget(self._key(job_id), "run")
            for number in numbers:
                pipe.getbit(self._key(job_id, "bits"), number)
            current, *bits = pipe.execute()
        return [current != str(run) or bool(bit) for bit in bits]

    def delivered(self, job_id: str, batch: str) -> int:
        """Count a delivery of that batch; returns the number of deliveries, including this one."""
        key = self._key(job_id, f"try:{batch}")
        with self._redis.pipeline() as pipe:
            pipe.incr(key)
            pipe.expire(key, DELIVERY_RETENTION_SECONDS)
            return int(pipe.execute()[0])

    def postpone(self, job_id: str, reason: str, seconds: float) -> None:
        """Record that a batch of the job is tried again after some seconds, because of `reason`."""
        waiting = {"reason": reason, "until": datetime.now(UTC).timestamp() + seconds}
        self._redis.set(self._key(job_id, "waiting"), json.dumps(waiting), ex=max(1, round(seconds)))

    def finished(self, job_id: str, batch: str) -> None:
        """Forget the deliveries of a batch that will not be delivered again."""
        self._redis.delete(self._key(job_id, f"try:{batch}"))

    def progress(self, job_id: str, census: Census | None = None) -> Progress:
        """Progress of the job, and what it waits for according to `census` (by default a new one); NotFoundError."""
        with self._redis.pipeline() as pipe:
            pipe.hgetall(self._key(job_id))
            pipe.exists(self._key(job_id, "heartbeat"))
            pipe.lrange(self._key(job_id, "failures"), 0, -1)
            pipe.get(self._key(job_id, "waiting"))
            pipe.lrange(self._key(job_id, "notes"), 0, -1)
            values, alive, failures, postponed, notes = pipe.execute()
        if not values:
            raise NotFoundError(f"there is no job {job_id[:80]!r}")
        found = _progress(job_id, values, bool(alive), [Failure(**json.loads(text)) for text in failures])
        if noted := int(values.get("noted", 0)):
            found.left_out.append(Omission(what=DAMAGED, number=noted, examples=notes))
        return found.model_copy(update=self._waiting(found, values.get("queue", ""), postponed, census))

    def list(self, number: int = 50) -> list[Progress]:
        """The latest jobs, latest first; expired ones are removed."""
        self._redis.zremrangebyscore(self._all(), 0, datetime.now(UTC).timestamp() - RETENTION_SECONDS)
        found, census = [], Census.ask(self._redis, f"{self._prefix}:")
        for job_id in cast("list[str]", self._redis.zrevrange(self._all(), 0, number - 1)):
            try:
                found.append(self.progress(job_id, census))
            except NotFoundError:
                self._redis.zrem(self._all(), job_id)
        return found

    def _waiting(self, job: Progress, queue: str, postponed: str | None, census: Census | None) -> dict[str, Any]:
        """The fields of Progress about waiting."""
        if job.state not in UNFINISHED:
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
    """The failure that a job shows for an item that could not be indexed."""
    return Failure(reference=item.reference[:500], reason=reason, message=message[:500])


def _kept(left_out: Omissions | None) -> dict[str, str]:
    return {} if left_out is None else {"left_out": left_out.as_json()}


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
        left_out=omissions_of(values.get("left_out", "")), started=started, ended=ended,
    )  # fmt: skip


def _state(state: str, alive: bool, *, complete: bool) -> str:
    """The present state: `interrupted` if the reader has no heartbeat, `done` if all items have an outcome."""
    if state == "reading" and not alive:
        return "interrupted"
    return "done" if state == "running" and complete else state


def _now() -> str:
    return datetime.now(UTC).isoformat()
