"""Celery's Redis transport, so that nothing waits for a worker or a connection that is gone.

Kombu gives an unacknowledged message back after a time limit, since it does not know who holds it. This transport notes
the holder's lease with each message (see `engine.leases`), and regularly gives back what leases that ran out hold.
"""

# Kombu's functions have no types.
# mypy: disable-error-code="no-untyped-call"

from collections.abc import Callable
from functools import partial
from typing import Any

from celery.signals import worker_shutdown
from celery.worker.consumer import Consumer as CeleryConsumer
from celery.worker.state import maybe_shutdown
from kombu.connection import Connection
from kombu.log import get_logger
from kombu.message import Message
from kombu.transport import redis

from engine.connections import connect_redis
from engine.leases import Lease
from engine.settings import get_settings
from workers.app import JOB_HEADER

RECONNECT_SECONDS = 3.0  # between two tries to reach Redis; Celery's own pause grows to 30 seconds

logger = get_logger(__name__)


class QoS(redis.QoS):
    """Acknowledgements that name their holder, and are repeated when a connection was cut under them."""

    def __init__(self, channel: "Channel", prefetch_count: int = 0) -> None:
        """Only the connection on which a worker consumes has a lease."""
        super().__init__(channel, prefetch_count)
        self._lease: Lease | None = getattr(channel.connection.client, "lease", None)
        self._unsettled: dict[str, Callable[[str], None]] = {}

    def append(self, message: Message, delivery_tag: str) -> None:
        """Note the holder first: a message without holder could only be given back by the time limit."""
        if self._lease:
            self._lease.hold(delivery_tag, str(message.headers.get(JOB_HEADER, "")))
        super().append(message, delivery_tag)

    def ack(self, delivery_tag: str) -> None:
        """Forget the message, now or as soon as the connection is back."""
        self._settle(delivery_tag, super().ack)

    def reject(self, delivery_tag: str, requeue: bool = False) -> None:
        """Give the message back or forget it, now or as soon as the connection is back."""
        self._settle(delivery_tag, partial(super().reject, requeue=requeue))

    def restore_visible(self, *args: Any, **options: Any) -> None:
        """Kombu calls this every `unacked_restore_interval` seconds: give back what nobody works on any more."""
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
        except self.channel.connection_errors:  # without a second try, the message would keep its place for good
            self._unsettled[tag] = settle
            raise

    def _remove_from_indices(self, delivery_tag: str, pipe: Any = None) -> Any:
        return super()._remove_from_indices(delivery_tag, pipe).hdel("holders", delivery_tag)


class Channel(redis.Channel):
    """A channel with these acknowledgements."""

    QoS = QoS

    def _connparams(self, asynchronous: bool = False) -> Any:
        """Kombu would end the worker by an AttributeError where a timer still uses a channel of the connection before."""
        if self.connection is None or self.connection.client is None:
            raise ConnectionError("this channel belongs to a connection that is closed")
        return super()._connparams(asynchronous)


class Transport(redis.Transport):
    """Redis, for `broker_transport`."""

    Channel = Channel


class Consumer(CeleryConsumer):  # type: ignore[misc]
    """A worker's consumer, which holds a lease while it is connected.

    Without gossip and mingle, which tell workers of each other and are not used here. With Celery 5.7 gossip does not
    survive a reconnect: `bootsteps.ConsumerStep` closes its channel by a connection that is None by then.
    """

    def __init__(self, *args: Any, worker_options: dict[str, Any] | None = None, **options: Any) -> None:
        """As Celery calls it."""
        settings = get_settings()
        self._lease = Lease(connect_redis(settings), f"{settings.index_prefix}:", options["hostname"])
        worker_shutdown.connect(self._drop_lease, weak=False)
        quiet = {"without_gossip": True, "without_mingle": True}
        super().__init__(*args, worker_options=(worker_options or {}) | quiet, **options)

    def connection_for_read(self, heartbeat: float | None = None) -> Connection:
        """Connect, as often as it takes, and begin a lease."""
        connection = self.app.connection_for_read(heartbeat=heartbeat)
        connection.lease = self._lease
        connected = self.ensure_connected(connection)
        self._lease.begin(list(self.app.amqp.queues.consume_from))
        return connected

    def ensure_connected(self, conn: Connection) -> Connection:
        """Try every few seconds, for ever."""
        conn.ensure_connection(
            self._say_unreachable, interval_start=1, interval_step=1, interval_max=RECONNECT_SECONDS, callback=maybe_shutdown
        )
        connected: Connection = super().ensure_connected(conn)
        return connected

    def on_connection_error_after_connected(self, exc: Exception) -> None:
        """Running tasks are cancelled: what they held is free to be claimed."""
        super().on_connection_error_after_connected(exc)
        self._lease.stop()

    def _say_unreachable(self, error: Exception, interval: float) -> None:
        logger.error("waiting for Redis: %s; next try in %.0f s", error, interval)

    def _drop_lease(self, **_: Any) -> None:
        self._lease.drop()
