"""The tasks: look at a batch, read a source. Both may be delivered any number of times."""

import logging
import random
from typing import Any

from celery import Task
from celery.exceptions import Retry
from redis.exceptions import RedisError

from engine.client import connect
from engine.errors import EngineUnavailable, OmmaError, WeightsMismatchError
from engine.settings import get_settings
from ingest.batches import Batch
from ingest.jobs import HEARTBEAT
from ingest.sources import open_source
from ranking.clicks.ubi import forget as forget_old
from workers import dispatch
from workers.app import BULK, app
from workers.runtime import Runtime, get_runtime

logger = logging.getLogger(__name__)

MOST_LOST = 2  # workers that a batch may lose before its pictures are looked at one by one
SLOWEST = 60.0  # seconds between two tries


@app.task(bind=True, name="omma.extract", max_retries=None)  # type: ignore[untyped-decorator]
def extract(self: Task, data: dict[str, Any]) -> None:
    """Look at a batch of numbered items: every item ends with exactly one outcome, whatever happens on the way."""
    batch, runtime = Batch.from_json(data), get_runtime()
    retries, last = self.request.retries, self.request.retries >= runtime.settings.task_retries
    try:
        lost = runtime.jobs.delivered(batch.job, _key(batch)) - retries - 1
        if lost > MOST_LOST:
            _give_up(self, runtime, batch, "worker-lost", "the process that looked at it was killed each time")
        else:
            runtime.check_index()
            later = runtime.processor.process(batch, last=last)
            if later:
                raise self.retry(args=[later.as_json()], countdown=pause(retries))
    except WeightsMismatchError as error:
        runtime.processor.refuse(batch, "weights-mismatch", str(error))
    except (EngineUnavailable, RedisError) as error:  # without them not even quarantine can be written
        logger.warning("waiting for the engine: %s", error)
        raise self.retry(countdown=pause(retries)) from error
    except Retry:
        raise
    except Exception as error:  # whatever it is, it must not end the batch without an outcome
        _fail(self, runtime, batch, error, last=last)
    runtime.jobs.finished(batch.job, _key(batch))


@app.task(bind=True, name="omma.ingest", max_retries=None)  # type: ignore[untyped-decorator]
def ingest(self: Task, job_id: str, origin: dict[str, Any], only: list[str] | None = None) -> None:
    """Read a source that this machine sees, for a job that waits for it.

    Delivered again while another worker reads, it waits; after that worker was lost, it reads anew.
    """
    runtime = get_runtime()
    state = runtime.jobs.progress(job_id).state
    if state == "reading":
        raise self.retry(countdown=HEARTBEAT)
    if state not in ("waiting", "interrupted"):
        return
    try:
        runtime.check_index()
        source = open_source(**origin, settings=runtime.settings)
        dispatch.read(job_id, source, runtime.settings, only=only, process=runtime.try_process)
    except OmmaError as error:
        if isinstance(error, EngineUnavailable):
            raise self.retry(countdown=pause(self.request.retries)) from error
        runtime.jobs.fail(job_id, str(error))


@app.task(name="omma.learn")  # type: ignore[untyped-decorator]
def learn() -> None:
    """Train a ranking model, if it is due."""
    from workers.learning import learn as learn_now  # noqa: PLC0415  (only this task loads what trains)

    logger.info("learning: %s", learn_now(get_settings()))


@app.task(name="omma.forget")  # type: ignore[untyped-decorator]
def forget() -> None:
    """Delete events that are older than they may be kept."""
    settings = get_settings()
    logger.info("%d old events deleted", forget_old(connect(settings), settings))


def pause(retries: int) -> float:
    """Seconds to wait: twice as long each time, spread so that batches do not come back together."""
    return min(SLOWEST, 2.0**retries) * random.uniform(0.5, 1.0)  # noqa: S311  (spreads tries, no secret)


def _fail(task: Task, runtime: Runtime, batch: Batch, error: Exception, *, last: bool) -> None:
    """Try again, or give up on the last try."""
    logger.exception("a batch of job %s failed", batch.job)
    if not last:
        raise task.retry(countdown=pause(task.request.retries)) from error
    _give_up(task, runtime, batch, "failed", f"{type(error).__name__}: {error}")


def _give_up(task: Task, runtime: Runtime, batch: Batch, reason: str, message: str) -> None:
    """A single picture goes to quarantine; of several, each gets one try of its own, so that one spoils no other."""
    if len(batch.items) == 1:
        runtime.processor.refuse(batch, reason, message)
        return
    queue = task.request.delivery_info.get("routing_key") or BULK
    for entry in batch.items:
        single = batch.of([entry]).as_json()
        extract.apply_async(args=[single], queue=queue, retries=runtime.settings.task_retries)


def _key(batch: Batch) -> str:
    """Names the batch for counting its deliveries."""
    numbers = [number for number, _ in batch.items]
    return f"{batch.run}:{min(numbers, default=0)}:{len(numbers)}"
