"""The tasks: process a batch, read a source, and the periodic ones.

A message may be delivered any number of times: every item still gets exactly one outcome.
"""

import logging
import random
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from celery import Task
from celery.exceptions import Reject, Retry
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from engine.backup import backup_if_due
from engine.errors import EngineUnavailable, OmmaError, WeightsMismatchError
from ingest.batches import Batch
from ingest.sources import open_source
from ingest.withdrawal import Missing
from ranking.clicks.ubi import forget as forget_old
from ranking.judgements.store import ABOUT_ENTITIES, Judgements
from workers import ledger
from workers.app import app, get_runtime
from workers.celery_config import BULK
from workers.ledger import batch_key
from workers.rereading import reread_due
from workers.runtime import Runtime

logger = logging.getLogger(__name__)

MAX_LOST_WORKERS = 2  # that a batch may lose before its images are processed one by one
MAX_PAUSE = 60.0  # seconds between two tries
READER_SECONDS = 5.0  # between two checks whether the reader of a source is alive


@app.task(bind=True, name="omma.extract", max_retries=None)  # type: ignore[untyped-decorator]
def extract(self: Task, data: dict[str, Any]) -> None:
    """Process a batch of numbered items: every item ends with exactly one outcome, whatever goes wrong."""
    batch, runtime = Batch.from_json(data), get_runtime()
    with _requeued_without_redis():
        try:
            _process(self, runtime, batch)
        except WeightsMismatchError as error:
            runtime.processor.refuse(batch, "weights-mismatch", str(error))
        except EngineUnavailable as error:  # without the engine, nothing can be put into quarantine either
            raise _retry_when_engine_is_back(self, runtime, batch, error) from error
        except (Retry, Reject, RedisError, OperationalError):
            raise
        except Exception as error:  # no error may end the batch without an outcome
            _fail(self, runtime, batch, error)
        _finish(runtime, batch)


@app.task(bind=True, name="omma.ingest", max_retries=None)  # type: ignore[untyped-decorator]
def ingest(
    self: Task, job_id: str, origin: dict[str, Any], only: list[str] | None = None, missing: Missing = "withdraw"
) -> None:
    """Read a source that this machine can open, for a job that waits for it.

    If the message is delivered again while another worker reads, it waits; once that worker is lost, it reads from the start.
    """
    runtime = get_runtime()
    with _requeued_without_redis():
        state = runtime.jobs.progress(job_id).state
        if state == "reading":
            raise _retry(self, READER_SECONDS)
        if state not in ("waiting", "interrupted"):
            return
        try:
            runtime.check_index()
            source = open_source(**origin, settings=runtime.settings)
            keeps, forces = missing == "keep", missing == "force"
            runtime.dispatcher.read(job_id, source, only=only, process=runtime.try_process, keep_missing=keeps, force=forces)
        except EngineUnavailable as error:
            raise _retry(self, pause(self.request.retries)) from error
        except OmmaError as error:
            runtime.jobs.fail(job_id, str(error))


@app.task(name="omma.learn")  # type: ignore[untyped-decorator]
def learn() -> None:
    """Train a ranking model if that is due."""
    from workers.learning.training import learn as learn_now  # noqa: PLC0415  (only this task loads what trains)

    logger.info("learning: %s", learn_now(get_runtime().context))


@app.task(name="omma.adapt")  # type: ignore[untyped-decorator]
def adapt() -> None:
    """Calibrate on the collection itself if it has changed enough."""
    from workers.learning.adapting import adapt as adapt_now  # noqa: PLC0415  (as above)

    runtime = get_runtime()
    logger.info("adapting: %s", adapt_now(runtime.context, lambda: runtime.feature_extractor))


@app.task(name="omma.entities")  # type: ignore[untyped-decorator]
def entities() -> None:
    """Make the entities of the collection anew if it has changed."""
    from workers.entities import follow  # noqa: PLC0415  (as above)

    runtime = get_runtime()
    logger.info("entities: %s", follow(runtime.context, lambda: runtime.feature_extractor))


@app.task(name="omma.tag")  # type: ignore[untyped-decorator]
def tag() -> None:
    """Find the tags of documents that are new, or whose neighbours are."""
    from workers.tagging import tag as tag_now  # noqa: PLC0415  (as above)

    runtime = get_runtime()
    logger.info("tagging: %s", tag_now(runtime.context, lambda: runtime.feature_extractor))


@app.task(name="omma.resend")  # type: ignore[untyped-decorator]
def resend() -> None:
    """Send batches again whose message was lost."""
    sent = ledger.resend(app, get_runtime().settings)
    if sent:
        logger.warning("%d batches whose message was lost are sent again", sent)


@app.task(name="omma.reread")  # type: ignore[untyped-decorator]
def reread() -> None:
    """Read the sources again that are due."""
    runtime = get_runtime()
    for schedule in reread_due(runtime.context, runtime.dispatcher):
        logger.info("%s is read again, as every %g minutes", schedule.spec, schedule.minutes)


@app.task(name="omma.backup")  # type: ignore[untyped-decorator]
def backup() -> None:
    """Make a backup if that is due."""
    if made := backup_if_due(get_runtime().context):
        logger.info("backup %s made: %d documents", made.name, sum(made.indices.values()))


@app.task(name="omma.forget")  # type: ignore[untyped-decorator]
def forget() -> None:
    """Delete events and marks that are older than their retention time."""
    runtime = get_runtime()
    logger.info("%d old events deleted", forget_old(runtime.client, runtime.settings))
    before = datetime.now(UTC) - timedelta(days=runtime.settings.events_days)
    for about in ("", ABOUT_ENTITIES):
        logger.info("%d old marks deleted", Judgements(runtime.client, runtime.settings, about).forget_marks(before=before))


def pause(retries: int) -> float:
    """Seconds to wait: twice as long each time, spread so that batches do not return at the same time."""
    return min(MAX_PAUSE, 2.0**retries) * random.uniform(0.5, 1.0)  # noqa: S311  (spreads tries, no secret)


def _process(task: Task, runtime: Runtime, batch: Batch) -> None:
    """One try, unless the batch has lost too many workers."""
    retries = task.request.retries
    lost = runtime.jobs.delivered(batch.job, batch_key(batch)) - retries - 1
    if lost > MAX_LOST_WORKERS:
        _give_up(task, runtime, batch, "worker-lost", "the process that extracted its features was killed each time")
        return
    runtime.check_index()
    later = runtime.processor.process(batch, last=retries >= runtime.settings.task_retries)
    if later:
        runtime.ledger.add(later, _queue(task))
        retry = _retry(task, pause(retries), [later.as_json()])
        if isinstance(retry, Retry) and batch_key(later) != batch_key(batch):
            _finish(runtime, batch)
        raise retry


def _retry_when_engine_is_back(task: Task, runtime: Runtime, batch: Batch, error: EngineUnavailable) -> Retry | Reject:
    """Note why the job waits; the exception that makes Celery try the batch again, without a limit."""
    seconds = pause(task.request.retries)
    logger.warning("waiting for the engine: %s", error)
    runtime.jobs.postpone(batch.job, f"OpenSearch: {error}", seconds)
    return _retry(task, seconds)


def _fail(task: Task, runtime: Runtime, batch: Batch, error: Exception) -> None:
    """Try again, or give up if this was the last try."""
    logger.exception("a batch of job %s failed", batch.job)
    if task.request.retries < runtime.settings.task_retries:
        raise _retry(task, pause(task.request.retries)) from error
    _give_up(task, runtime, batch, "failed", f"{type(error).__name__}: {error}")


def _retry(task: Task, seconds: float, arguments: list[Any] | None = None) -> Retry | Reject:
    """The exception that makes Celery try the task again after so many seconds.

    Where the new message cannot be sent, Celery would drop the present one; here it goes back to its queue.
    """
    try:
        later: Retry = task.retry(args=arguments, countdown=seconds, throw=False)
    except Reject as error:
        return Reject(error.reason, requeue=True)
    return later


@contextmanager
def _requeued_without_redis() -> Iterator[None]:
    """Put the message back into its queue where Redis goes away; Celery would acknowledge a task that failed."""
    try:
        yield
    except (RedisError, OperationalError) as error:
        logger.warning("waiting for Redis: %s", error)
        raise Reject(error, requeue=True) from error


def _give_up(task: Task, runtime: Runtime, batch: Batch, reason: str, message: str) -> None:
    """Put a single item into quarantine; send several one by one for a last try, so that one does not spoil the others."""
    if len(batch.items) == 1:
        runtime.processor.refuse(batch, reason, message)
        return
    for entry in batch.items:
        runtime.ledger.send(app, batch.of([entry]), _queue(task), retries=runtime.settings.task_retries)


def _queue(task: Task) -> str:
    """The queue that the task's message came from."""
    return task.request.delivery_info.get("routing_key") or BULK


def _finish(runtime: Runtime, batch: Batch) -> None:
    """Note that this batch needs no further try."""
    runtime.jobs.finished(batch.job, batch_key(batch))
    runtime.ledger.remove(batch)
