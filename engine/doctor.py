"""Checks of this machine: each finds nothing wrong, or says how to fix it."""

import os
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from opensearchpy.exceptions import OpenSearchException
from redis import RedisError

from engine.connections import check_version, connect, connect_redis
from engine.embedded import server
from engine.errors import ConfigurationError, OmmaError
from engine.installation import paths_of
from engine.programs import LOOPBACK, check_listening
from engine.service_user import check_passable, service_user
from engine.setting_forms import misspelt
from engine.settings import Settings
from engine.store import Store
from engine.supervision import is_taken, states

MIN_PYTHON = (3, 11)
MIN_FREE_BYTES = 5 * 1024**3  # the server, the environment's cache and a demo index need about as much


@dataclass(frozen=True, slots=True)
class Finding:
    """The outcome of one check: its subject, whether it passed, and the finding or how to fix it. A warning passes."""

    name: str
    well: bool
    text: str
    warning: bool = False


Check = Callable[[Settings], str]


def examine(settings: Settings, further: dict[str, Check] | None = None) -> Iterator[Finding]:
    """Warnings, then the outcome of every check; `further` are checks of other rooms. A check returns a text, or raises."""
    yield from warnings()
    for name, check in (CHECKS | (further or {})).items():
        try:
            yield Finding(name, True, check(settings))
        except (OmmaError, OSError) as error:
            yield Finding(name, False, str(error))


def warnings(environment: Mapping[str, str] = os.environ) -> Iterator[Finding]:
    """Variables that begin like a setting but that nothing reads, each with the closest name of a setting."""
    for text in misspelt(environment, Settings.model_fields):
        yield Finding("settings", True, text, warning=True)


def _python(_: Settings) -> str:
    if sys.version_info[:2] < MIN_PYTHON:
        raise ConfigurationError(f"Python {sys.version.split()[0]} is too old; install 3.11 or later")
    return sys.version.split()[0]


def _folder(settings: Settings) -> str:
    root = paths_of(settings).root
    existing = _nearest_existing(root)
    if not os.access(existing, os.W_OK | os.X_OK):
        raise ConfigurationError(f"{root} cannot be written; set OMMA_HOME to a folder of your own, or use sudo")
    check_passable(service_user(), root / "data")
    return str(root)


def _disk(settings: Settings) -> str:
    root = paths_of(settings).root
    free = shutil.disk_usage(_nearest_existing(root)).free
    if free < MIN_FREE_BYTES:
        raise ConfigurationError(f"{free / 1024**3:.1f} GiB free at {root}; make room, or set OMMA_HOME elsewhere")
    return f"{free / 1024**3:.0f} GiB free"


def _nearest_existing(folder: Path) -> Path:
    """The folder, or its nearest parent that exists."""
    return next(one for one in (folder, *folder.parents) if one.exists())


def _java(settings: Settings) -> str:
    if settings.opensearch_url:
        return "not needed: OMMA_OPENSEARCH_URL names a cluster"
    return f"in {server.java_home()}"


def _redis_program(settings: Settings) -> str:
    if settings.redis_url:
        return "not needed: OMMA_REDIS_URL names one"
    found = shutil.which("redis-server")
    if found is None:
        raise ConfigurationError("redis-server is missing; install the package redis-server, or set OMMA_REDIS_URL")
    return found


def _listening(settings: Settings) -> str:
    check_listening(settings)
    return "loopback only" if settings.web_host in LOOPBACK else f"{settings.web_host}, with a token"


def _ports(settings: Settings) -> str:
    running = states(settings)
    wanted = {
        "opensearch": (settings.opensearch_port, "OMMA_OPENSEARCH_PORT", settings.opensearch_url),
        "redis": (settings.redis_port, "OMMA_REDIS_PORT", settings.redis_url),
        "web": (settings.web_port, "OMMA_WEB_PORT", ""),
    }
    for name, (port, setting, elsewhere) in wanted.items():
        if not elsewhere and running.get(name) not in {"RUNNING", "STARTING"} and is_taken(port):
            raise ConfigurationError(f"port {port} for {name} is taken by another process; stop it, or set {setting}")
    return ", ".join(str(port) for port, _, elsewhere in wanted.values() if not elsewhere)


def _services(settings: Settings) -> str:
    running = states(settings)
    if not running:
        raise ConfigurationError("nothing runs; `./omma up` starts it")
    wrong = [f"{name} is {state}" for name, state in running.items() if state != "RUNNING"]
    if wrong:
        raise ConfigurationError(f"{'; '.join(wrong)}; see `./omma logs`")
    return ", ".join(running)


def _opensearch(settings: Settings) -> str:
    try:
        client = connect(settings)
        check_version(client)
        return f"{settings.opensearch_addresses[0]} {client.info()['version']['number']}"
    except OpenSearchException as error:
        raise ConfigurationError(f"OpenSearch does not answer ({error}); `./omma up`, then `./omma logs opensearch`") from error


def _redis(settings: Settings) -> str:
    try:
        info = connect_redis(settings).info("server")
        return f"Redis {info['redis_version']}"
    except RedisError as error:
        raise ConfigurationError(f"Redis does not answer ({error}); `./omma up`, then `./omma logs redis`") from error


def _store(settings: Settings) -> str:
    store = Store(settings)
    probe = store.put_original(b"omma")
    store.delete(probe)
    return settings.store_url or str(paths_of(settings).root / "store")


CHECKS: dict[str, Check] = {
    "Python": _python,
    "folder": _folder,
    "disk": _disk,
    "Java": _java,
    "redis-server": _redis_program,
    "listening": _listening,
    "ports": _ports,
    "store": _store,
    "services": _services,
    "OpenSearch": _opensearch,
    "Redis": _redis,
}
