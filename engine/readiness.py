"""Wait until services answer."""

import time
from collections.abc import Callable

from redis import RedisError

from engine.broker import connect_redis
from engine.client import connect
from engine.embedded.server import wait_until_ready
from engine.errors import EngineUnavailable
from engine.settings import Settings
from engine.supervision import is_taken, states

STARTING = {"RUNNING", "STARTING", "BACKOFF"}
SECONDS = 180


def wait(settings: Settings, tell: Callable[[str], None]) -> None:
    """Return when engine, queue and page answer; EngineUnavailable names the one that does not. `tell` hears each step."""
    for name, step in (("redis", _redis), ("opensearch", _opensearch), ("web", _web)):
        tell(name)
        step(settings)


def _alive(settings: Settings, name: str) -> bool:
    return states(settings).get(name, "RUNNING") in STARTING


def _opensearch(settings: Settings) -> None:
    wait_until_ready(connect(settings), SECONDS, lambda: _alive(settings, "opensearch"))


def _redis(settings: Settings) -> None:
    def answers() -> bool:
        try:
            return bool(connect_redis(settings).ping())
        except RedisError:
            return False

    _until(answers, "redis", settings)


def _web(settings: Settings) -> None:
    _until(lambda: is_taken(settings.web_port), "web", settings)


def _until(answers: Callable[[], bool], name: str, settings: Settings) -> None:
    end = time.monotonic() + SECONDS
    while not answers():
        if time.monotonic() > end or not _alive(settings, name):
            raise EngineUnavailable(f"{name} did not start; see `omma logs {name}`")
        time.sleep(0.2)
