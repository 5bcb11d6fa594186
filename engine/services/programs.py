"""What runs on one machine, as supervisord is told: a table of programs."""

import shutil
import sys
from dataclasses import dataclass, field
from pathlib import Path

from engine.embedded.artifacts import ensure_server
from engine.embedded.java import every_java, find_java, mend
from engine.embedded.node import Node
from engine.embedded.user import check_passable, give, service_user
from engine.errors import ConfigurationError
from engine.settings import Settings

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, kw_only=True)
class Program:
    """One process that supervisord keeps alive. `port` is what it listens on and `setting` what changes that."""

    name: str
    command: list[str]
    environment: dict[str, str] = field(default_factory=dict)
    user: str = ""
    host: str = "127.0.0.1"
    port: int = 0
    setting: str = ""
    steady: int = 2  # seconds after which it counts as running
    stop: int = 30  # seconds that it may take to end

    @property
    def address(self) -> str:
        """Where it answers; empty for a program without a port."""
        return f"{self.host}:{self.port}" if self.port else ""


def engine_programs(settings: Settings) -> list[Program]:
    """OpenSearch and Redis, each only where no existing one is named; fetches and prepares what they need."""
    user = service_user() if not (settings.opensearch_url and settings.redis_url) else ""
    makers = [] if settings.opensearch_url else [opensearch]
    makers += [] if settings.redis_url else [redis]
    return [make(settings, user) for make in makers]


def own_programs(settings: Settings, *, beat: bool = False) -> list[Program]:
    """Workers and the page; a beat where something is scheduled."""
    celery = [sys.executable, "-P", "-m", "celery", "--app", "workers.app:app"]
    worker = [*celery, "worker", "--loglevel", "INFO", "--without-gossip", "--without-mingle"]
    state = settings.home / "run" / "beat"
    programs = [
        _worker("worker-interactive", [*worker, "--queues", "interactive", "--hostname", "interactive@%h", "--concurrency", "1"]),
        _worker("worker-bulk", [*worker, "--queues", "bulk", "--hostname", "bulk@%h"]),
        web(settings),
    ]
    return programs + ([_worker("beat", [*celery, "beat", "--schedule", str(state)])] if beat else [])


def opensearch(settings: Settings, user: str) -> Program:
    """The embedded server; ConfigurationError where no Java runs it."""
    java = find_java()
    if not java:
        raise ConfigurationError(mend(list(every_java())))
    node = Node(
        server=ensure_server(settings.home), folder=settings.home / "opensearch" / "node", java=java.home,
        port=settings.opensearch_port, heap=settings.opensearch_heap, user=user,
        logs=settings.home / "logs" / "opensearch",
    )  # fmt: skip
    node.prepare()
    return Program(
        name="opensearch", command=node.command, environment=node.environment, user=user, stop=60,
        port=settings.opensearch_port, setting="OMMA_OPENSEARCH_PORT",
    )  # fmt: skip


def redis(settings: Settings, user: str) -> Program:
    """A Redis of our own, apart from any that the system runs; it keeps its queues over a restart."""
    binary = shutil.which("redis-server") or shutil.which("valkey-server")
    if not binary:
        raise ConfigurationError("redis-server is missing; install it (apt install redis-server), or set OMMA_REDIS_URL")
    folder = settings.home / "redis"
    check_passable(user, folder / "data")
    give(user, folder)
    folder.chmod(0o700)
    options = {
        "port": settings.redis_port, "bind": "127.0.0.1", "dir": folder, "appendonly": "yes", "save": "''",
        "daemonize": "no", "maxmemory-policy": "noeviction", "stop-writes-on-bgsave-error": "no",
    }  # fmt: skip
    flags = [part for name, value in options.items() for part in (f"--{name}", str(value))]
    return Program(
        name="redis", command=[binary, *flags], user=user, port=settings.redis_port, setting="OMMA_REDIS_PORT"
    )


def web(settings: Settings) -> Program:
    """The page under gunicorn."""
    return Program(
        name="web", command=[sys.executable, "-P", "-m", "gunicorn", "--config", "python:web.gunicorn", "web.wsgi:app"],
        host=settings.web_host, port=settings.web_port, setting="OMMA_WEB_PORT",
    )  # fmt: skip


def _worker(name: str, command: list[str]) -> Program:
    """A Celery process: it may run as root, because it reads the pictures that its user may read; it gets time to finish."""
    return Program(name=name, command=command, environment={"C_FORCE_ROOT": "1"}, stop=60)
