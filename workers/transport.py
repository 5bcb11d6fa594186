"""Celery's Redis transport, extended so that no message waits for a worker or a connection that is gone.

Kombu gives an unacknowledged message back after a time limit, since it does not know who holds it. This transport notes the
holder's lease with each message (see `engine.leases`), and regularly gives back the messages of leases that ran out.

Celery makes these classes by their names. The consumer finds the settings in the application that it is made with (see
`workers.celery_config.make_app`), and hands its lease to the connection on which it consumes.
"""

# Kombu's functions have no types.
# mypy: disable-error-code="no-untyped-call"

from collections.abc import Callable
from functools import partial
from typing import Any

from celery import Celery
from celery.signals import worker_shutdown
from celery.worker.consumer import Consumer as CeleryConsumer
from celery.worker.state import maybe_shutdown
from kombu.connection import Connection
from kombu.log import get_logger
from kombu.message import Message
from kombu.transport import redis

from engine.connections import connect_redis
from engine.leases import Lease
from engine.settings import Settings
from workers.celery_config import JOB_HEADER, key_prefix

RECONNECT_SECONDS = 3.0  # between two tries to reach Redis; Celery's own pause grows to 30 seconds

logger = get_logger(__name__)


class QoS(redis.QoS):
    """Acknowledgements that name the holder, and are repeated where the connection was cut meanwhile."""

    def __init__(self, channel: "Channel", prefetch_count: int = 0) -> None:
        """Takes the lease of the connection; only the connection on which a worker consumes has one."""
        super().__init__(channel, prefetch_count)
        self._lease: Lease | None = getattr(channel.connection.client, "lease", None)
        self._unsettled: dict[str, Callable[[str], None]] = {}

    def append(self, message: Message, delivery_tag: str) -> None:
        """Note the holder first: a message without holder could be given back only after the time limit."""
        if self._lease:
            self._lease.hold(delivery_tag, str(message.headers.get(JOB_HEADER, "")))
        super().append(message, delivery_tag)

    def ack(self, delivery_tag: str) -> None:
        """Acknowledge the message, now or as soon as the connection is back."""
        self._settle(delivery_tag, super().ack)

    def reject(self, delivery_tag: str, requeue: bool = False) -> None:
        """Give the message back or drop it, now or as soon as the connection is back."""
        self._settle(delivery_tag, partial(super().reject, requeue=requeue))

    def restore_visible(self, *args: Any, **options: Any) -> None:
        """Give back messages whose worker is gone; kombu calls this every `unacked_restore_interval` seconds."""
        super().restore_visible(*args, **options)
        if not self._lease or not self.channel.active_queues:
            return
        claimed = self._lease.claim()
        if claimed:
            logger.warning("giving back %d messages of workers that are gone", len(claimed))
        self._unsettled |= dict.fromkeys(claimed, self.restore_by_tag)
        for tag, settle in list(self._unsettled.items()):
            settle(tag)
            del self._unsettled[tag]

    def _settle(self, tag: str, settle: Callable[[str], None]) -> None:
        try:
            settle(tag)
        except self.channel.connection_errors:  # without a second try, the message would stay unacknowledged for good
            self._unsettled[tag] = settle
            raise

    def _remove_from_indices(self, delivery_tag: str, pipe: Any = None) -> Any:
        return super()._remove_from_indices(delivery_tag, pipe).hdel("holders", delivery_tag)


class Channel(redis.Channel):
    """A channel with the acknowledgements above."""

    QoS = QoS

    def _connparams(self, asynchronous: bool = False) -> Any:
        """Raise ConnectionError where a timer still uses a channel of a closed connection.

        Kombu would raise an AttributeError there, which ends the worker.
        """
        if self.connection is None or self.connection.client is None:
            raise ConnectionError("the connection of this channel is closed")
        return super()._connparams(asynchronous)


class Transport(redis.Transport):
    """The Redis transport with the channel above; named by `broker_transport`."""

    Channel = Channel


class Consumer(CeleryConsumer):  # type: ignore[misc]
    """A worker's consumer, which holds a lease while it is connected; named by `worker_consumer`.

    Runs without gossip and mingle, by which workers learn of each other, since nothing here uses them. With Celery 5.7 gossip
    does not survive a reconnect: `bootsteps.ConsumerStep` closes its channel by a connection that is None by then.
    """

    def __init__(
        self, *args: Any, app: Celery, hostname: str, worker_options: dict[str, Any] | None = None, **options: Any
    ) -> None:
        """As Celery calls it."""
        settings: Settings = app.settings
        self._lease = Lease(connect_redis(settings), key_prefix(settings), hostname)
        worker_shutdown.connect(self._drop_lease, weak=False)
        alone = (worker_options or {}) | {"without_gossip": True, "without_mingle": True}
        super().__init__(*args, app=app, hostname=hostname, worker_options=alone, **options)

    def connection_for_read(self, heartbeat: float | None = None) -> Connection:
        """Connect, trying until it succeeds, and begin a lease."""
        connection = self.app.connection_for_read(heartbeat=heartbeat)
        connection.lease = self._lease
        connected = self.ensure_connected(connection)
        self._lease.begin(list(self.app.amqp.queues.consume_from))
        return connected

    def ensure_connected(self, conn: Connection) -> Connection:
        """Try every few seconds until the connection stands."""
        conn.ensure_connection(
            self._log_unreachable, interval_start=1, interval_step=1, interval_max=RECONNECT_SECONDS, callback=maybe_shutdown
        )
        connected: Connection = super().ensure_connected(conn)
        return connected

    def on_connection_error_after_connected(self, exc: Exception) -> None:
        """Running tasks are cancelled, so the messages that they hold may be claimed."""
        super().on_connection_error_after_connected(exc)
        self._lease.stop()

    def _log_unreachable(self, error: Exception, interval: float) -> None:
        logger.error("waiting for Redis: %s; next try in %.0f s", error, interval)

    def _drop_lease(self, **_: Any) -> None:
        self._lease.drop()
