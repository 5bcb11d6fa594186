"""What runs in the background on one machine: each program's command, user and surroundings."""

import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from engine.connections import redis_url
from engine.embedded import server
from engine.embedded.server import check_passable, give, service_user
from engine.errors import ConfigurationError
from engine.installation import paths_of
from engine.settings import Settings

CHECKOUT = Path(__file__).resolve().parents[1]
LOOPBACK = {"127.0.0.1", "localhost", "::1"}
INTERACTIVE_PROCESSES = 1


@dataclass(frozen=True, slots=True)
class Program:
    """A command that stays in the foreground; `port` is what it listens on, `seconds` how long it may take to stop."""

    name: str
    command: list[str]
    user: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)
    port: int | None = None
    setting: str = ""
    seconds: int = 30


def programs(settings: Settings) -> list[Program]:
    """Everything that `omma up` starts; ConfigurationError where something that it needs is missing.

    An existing cluster or Redis, named by a setting, is not started here.
    """
    check_listening(settings)
    servers = [] if settings.opensearch_url else [opensearch(settings)]
    servers += [] if settings.redis_url else [redis(settings)]
    return [*servers, worker("bulk", settings), worker("interactive", settings), beat(settings), web(settings)]


def check_listening(settings: Settings) -> None:
    """Nothing listens beyond the loopback without a token."""
    if settings.web_host not in LOOPBACK and not settings.api_token.get_secret_value():
        raise ConfigurationError(f"OMMA_WEB_HOST={settings.web_host} is not the loopback; set OMMA_API_TOKEN first")


def opensearch(settings: Settings) -> Program:
    """The embedded server; never as root."""
    node = server.node(settings)
    node.prepare()
    return Program(
        "opensearch", node.command, node.user, node.environment, settings.opensearch_port, "OMMA_OPENSEARCH_PORT", 60
    )


def redis(settings: Settings) -> Program:
    """A Redis of our own: on the loopback, its data kept, nothing evicted."""
    binary = shutil.which("redis-server")
    if binary is None:
        raise ConfigurationError("redis-server is missing; install the package redis-server, or set OMMA_REDIS_URL")
    data, user = paths_of(settings).data / "redis", service_user()
    check_passable(user, data)
    give(user, data)
    options = {
        "port": settings.redis_port,
        "bind": "127.0.0.1",
        "dir": data,
        "appendonly": "yes",
        "save": "",
        "daemonize": "no",
    }
    command = [binary, *(part for name, value in options.items() for part in (f"--{name}", str(value)))]
    return Program("redis", command, user, {}, settings.redis_port, "OMMA_REDIS_PORT")


def worker(queue: str, settings: Settings) -> Program:
    """A Celery worker of one queue; a single process is enough for what people wait for."""
    count = settings.processes if queue == "bulk" else INTERACTIVE_PROCESSES
    arguments = ["-A", "workers.app", "worker", "-Q", queue, "-c", str(count), "-l", "info", "-n", f"{queue}@%h"]
    return Program(f"worker-{queue}", [sys.executable, "-m", "celery", *arguments], "", own(settings))


def beat(settings: Settings) -> Program:
    """Celery's clock: it sends what is due to the workers. There is one, whatever the number of workers."""
    folder = paths_of(settings).run
    arguments = ["-A", "workers.app", "beat", "-l", "info", "-s", str(folder / "beat"), "--pidfile="]
    return Program("beat", [sys.executable, "-m", "celery", *arguments], "", own(settings))


def web(settings: Settings) -> Program:
    """The page, by gunicorn."""
    command = [sys.executable, "-m", "gunicorn", "--config", "python:web.gunicorn"]
    return Program("web", command, "", own(settings), settings.web_port, "OMMA_WEB_PORT")


def own(settings: Settings) -> dict[str, str]:
    """Surroundings of our own processes: they find the code, and the same home and Redis as whoever started them."""
    return {"PYTHONPATH": str(CHECKOUT), "OMMA_HOME": str(settings.home), "OMMA_REDIS_URL": redis_url(settings)}
