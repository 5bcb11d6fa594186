"""The configuration of the Celery application: its queues, what is acknowledged when, how lost messages come back.

A message is acknowledged after its task has ended, and no worker reserves messages that another could process now.
"""

from typing import Any

from celery import Celery
from kombu.entity import Queue

from engine.connections import tls_options
from engine.leases import CLAIM_SECONDS
from engine.settings import Settings

INTERACTIVE, BULK = "interactive", "bulk"  # the queues, in the order in which a worker of both takes messages
JOB_HEADER = "omma-job"  # header of a message: the job that it belongs to
RESEND_SECONDS = 10.0  # between two checks for batches whose message was lost
LEARN_SECONDS = 600.0  # between two checks whether a training is due
ADAPT_SECONDS = 60.0  # between two checks whether the collection has changed enough to be adapted to
REREAD_SECONDS = 60.0  # between two checks whether a source is to be read again
BACKUP_SECONDS = 600.0  # between two checks whether a backup is due
TAG_SECONDS = 60.0  # between two checks whether documents are to be tagged
DAY = 24 * 3600.0
WARM_UP_SECONDS = 600  # a process that loads models for longer counts as stuck
HEALTH_CHECK_SECONDS = 10  # between two checks whether the other end of a connection is still there
SWEEP_LOCK_SECONDS = 30  # after which the lock of a worker that was lost during a sweep expires
MAX_SWEPT = 100  # messages given back by one sweep
# How long sending waits for a Redis that restarts: 30 tries, up to 2 seconds apart, about a minute.
SEND_RETRIES = {"max_retries": 30, "interval_start": 0.2, "interval_step": 0.5, "interval_max": 2.0}


def make_app(settings: Settings) -> Celery:
    """An application that uses the Redis of these settings; its parts find the settings in its attribute `settings`."""
    made = Celery("omma", set_as_current=False)
    made.settings = settings
    made.conf.update(_broker(settings) | _tasks() | _worker(settings) | {"beat_schedule": _schedule()})
    return made


def key_prefix(settings: Settings) -> str:
    """The prefix of all Redis keys of an installation: several installations may share one Redis."""
    return f"{settings.index_prefix}:"


def _broker(settings: Settings) -> dict[str, Any]:
    return {
        "broker_url": settings.redis_address,
        "broker_transport": "workers.transport:Transport",
        "broker_transport_options": _transport_options(settings),
        "broker_use_ssl": tls_options(settings) or None,
        "broker_connection_retry_on_startup": True,
    }


def _transport_options(settings: Settings) -> dict[str, Any]:
    """The options of kombu's Redis transport.

    A sweep gives back the messages of leases that ran out, and those that are older than `visibility_timeout`. By default it
    runs every hundred seconds, gives back ten messages, and respects the lock of a lost worker for five minutes.
    """
    return {
        "global_keyprefix": key_prefix(settings),
        "queue_order_strategy": "priority",
        "visibility_timeout": settings.task_visibility,
        "unacked_restore_interval": min(CLAIM_SECONDS, settings.task_visibility),
        "unacked_restore_throttle": 1,
        "unacked_restore_limit": MAX_SWEPT,
        "unacked_mutex_expire": SWEEP_LOCK_SECONDS,
        "health_check_interval": HEALTH_CHECK_SECONDS,
        "socket_timeout": 30,
        "socket_keepalive": True,
    }


def _tasks() -> dict[str, Any]:
    return {
        "imports": ["workers.tasks"],
        "task_queues": [Queue(name) for name in (INTERACTIVE, BULK)],  # type: ignore[no-untyped-call]
        "task_default_queue": BULK,
        "task_acks_late": True,
        "task_reject_on_worker_lost": True,
        "task_ignore_result": True,
        "task_serializer": "json",
        "accept_content": ["json"],
        "task_publish_retry_policy": SEND_RETRIES,
    }


def _worker(settings: Settings) -> dict[str, Any]:
    return {
        "worker_consumer": "workers.transport:Consumer",
        "worker_concurrency": settings.processes,
        "worker_prefetch_multiplier": 1,
        "worker_proc_alive_timeout": WARM_UP_SECONDS,
        "worker_cancel_long_running_tasks_on_connection_loss": True,
        "worker_hijack_root_logger": True,
    }


def _schedule() -> dict[str, Any]:
    """The periodic tasks; a message that no worker took before the next one is due expires."""
    return {
        "resend": {
            "task": "omma.resend",
            "schedule": RESEND_SECONDS,
            "options": {"queue": INTERACTIVE, "expires": RESEND_SECONDS},
        },
        "learn": {"task": "omma.learn", "schedule": LEARN_SECONDS, "options": {"expires": LEARN_SECONDS}},
        "entities": {"task": "omma.entities", "schedule": ADAPT_SECONDS, "options": {"expires": ADAPT_SECONDS}},
        "adapt": {"task": "omma.adapt", "schedule": ADAPT_SECONDS, "options": {"expires": ADAPT_SECONDS}},
        "reread": {"task": "omma.reread", "schedule": REREAD_SECONDS, "options": {"expires": REREAD_SECONDS}},
        "backup": {"task": "omma.backup", "schedule": BACKUP_SECONDS, "options": {"expires": BACKUP_SECONDS}},
        "tag": {"task": "omma.tag", "schedule": TAG_SECONDS, "options": {"expires": TAG_SECONDS}},
        "forget": {"task": "omma.forget", "schedule": DAY, "options": {"expires": DAY}},
    }
