"""Redis: where it is, and a connection to it."""

import ssl
from typing import TYPE_CHECKING, Any

from engine.errors import ConfigurationError
from engine.settings import Settings

if TYPE_CHECKING:
    from redis import Redis


def redis_url(settings: Settings) -> str:
    """The setting's address, or that of the Redis started on this machine."""
    return settings.redis_url or f"redis://127.0.0.1:{settings.redis_port}/0"


def tls_options(settings: Settings) -> dict[str, Any]:
    """What a `rediss://` address needs beside itself; empty for a plain one."""
    if not redis_url(settings).startswith("rediss://"):
        return {}
    return {"ssl_cert_reqs": ssl.CERT_REQUIRED, "ssl_ca_certs": settings.redis_ca or None}


def connect_redis(settings: Settings, patience: int = 0) -> "Redis":
    """A client for text that waits a few seconds for an answer; ConfigurationError.

    `patience`: seconds for which it tries to reconnect while Redis is away; 0: a few, as redis-py does.
    """
    from redis import Redis  # noqa: PLC0415  (a command that only needs the address does not load it)
    from redis.backoff import ConstantBackoff  # noqa: PLC0415
    from redis.retry import Retry  # noqa: PLC0415

    patient = {"retry": Retry(ConstantBackoff(1.0), patience)} if patience else {}
    try:
        return Redis.from_url(
            redis_url(settings),
            decode_responses=True,
            socket_timeout=5,
            socket_connect_timeout=3,
            health_check_interval=30,
            **patient,
            **tls_options(settings),
        )
    except ValueError as error:  # the address is not repeated: it may carry a password
        raise ConfigurationError("OMMA_REDIS_URL is no address; one is `redis://queue.example:6379/0`") from error
