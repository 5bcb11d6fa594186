"""Leases: which workers are alive, and which queue messages each of them holds.

Celery's Redis transport keeps a delivered message in the hash `unacked` until it is acknowledged, but not who holds it.
A lost message could then return only after a time limit, which must be longer than the longest batch. Here every worker
renews a lease, and every message that it holds names the lease. Messages of a lease that has run out may go to another worker
at once.

Two hashes, below the prefix of the installation:

    workers   lease id -> {"worker": "bulk@host", "queues": "bulk", "ends": Unix time}
    holders   delivery tag -> "LEASE_ID JOB_ID"; the job id may be empty

All times are those of the Redis server, so that clocks of several machines need not agree.
"""

import contextlib
import json
import threading
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:  # a command that only asks the running page does not load it
    from redis import Redis

RENEW_SECONDS = 4.0
LEASE_SECONDS = 16
CLAIM_SECONDS = 4  # from one claim of a worker to its next
FORGET_SECONDS = 3600  # a lease that has run out is kept this long, to say who held a message
WORKERS, HOLDERS = "workers", "holders"

# KEYS: workers. ARGV: lease id, worker, queues, seconds, id of the lease that this one replaces.
RENEW = """
local now = tonumber(redis.call('TIME')[1])
local function write(id, ends)
  redis.call('HSET', KEYS[1], id, cjson.encode({worker = ARGV[2], queues = ARGV[3], ends = ends}))
end
write(ARGV[1], now + tonumber(ARGV[4]))
if ARGV[5] ~= '' then write(ARGV[5], now - 1) end
"""

# KEYS: workers, holders. ARGV: lease id of the claimant, seconds after which a lease that has run out is forgotten.
# Each message changes hands once, however many workers claim at the same time.
CLAIM = """
local now = tonumber(redis.call('TIME')[1])
local alive = {[ARGV[1]] = true}
local workers = redis.call('HGETALL', KEYS[1])
for i = 1, #workers, 2 do
  local ends = cjson.decode(workers[i + 1]).ends
  if ends >= now then alive[workers[i]] = true end
  if ends < now - tonumber(ARGV[2]) then redis.call('HDEL', KEYS[1], workers[i]) end
end
local claimed = {}
local held = redis.call('HGETALL', KEYS[2])
for i = 1, #held, 2 do
  local id = string.match(held[i + 1], '^%S*')
  if not alive[id] then
    redis.call('HSET', KEYS[2], held[i], ARGV[1] .. string.sub(held[i + 1], #id + 1))
    claimed[#claimed + 1] = held[i]
  end
end
return claimed
"""


class Lease:
    """The sign that a worker is alive, while its connection to the broker lasts.

    A worker that reconnects has lost its messages, so it begins a new lease.
    """

    def __init__(self, redis: "Redis", prefix: str, worker: str) -> None:
        """`prefix`: of the keys, with its colon; `worker`: name of the node."""
        self._redis, self._prefix, self._worker = redis, prefix, worker
        self._renew, self._claim = redis.register_script(RENEW), redis.register_script(CLAIM)
        self._id, self._queues = "", ""
        self._ended = threading.Event()

    def begin(self, queues: list[str]) -> None:
        """Begin a new lease in place of the previous one; it is renewed in the background until `stop`. RedisError."""
        self.stop()
        before, self._id, self._queues = self._id, uuid.uuid4().hex, ",".join(sorted(queues))
        self._extend(before)
        self._ended = threading.Event()
        threading.Thread(target=self._keep, args=(self._ended,), name="lease", daemon=True).start()

    def stop(self) -> None:
        """Stop renewing: the lease runs out within LEASE_SECONDS."""
        self._ended.set()

    def drop(self) -> None:
        """End the lease at once; its messages may be claimed."""
        self.stop()
        from redis.exceptions import RedisError  # noqa: PLC0415

        with contextlib.suppress(RedisError):  # it runs out
            self._redis.hdel(self._prefix + WORKERS, self._id)

    def hold(self, tag: str, job: str) -> None:
        """Note that this worker holds the message; `job` may be empty. RedisError."""
        self._redis.hset(self._prefix + HOLDERS, tag, f"{self._id} {job}")

    def claim(self) -> list[str]:
        """Take over the messages of leases that have run out; returns their delivery tags. RedisError."""
        keys = [self._prefix + WORKERS, self._prefix + HOLDERS]
        return [str(tag) for tag in cast("list[str]", self._claim(keys=keys, args=[self._id, FORGET_SECONDS]))]

    def _extend(self, before: str = "") -> None:
        self._renew(keys=[self._prefix + WORKERS], args=[self._id, self._worker, self._queues, LEASE_SECONDS, before])

    def _keep(self, ended: threading.Event) -> None:
        from redis.exceptions import RedisError  # noqa: PLC0415

        while not ended.wait(RENEW_SECONDS):
            with contextlib.suppress(RedisError):  # the next one may get through
                self._extend()


@dataclass(frozen=True, slots=True)
class Waiting:
    """Why a job waits, in words, and until when at the latest (None: until somebody acts)."""

    reason: str
    until: datetime | None = None


class Census:
    """The leases and the held messages at one moment."""

    def __init__(self, workers: dict[str, str], holders: dict[str, str], now: float) -> None:
        """The two hashes as `ask` reads them; `now`: Unix time of the server."""
        self._leases: dict[str, dict[str, Any]] = {key: json.loads(value) for key, value in workers.items()}
        self._holders, self._now = holders, now

    @classmethod
    def ask(cls, redis: "Redis", prefix: str) -> "Census":
        """Read both hashes and the time in one round trip. RedisError."""
        with redis.pipeline(transaction=False) as pipe:
            pipe.hgetall(prefix + WORKERS)
            pipe.hgetall(prefix + HOLDERS)
            pipe.time()
            workers, holders, (seconds, microseconds) = pipe.execute()
        return cls(workers, holders, seconds + microseconds / 1e6)

    def serves(self, queue: str) -> bool:
        """Whether a living worker takes messages from the queue."""
        return any(lease["ends"] >= self._now and queue in lease["queues"].split(",") for lease in self._leases.values())

    def waiting(self, job: str, queue: str) -> Waiting | None:
        """Why the job, whose batches go through the queue, makes no progress; None where it does."""
        if not self.serves(queue):
            return Waiting(f"a worker of the queue {queue}: none is running; start one with `omma up`")
        lost = self._lost(job)
        if not lost:
            return None
        names = ", ".join(sorted({lease["worker"] for lease in lost}))
        until = max(self._now, *(lease["ends"] for lease in lost)) + CLAIM_SECONDS
        some = "a batch" if len(lost) == 1 else f"{len(lost)} batches"
        return Waiting(f"{some} held by {names}, which died or lost its connection", datetime.fromtimestamp(until, UTC))

    def _lost(self, job: str) -> list[dict[str, Any]]:
        """The lease of each message of the job whose worker is gone."""
        silent = self._now + LEASE_SECONDS - 2 * RENEW_SECONDS  # a living worker's lease ends later than this
        gone: dict[str, Any] = {"worker": "a worker", "ends": self._now}
        held = (holder.split(" ", 1) for holder in self._holders.values())
        leases = (self._leases.get(lease, gone) for lease, name in held if name == job)
        return [lease for lease in leases if lease["ends"] < silent]
