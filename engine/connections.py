"""The connections of one process: OpenSearch, Redis and the store, made once and handed down as one context."""

import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from opensearchpy import OpenSearch
from opensearchpy.exceptions import ConnectionError as ClientConnectionError
from opensearchpy.exceptions import ConnectionTimeout, OpenSearchException, TransportError
from redis import Redis
from redis.backoff import ConstantBackoff
from redis.retry import Retry

from engine.errors import ConfigurationError, EngineUnavailable
from engine.settings import Settings
from engine.store import Store

MIN_OPENSEARCH = 3  # the major version that queries are written for
KNN_PLUGIN = "opensearch-knn"
OVERLOADED = (429, 502, 503, 504)  # statuses of a server that is too busy, or still starting


@dataclass(frozen=True)
class Context:
    """Settings and connections of one process; safe to share between threads.

    Entry points (command line, web application, worker) make one and hand it down; nothing below them connects by itself.
    A connection is made when it is first used.
    """

    settings: Settings
    given_client: OpenSearch | None = field(default=None, repr=False)
    given_redis: Redis | None = field(default=None, repr=False)

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


def connect(settings: Settings) -> OpenSearch:
    """An OpenSearch client with bounded waiting: one retry on another node, so at most twice the timeout of the settings.

    ConfigurationError where the address is not valid.
    """
    user = settings.opensearch_user
    try:
        return OpenSearch(
            hosts=settings.opensearch_addresses,
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
        raise ConfigurationError(
            "OMMA_OPENSEARCH_URL is not a valid URL; expected e.g. `http://search.example:9200`"
        ) from error


@contextmanager
def guard() -> Iterator[None]:
    """Turn the errors of a server that is away, slow or overloaded into EngineUnavailable; let other errors through."""
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


def wait_until_ready(client: OpenSearch, seconds: float, alive: Callable[[], bool] = lambda: True) -> None:
    """Return when the cluster answers and its primaries are allocated; EngineUnavailable after `seconds`, or unless `alive`."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and alive():
        try:
            health = client.cluster.health(params={"wait_for_status": "yellow"}, request_timeout=5)
            if health["status"] in {"yellow", "green"}:
                return
        except OpenSearchException:
            time.sleep(0.3)
    problem = "did not become ready in time" if alive() else "stopped while starting"
    raise EngineUnavailable(f"OpenSearch {problem}; see `omma logs opensearch`")


def check_version(client: OpenSearch) -> None:
    """ConfigurationError where the cluster is too old or lacks the k-NN plugin."""
    version = str(client.info()["version"]["number"])
    if int(version.split(".", maxsplit=1)[0]) < MIN_OPENSEARCH:
        raise ConfigurationError(f"OpenSearch {version} is too old; {MIN_OPENSEARCH}.x is needed")
    if KNN_PLUGIN not in {row["component"] for row in client.cat.plugins(format="json")}:
        raise ConfigurationError(f"this OpenSearch has no k-NN plugin; install {KNN_PLUGIN}")


def connect_redis(settings: Settings, patience: int = 0) -> Redis:
    """A Redis client for text that waits a few seconds for an answer; ConfigurationError where the address is not valid.

    `patience`: seconds for which it tries to reconnect while Redis is away; 0: a few, as redis-py does.
    """
    patient = {"retry": Retry(ConstantBackoff(1.0), patience)} if patience else {}
    try:
        return Redis.from_url(
            settings.redis_address,
            decode_responses=True,
            socket_timeout=5,
            socket_connect_timeout=3,
            health_check_interval=30,
            **patient,
            **tls_options(settings),
        )
    except ValueError as error:  # the address is not repeated: it may carry a password
        raise ConfigurationError("OMMA_REDIS_URL is not a valid URL; expected e.g. `redis://queue.example:6379/0`") from error


def tls_options(settings: Settings) -> dict[str, Any]:
    """Further options of a client for a `rediss://` address; empty for a plain one."""
    if not settings.redis_address.startswith("rediss://"):
        return {}
    return {"ssl_cert_reqs": ssl.CERT_REQUIRED, "ssl_ca_certs": settings.redis_ca or None}
