"""The ledger: batches that were sent and have no outcome yet, so that a lost message is sent again.

Celery's Redis transport pops a message before it notes it as delivered. Where Redis or the connection goes away between the
two, the message is neither in a queue nor held by a worker, and its job would never end. The ledger keeps each batch from
before it is sent until each of its items has an outcome; a batch that is sent twice is counted once.
"""

import json
from typing import Any, cast

from celery import Celery
from redis import Redis

from engine.connections import connect_redis
from engine.leases import HOLDERS
from engine.settings import Settings
from ingest.batches import Batch
from ingest.jobs import RETENTION_SECONDS, Jobs
from workers.celery_config import BULK, INTERACTIVE, JOB_HEADER, RESEND_SECONDS, key_prefix

MAX_MISSES = 2  # checks in a row that find no message of a job; its batches are then sent again


def batch_key(batch: Batch) -> str:
    """A name for the batch, unique within its job."""
    numbers = [number for number, _ in batch.items]
    return f"{batch.run}:{min(numbers, default=0)}:{len(numbers)}"


class Ledger:
    """The batches of all jobs of one installation."""

    def __init__(self, redis: Redis, settings: Settings) -> None:
        """Reads nothing yet."""
        self._redis, self._prefix = redis, key_prefix(settings)

    def send(self, app: Celery, batch: Batch, queue: str, **options: Any) -> None:
        """Add the batch, then send it. RedisError, kombu's OperationalError."""
        self.add(batch, queue)
        app.send_task("omma.extract", args=[batch.as_json()], queue=queue, headers={JOB_HEADER: batch.job}, **options)

    def add(self, batch: Batch, queue: str) -> None:
        """Add the batch. RedisError."""
        with self._redis.pipeline() as pipe:
            pipe.hset(self._key(batch.job), batch_key(batch), json.dumps({"batch": batch.as_json(), "queue": queue}))
            pipe.expire(self._key(batch.job), RETENTION_SECONDS)
            pipe.sadd(self._open(), batch.job)
            pipe.execute()

    def remove(self, batch: Batch) -> None:
        """Remove a batch whose items all have an outcome, or are in another batch. RedisError."""
        self._redis.hdel(self._key(batch.job), batch_key(batch))

    def clear(self, job: str) -> None:
        """Remove all batches of a job that is read again. RedisError."""
        self._redis.delete(self._key(job))

    def unfinished(self) -> set[str]:
        """The jobs that have batches without outcome. RedisError."""
        jobs = cast("set[str]", self._redis.smembers(self._open()))
        ended = {job for job in jobs if not self._redis.exists(self._key(job))}
        if ended:
            self._redis.srem(self._open(), *ended)
        return jobs - ended

    def batches(self, job: str) -> list[tuple[Batch, str]]:
        """The batches of a job without outcome, each with its queue. RedisError."""
        found = (json.loads(entry) for entry in cast("list[str]", self._redis.hvals(self._key(job))))
        return [(Batch.from_json(entry["batch"]), entry["queue"]) for entry in found]

    def count_miss(self, job: str) -> int:
        """Count one more check that found no message of the job; returns how many there were in a row. RedisError."""
        with self._redis.pipeline() as pipe:
            pipe.incr(self._key(job, "missed"))
            pipe.expire(self._key(job, "missed"), round(2.5 * RESEND_SECONDS))
            return int(pipe.execute()[0])

    def reset_misses(self, job: str) -> None:
        """Start counting again: a message of the job was found, or is sent now. RedisError."""
        self._redis.delete(self._key(job, "missed"))

    def _key(self, job: str, part: str = "batches") -> str:
        return f"{self._prefix}job:{job}:{part}"

    def _open(self) -> str:
        return f"{self._prefix}jobs:unfinished"


def resend(app: Celery, settings: Settings) -> int:
    """Send the batches of jobs again that have no message in a queue or with a worker; returns how many. RedisError."""
    redis = connect_redis(settings)
    ledger, jobs, sent = Ledger(redis, settings), Jobs(redis, settings.index_prefix), 0
    unfinished = ledger.unfinished()
    lost = unfinished - _held(redis, settings)
    lost = lost - _queued(redis, settings) if lost else lost
    for job in unfinished - lost:
        ledger.reset_misses(job)
    for job in lost:
        if ledger.count_miss(job) < MAX_MISSES:
            jobs.postpone(job, "a batch that neither a queue nor a worker has; it is sent again", RESEND_SECONDS)
            continue
        ledger.reset_misses(job)
        for batch, queue in ledger.batches(job):
            ledger.send(app, batch, queue)
            sent += 1
    return sent


def _held(redis: Redis, settings: Settings) -> set[str]:
    """Jobs with a message that a worker holds, or held and that will be given back."""
    holders = cast("list[str]", redis.hvals(key_prefix(settings) + HOLDERS))
    return {holder.partition(" ")[2] for holder in holders}


def _queued(redis: Redis, settings: Settings) -> set[str]:
    """Jobs with a message in a queue."""
    queues = (cast("list[str]", redis.lrange(key_prefix(settings) + queue, 0, -1)) for queue in (INTERACTIVE, BULK))
    return {json.loads(message)["headers"].get(JOB_HEADER, "") for messages in queues for message in messages}
