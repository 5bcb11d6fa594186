"""The connections of one process: Redis, OpenSearch and the store, made once and handed down as one context."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from opensearchpy import OpenSearch
from opensearchpy.exceptions import ConnectionError as ClientConnectionError
from opensearchpy.exceptions import ConnectionTimeout, TransportError
from redis import Redis

from engine.errors import ConfigurationError, EngineUnavailable
from engine.settings import Settings
from engine.store import Store


def redis_url(settings: Settings) -> str:
    """The setting's address, or that of the Redis started on this machine."""
    return settings.redis_url or f"redis://127.0.0.1:{settings.redis_port}/0"


def tls_options(settings: Settings) -> dict[str, Any]:
    """What a `rediss://` address needs beside itself; empty for a plain one."""
    if not redis_url(settings).startswith("rediss://"):
        return {}
    return {"ssl_cert_reqs": ssl.CERT_REQUIRED, "ssl_ca_certs": settings.redis_ca or None}


def connect_redis(settings: Settings, patience: int = 0) -> Redis:
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


OVERLOADED = (429, 502, 503, 504)


def addresses(settings: Settings) -> list[str]:
    """The cluster's addresses: the setting's, or the embedded server's."""
    named = [part.strip() for part in settings.opensearch_url.split(",") if part.strip()]
    return named or [f"http://127.0.0.1:{settings.opensearch_port}"]


def connect(settings: Settings) -> OpenSearch:
    """A client with bounded waiting: one retry on another node, never longer than the setting twice over.

    ConfigurationError where the setting is no address.
    """
    user = settings.opensearch_user
    try:
        return OpenSearch(
            hosts=addresses(settings),
            http_auth=(user, settings.opensearch_password.get_secret_value()) if user else None,
            verify_certs=settings.opensearch_verify,
            ca_certs=settings.opensearch_ca or None,
            ssl_show_warn=False,
            timeout=settings.opensearch_timeout,
            max_retries=1,
            retry_on_timeout=False,
            pool_maxsize=16,
        )
    except (TypeError, ValueError) as error:  # the address is not repeated: it may carry a password
        raise ConfigurationError("OMMA_OPENSEARCH_URL is no address; one is `http://search.example:9200`") from error


@contextmanager
def guard() -> Iterator[None]:
    """Turn a server that is away, slow or overloaded into EngineUnavailable; let other errors through."""
    try:
        yield
    except ConnectionTimeout as error:
        raise EngineUnavailable("OpenSearch did not answer in time; see `omma status` and `omma logs opensearch`") from error
    except ClientConnectionError as error:
        raise EngineUnavailable(f"OpenSearch cannot be reached ({error.error}); see `omma status`") from error
    except TransportError as error:
        if error.status_code in OVERLOADED:
            raise EngineUnavailable(f"OpenSearch is overloaded or starting (status {error.status_code})") from error
        if error.error == "cluster_block_exception":
            raise EngineUnavailable("OpenSearch takes no writes now: a reindex is about to end, or the disk is full") from error
        raise


@dataclass(frozen=True)
class Context:
    """Settings and connections of one process; safe to share between threads.

    Entry points (command line, web application, worker) make one and hand it down; nothing below them connects by itself.
    A connection is made when it is first used.
    """

    settings: Settings
    given_client: OpenSearch | None = field(default=None, repr=False)
    given_redis: "Redis | None" = field(default=None, repr=False)

    @cached_property
    def client(self) -> OpenSearch:
        """The OpenSearch client; ConfigurationError where the address is not valid."""
        return self.given_client if self.given_client is not None else connect(self.settings)

    @cached_property
    def redis(self) -> Redis:
        """The Redis client; ConfigurationError where the address is not valid."""
        return self.given_redis if self.given_redis is not None else connect_redis(self.settings)

    @cached_property
    def store(self) -> Store:
        """The store of originals and thumbnails."""
        return Store(self.settings)

    def with_settings(self, settings: Settings) -> "Context":
        """A context for other settings of the same servers, over the same connections."""
        return replace(self, settings=settings, given_client=self.client, given_redis=self.redis)
