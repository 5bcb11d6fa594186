"""The Celery application: what is acknowledged when, which queues there are, how many processes and threads."""

from typing import Any

from celery import Celery
from celery.signals import worker_process_init
from kombu.entity import Queue

from engine.connections import tls_options
from engine.leases import CLAIM_SECONDS
from engine.settings import Settings, get_settings

INTERACTIVE, BULK = "interactive", "bulk"  # in the order in which a worker of both looks for work
JOB_HEADER = "omma-job"  # of a message: the job that it belongs to
WARM_UP_SECONDS = 600  # a process that loads models for longer counts as stuck
HEALTH_CHECK_SECONDS = 10  # after which a connection whose other end is silently gone is noticed
SWEEP_LOCK_SECONDS = 30  # after which the lock of a worker that was lost while it swept is no longer heeded
RESEND_SECONDS = 10.0  # between two looks for batches whose message was lost
LEARN_CHECK_SECONDS = 600.0  # between two looks for something new to learn
DAY = 24 * 3600.0
SWEPT = 100  # tasks given back by one sweep
# Sending waits this long for a Redis that restarts: 30 tries, up to 2 seconds apart, about a minute.
PATIENCE = {"max_retries": 30, "interval_start": 0.2, "interval_step": 0.5, "interval_max": 2.0}


def key_prefix(settings: Settings) -> str:
    """What keeps the queues of installations apart that share one Redis."""
    return f"{settings.index_prefix}:"


def configuration(settings: Settings) -> dict[str, Any]:
    """Nothing is acknowledged before it is done, and nobody holds work that another could do."""
    return {
        "broker_url": settings.redis_address,
        "broker_transport": "workers.transport:Transport",
        "worker_consumer": "workers.transport:Consumer",
        "broker_use_ssl": tls_options(settings) or None,
        "broker_connection_retry_on_startup": True,
        "broker_transport_options": {
            "visibility_timeout": settings.task_visibility,
            # What leases that ran out hold is given back at each of these looks, whatever the time limit. The defaults look
            # every hundred seconds, give back ten tasks, and respect a lost worker's lock for five minutes.
            "unacked_restore_interval": min(CLAIM_SECONDS, settings.task_visibility),
            "unacked_restore_throttle": 1,
            "unacked_restore_limit": SWEPT,
            "unacked_mutex_expire": SWEEP_LOCK_SECONDS,
            "global_keyprefix": key_prefix(settings),
            "queue_order_strategy": "priority",
            "health_check_interval": HEALTH_CHECK_SECONDS,
            "socket_timeout": 30,
            "socket_keepalive": True,
        },
        "task_publish_retry_policy": PATIENCE,
        "task_acks_late": True,
        "task_reject_on_worker_lost": True,
        "task_ignore_result": True,
        "task_serializer": "json",
        "accept_content": ["json"],
        "task_queues": [Queue(name) for name in (INTERACTIVE, BULK)],  # type: ignore[no-untyped-call]
        "task_default_queue": BULK,
        "worker_prefetch_multiplier": 1,
        "worker_concurrency": settings.processes,
        "worker_proc_alive_timeout": WARM_UP_SECONDS,
        "worker_cancel_long_running_tasks_on_connection_loss": True,
        "worker_hijack_root_logger": True,
        "imports": ["workers.tasks"],
        "beat_schedule": {
            "resend": {
                "task": "omma.resend",
                "schedule": RESEND_SECONDS,
                "options": {"queue": INTERACTIVE, "expires": RESEND_SECONDS},
            },
            "learn": {"task": "omma.learn", "schedule": LEARN_CHECK_SECONDS, "options": {"expires": LEARN_CHECK_SECONDS}},
            "forget": {"task": "omma.forget", "schedule": DAY, "options": {"expires": DAY}},
        },
    }


def make_app(settings: Settings) -> Celery:
    """An application that talks to the Redis of these settings."""
    made = Celery("omma", set_as_current=False)
    made.conf.update(configuration(settings))
    return made


app = make_app(get_settings())


@worker_process_init.connect  # type: ignore[untyped-decorator]
def warm_up(**_: object) -> None:
    """Load the models before the first batch, with as many threads as this process's share of the cores."""
    from workers.runtime import get_runtime  # noqa: PLC0415  (only a process that looks loads models)

    get_runtime().warm_up()
