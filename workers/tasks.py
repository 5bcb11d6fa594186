"""The tasks: look at a batch, read a source. Both may be delivered any number of times."""

import logging
import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from celery import Task
from celery.exceptions import Reject, Retry
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from engine.errors import EngineUnavailable, OmmaError, WeightsMismatchError
from ingest.batches import Batch
from ingest.sources import open_source
from ranking.clicks.ubi import forget as forget_old
from workers import ledger
from workers.app import BULK, app
from workers.ledger import batch_key
from workers.runtime import Runtime, get_runtime

logger = logging.getLogger(__name__)

MOST_LOST = 2  # workers that a batch may lose before its pictures are looked at one by one
SLOWEST = 60.0  # seconds between two tries
READER_SECONDS = 5.0  # between two looks whether the reader of a source lives


@app.task(bind=True, name="omma.extract", max_retries=None)  # type: ignore[untyped-decorator]
def extract(self: Task, data: dict[str, Any]) -> None:
    """Look at a batch of numbered items: every item ends with exactly one outcome, whatever happens on the way."""
    batch, runtime = Batch.from_json(data), get_runtime()
    with _given_back():
        try:
            _look(self, runtime, batch)
        except WeightsMismatchError as error:
            runtime.processor.refuse(batch, "weights-mismatch", str(error))
        except EngineUnavailable as error:  # without it not even quarantine can be written
            raise _wait_for_engine(self, runtime, batch, error) from error
        except (Retry, Reject, RedisError, OperationalError):
            raise
        except Exception as error:  # whatever it is, it must not end the batch without an outcome
            _fail(self, runtime, batch, error)
        _finish(runtime, batch)


@app.task(bind=True, name="omma.ingest", max_retries=None)  # type: ignore[untyped-decorator]
def ingest(self: Task, job_id: str, origin: dict[str, Any], only: list[str] | None = None) -> None:
    """Read a source that this machine sees, for a job that waits for it.

    Delivered again while another worker reads, it waits; after that worker was lost, it reads anew.
    """
    runtime = get_runtime()
    with _given_back():
        state = runtime.jobs.progress(job_id).state
        if state == "reading":
            raise _again(self, READER_SECONDS)
        if state not in ("waiting", "interrupted"):
            return
        try:
            runtime.check_index()
            source = open_source(**origin, settings=runtime.settings)
            runtime.dispatcher.read(job_id, source, only=only, process=runtime.try_process)
        except EngineUnavailable as error:
            raise _again(self, pause(self.request.retries)) from error
        except OmmaError as error:
            runtime.jobs.fail(job_id, str(error))


@app.task(name="omma.learn")  # type: ignore[untyped-decorator]
def learn() -> None:
    """Train a ranking model, if it is due."""
    from workers.learning import learn as learn_now  # noqa: PLC0415  (only this task loads what trains)

    logger.info("learning: %s", learn_now(get_runtime().context))


@app.task(name="omma.resend")  # type: ignore[untyped-decorator]
def resend() -> None:
    """Send batches again whose message was lost."""
    sent = ledger.resend(app, get_runtime().settings)
    if sent:
        logger.warning("%d batches were lost on their way and are sent again", sent)


@app.task(name="omma.forget")  # type: ignore[untyped-decorator]
def forget() -> None:
    """Delete events that are older than they may be kept."""
    runtime = get_runtime()
    logger.info("%d old events deleted", forget_old(runtime.client, runtime.settings))


def pause(retries: int) -> float:
    """Seconds to wait: twice as long each time, spread so that batches do not come back together."""
    return min(SLOWEST, 2.0**retries) * random.uniform(0.5, 1.0)  # noqa: S311  (spreads tries, no secret)


def _look(task: Task, runtime: Runtime, batch: Batch) -> None:
    """One try, unless the batch has lost too many workers."""
    retries = task.request.retries
    lost = runtime.jobs.delivered(batch.job, batch_key(batch)) - retries - 1
    if lost > MOST_LOST:
        _give_up(task, runtime, batch, "worker-lost", "the process that looked at it was killed each time")
        return
    runtime.check_index()
    later = runtime.processor.process(batch, last=retries >= runtime.settings.task_retries)
    if later:
        runtime.ledger.add(later, _queue(task))
        again = _again(task, pause(retries), [later.as_json()])
        if isinstance(again, Retry) and batch_key(later) != batch_key(batch):
            _finish(runtime, batch)
        raise again


def _wait_for_engine(task: Task, runtime: Runtime, batch: Batch, error: EngineUnavailable) -> Retry | Reject:
    """Have the batch tried again, however often."""
    seconds = pause(task.request.retries)
    logger.warning("waiting for the engine: %s", error)
    runtime.jobs.postpone(batch.job, f"OpenSearch: {error}", seconds)
    return _again(task, seconds)


def _fail(task: Task, runtime: Runtime, batch: Batch, error: Exception) -> None:
    """Try again, or give up on the last try."""
    logger.exception("a batch of job %s failed", batch.job)
    if task.request.retries < runtime.settings.task_retries:
        raise _again(task, pause(task.request.retries)) from error
    _give_up(task, runtime, batch, "failed", f"{type(error).__name__}: {error}")


def _again(task: Task, seconds: float, arguments: list[Any] | None = None) -> Retry | Reject:
    """What to raise to have the task tried again after so many seconds.

    Celery would drop the message where the new one cannot be sent; here it goes back to its queue.
    """
    try:
        later: Retry = task.retry(args=arguments, countdown=seconds, throw=False)
    except Reject as error:
        return Reject(error.reason, requeue=True)
    return later


@contextmanager
def _given_back() -> Iterator[None]:
    """The message goes back to its queue where Redis goes away; Celery would acknowledge a task that failed."""
    try:
        yield
    except (RedisError, OperationalError) as error:
        logger.warning("waiting for Redis: %s", error)
        raise Reject(error, requeue=True) from error


def _give_up(task: Task, runtime: Runtime, batch: Batch, reason: str, message: str) -> None:
    """A single picture goes to quarantine; of several, each gets one try of its own, so that one spoils no other."""
    if len(batch.items) == 1:
        runtime.processor.refuse(batch, reason, message)
        return
    for entry in batch.items:
        runtime.ledger.send(app, batch.of([entry]), _queue(task), retries=runtime.settings.task_retries)


def _queue(task: Task) -> str:
    """The queue that the task's message came from."""
    return task.request.delivery_info.get("routing_key") or BULK


def _finish(runtime: Runtime, batch: Batch) -> None:
    """Nobody needs to look at this batch again."""
    runtime.jobs.finished(batch.job, batch_key(batch))
    runtime.ledger.remove(batch)
