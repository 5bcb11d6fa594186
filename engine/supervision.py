"""Services in the background, owned by supervisord: started, waited for, listed and stopped."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xmlrpc.client import Fault, ServerProxy

from redis import RedisError
from supervisor.xmlrpc import SupervisorTransport

from engine.connections import connect, connect_redis, wait_until_ready
from engine.errors import ConfigurationError, EngineUnavailable
from engine.installation import CHECKOUT, make_folder, paths_of
from engine.programs import Program, programs
from engine.settings import Settings

MAX_SOCKET_PATH = 100  # bytes of the path of a unix socket
PARENT_SECONDS = 15  # for supervisord itself to answer
READY_SECONDS = 180  # for each service to answer
STOP_SECONDS = 90  # for all services together to stop
ALIVE = {"RUNNING", "STARTING", "BACKOFF"}  # states of a program that may still become ready

CONFIGURATION = """\
[unix_http_server]
file={run}/supervisor.sock
chmod=0700

[supervisord]
pidfile={run}/supervisord.pid
logfile={logs}/supervisord.log
logfile_maxbytes=5MB
childlogdir={logs}
directory={checkout}
nocleanup=true

[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface

[supervisorctl]
serverurl=unix://{run}/supervisor.sock
"""


def up(settings: Settings) -> list[str]:
    """Start the programs that do not run yet, and return their names.

    ConfigurationError where a program is missing, or names a port that another process has.
    """
    base = paths_of(settings)
    for folder in (base.root, base.run, base.logs):
        make_folder(folder)
    if len(str(base.run / "supervisor.sock")) > MAX_SOCKET_PATH:
        raise ConfigurationError(f"{base.run} is too long a path for a socket; set OMMA_HOME to a shorter one")
    wanted = programs(settings)
    running = states(settings)
    check_ports([program for program in wanted if running.get(program.name) != "RUNNING"])
    path = base.run / "supervisord.conf"
    path.write_text(configuration(settings, wanted))
    path.chmod(0o600)
    if running:
        return _update(settings, [program.name for program in wanted])
    _spawn(path)
    _wait_for_parent(settings)
    return [program.name for program in wanted]


def _spawn(path: Path) -> None:
    """Start supervisord, which puts itself into the background."""
    environment = os.environ | {"PYTHONPATH": str(CHECKOUT)}
    command = [sys.executable, "-m", "supervisor.supervisord", "-c", str(path)]
    done = subprocess.run(command, env=environment, cwd=CHECKOUT, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise ConfigurationError(f"supervisord did not start: {(done.stderr or done.stdout).strip()[-500:]}")


def _wait_for_parent(settings: Settings) -> None:
    end = time.monotonic() + PARENT_SECONDS
    while not states(settings):
        if time.monotonic() > end:
            raise EngineUnavailable(f"supervisord does not answer; see {paths_of(settings).logs / 'supervisord.log'}")
        time.sleep(0.1)


def _update(settings: Settings, wanted: list[str]) -> list[str]:
    """Apply a changed configuration, and start the programs that had stopped."""
    remote = proxy(settings)
    ((added, changed, removed),) = remote.reloadConfig()
    for name in [*changed, *removed]:
        remote.stopProcessGroup(name)
        remote.removeProcessGroup(name)
    for name in [*changed, *added]:
        remote.addProcessGroup(name)
    idle = [name for name, state in states(settings).items() if name in wanted and state not in {"RUNNING", "STARTING"}]
    for name in idle:
        remote.startProcess(name, False)
    return list(dict.fromkeys([*changed, *added, *idle]))


def wait(settings: Settings, tell: Callable[[str], None]) -> None:
    """Return when Redis, OpenSearch and the page answer; EngineUnavailable names the one that does not.

    `tell` is called with the name of each before waiting for it.
    """
    for name, wait_for in (("redis", _wait_for_redis), ("opensearch", _wait_for_opensearch), ("web", _wait_for_web)):
        tell(name)
        wait_for(settings)


def _wait_for_redis(settings: Settings) -> None:
    def answers() -> bool:
        try:
            return bool(connect_redis(settings).ping())
        except RedisError:
            return False

    _wait_until(answers, "redis", settings)


def _wait_for_opensearch(settings: Settings) -> None:
    wait_until_ready(connect(settings), READY_SECONDS, lambda: _is_alive(settings, "opensearch"))


def _wait_for_web(settings: Settings) -> None:
    _wait_until(lambda: is_taken(settings.web_port), "web", settings)


def _wait_until(answers: Callable[[], bool], name: str, settings: Settings) -> None:
    end = time.monotonic() + READY_SECONDS
    while not answers():
        if time.monotonic() > end or not _is_alive(settings, name):
            raise EngineUnavailable(f"{name} did not start; see `omma logs {name}`")
        time.sleep(0.2)


def _is_alive(settings: Settings, name: str) -> bool:
    """Whether a program may still answer; true for one that is not ours, such as an existing cluster."""
    return states(settings).get(name, "RUNNING") in ALIVE


def down(settings: Settings) -> bool:
    """Stop everything that `up` started, and nothing else; whether anything ran."""
    if not states(settings):
        return False
    process = int(proxy(settings).getPID())
    proxy(settings).shutdown()
    end = time.monotonic() + STOP_SECONDS
    while time.monotonic() < end:
        if not Path(f"/proc/{process}").exists():
            return True
        time.sleep(0.1)
    raise EngineUnavailable(f"services did not stop within {STOP_SECONDS} s; see {paths_of(settings).logs / 'supervisord.log'}")


def states(settings: Settings) -> dict[str, str]:
    """Program -> RUNNING, STARTING, FATAL, ...; empty where supervisord does not answer (a stale socket counts as nothing)."""
    try:
        return {info["name"]: info["statename"] for info in details(settings)}
    except (OSError, Fault):
        return {}


def details(settings: Settings) -> list[dict[str, Any]]:
    """supervisord's record of each program; OSError where it does not answer."""
    found: list[dict[str, Any]] = proxy(settings).getAllProcessInfo()
    return found


def proxy(settings: Settings) -> Any:
    """supervisord's own interface, over its socket."""
    path = paths_of(settings).run / "supervisor.sock"
    transport = SupervisorTransport(None, None, f"unix://{path}")
    return ServerProxy("http://127.0.0.1", transport=transport).supervisor


def check_ports(wanted: list[Program]) -> None:
    """ConfigurationError names every port that another process has, and the setting that changes it."""
    taken = [program for program in wanted if program.port and is_taken(program.port)]
    if taken:
        named = "; ".join(f"port {p.port} for {p.name} is taken: stop what listens there, or set {p.setting}" for p in taken)
        raise ConfigurationError(named)


def is_taken(port: int) -> bool:
    """Whether anything listens on the loopback at that port."""
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def configuration(settings: Settings, wanted: list[Program]) -> str:
    """supervisord's configuration file for these programs."""
    base = paths_of(settings)
    head = CONFIGURATION.format(run=base.run, logs=base.logs, checkout=CHECKOUT)
    return head + "".join(_section(program, base.logs) for program in wanted)


def _section(program: Program, logs: Path) -> str:
    """The section of one program; its whole process group is stopped and, after `stopwaitsecs`, killed."""
    lines = {
        "command": " ".join(_quoted(word) for word in program.command),
        "environment": ",".join(f'{name}="{_escaped(value)}"' for name, value in program.environment.items()),
        "directory": _escaped(str(CHECKOUT)),  # where Python looks first; supervisord may be another checkout's
        "user": program.user,
        "autostart": "true",
        "autorestart": "unexpected",
        "startsecs": "3",
        "startretries": "2",
        "stopasgroup": "true",
        "killasgroup": "true",
        "stopwaitsecs": str(program.seconds),
        "redirect_stderr": "true",
        "stdout_logfile": str(logs / f"{program.name}.log"),
        "stdout_logfile_maxbytes": "20MB",
        "stdout_logfile_backups": "2",
    }
    return f"\n[program:{program.name}]\n" + "".join(f"{name}={value}\n" for name, value in lines.items() if value)


def _quoted(word: str) -> str:
    """A word of a command, safe for supervisord's own splitting and its % expansion."""
    return '"' + _escaped(word) + '"' if any(c in word for c in " \t'\"") else _escaped(word)


def _escaped(text: str) -> str:
    """The text with escapes for the characters that supervisord expands, or that end a value."""
    return text.replace("%", "%%").replace('"', '\\"')
