"""What one process works with: settings, the OpenSearch client, Redis and the store, made once and handed down."""

from dataclasses import dataclass, field, replace
from functools import cached_property

from opensearchpy import OpenSearch
from redis import Redis

from engine.broker import connect_redis
from engine.client import connect
from engine.settings import Settings
from engine.store import Store


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
    def redis(self) -> "Redis":
        """The Redis client; ConfigurationError where the address is not valid."""
        return self.given_redis if self.given_redis is not None else connect_redis(self.settings)

    @cached_property
    def store(self) -> Store:
        """The store of originals and thumbnails."""
        return Store(self.settings)

    def with_settings(self, settings: Settings) -> "Context":
        """A context for other settings of the same servers, over the same connections."""
        return replace(self, settings=settings, given_client=self.client, given_redis=self.redis)
