"""The programs in the background of one machine: the command, user and environment of each."""

import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field

from engine.embedded import server
from engine.errors import ConfigurationError
from engine.installation import CHECKOUT, paths_of
from engine.service_user import check_passable, give, service_user
from engine.settings import Settings

LOOPBACK = {"127.0.0.1", "localhost", "::1"}
INTERACTIVE_PROCESSES = 1


@dataclass(frozen=True, slots=True)
class Program:
    """A command that stays in the foreground.

    `port`: where it listens, `setting`: the variable that changes the port, `seconds`: how long it may take to stop.
    """

    name: str
    command: list[str]
    user: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)
    port: int | None = None
    setting: str = ""
    seconds: int = 30


def programs(settings: Settings) -> list[Program]:
    """The programs that `omma up` starts; ConfigurationError where something that they need is missing.

    Where a setting names an existing cluster or Redis, none is started.
    """
    check_listening(settings)
    servers = [] if settings.opensearch_url else [opensearch(settings)]
    servers += [] if settings.redis_url else [redis(settings)]
    return [*servers, worker("bulk", settings), worker("interactive", settings), beat(settings), web(settings)]


def check_listening(settings: Settings) -> None:
    """ConfigurationError where the page would listen beyond the loopback without a token."""
    if settings.web_host not in LOOPBACK and not settings.api_token.get_secret_value():
        raise ConfigurationError(f"OMMA_WEB_HOST={settings.web_host} is not the loopback; set OMMA_API_TOKEN first")


def opensearch(settings: Settings) -> Program:
    """The embedded OpenSearch; never as root."""
    node = server.node(settings)
    node.prepare()
    return Program(
        "opensearch", node.command, node.user, node.environment, settings.opensearch_port, "OMMA_OPENSEARCH_PORT", 60
    )


def redis(settings: Settings) -> Program:
    """A Redis that listens on the loopback, keeps its data and evicts nothing."""
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
    """A Celery worker of one queue; one process is enough for the interactive queue."""
    count = settings.processes if queue == "bulk" else INTERACTIVE_PROCESSES
    arguments = ["-A", "workers.app", "worker", "-Q", queue, "-c", str(count), "-l", "info", "-n", f"{queue}@%h"]
    return Program(f"worker-{queue}", [sys.executable, "-m", "celery", *arguments], "", omma_environment(settings))


def beat(settings: Settings) -> Program:
    """Celery's scheduler, which sends periodic tasks to the workers; one, whatever the number of workers."""
    folder = paths_of(settings).run
    arguments = ["-A", "workers.app", "beat", "-l", "info", "-s", str(folder / "beat"), "--pidfile="]
    return Program("beat", [sys.executable, "-m", "celery", *arguments], "", omma_environment(settings))


def web(settings: Settings) -> Program:
    """The page, by gunicorn."""
    command = [sys.executable, "-m", "gunicorn", "--config", "python:web.gunicorn"]
    return Program("web", command, "", omma_environment(settings), settings.web_port, "OMMA_WEB_PORT")


def omma_environment(settings: Settings) -> dict[str, str]:
    """The variables by which a process of Omma finds the code, and the home and Redis of the process that started it."""
    return {"PYTHONPATH": str(CHECKOUT), "OMMA_HOME": str(settings.home), "OMMA_REDIS_URL": settings.redis_address}
