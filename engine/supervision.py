"""Services in the background, owned by supervisord: started, waited for, listed and stopped."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from xmlrpc.client import Fault, ServerProxy

from redis import RedisError
from supervisor.xmlrpc import SupervisorTransport

from engine.connections import connect, connect_redis
from engine.embedded.server import wait_until_ready
from engine.errors import ConfigurationError, EngineUnavailable
from engine.installation import make_folder, paths_of
from engine.programs import CHECKOUT, Program, programs
from engine.settings import Settings

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


LONGEST_SOCKET = 100  # bytes of a path that a unix socket can have
LOG_BYTES = "20MB"
STOP_SECONDS = 90
HEAD = """\
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


def configuration(settings: Settings, wanted: list[Program]) -> str:
    """supervisord's configuration for these programs."""
    base = paths_of(settings)
    head = HEAD.format(run=base.run, logs=base.logs, checkout=CHECKOUT)
    return head + "".join(section(program, base.logs) for program in wanted)


def section(program: Program, logs: Path) -> str:
    """One program; the whole process group is stopped and, past its time, killed."""
    lines = {
        "command": " ".join(quoted(word) for word in program.command),
        "environment": ",".join(f'{name}="{escaped(value)}"' for name, value in program.environment.items()),
        "directory": escaped(str(CHECKOUT)),  # where Python looks first; supervisord may be another checkout's
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
        "stdout_logfile_maxbytes": LOG_BYTES,
        "stdout_logfile_backups": "2",
    }
    return f"\n[program:{program.name}]\n" + "".join(f"{name}={value}\n" for name, value in lines.items() if value)


def quoted(word: str) -> str:
    """A word of a command, safe for supervisord's own splitting and its % expansion."""
    return '"' + escaped(word) + '"' if any(c in word for c in " \t'\"") else escaped(word)


def escaped(text: str) -> str:
    """Without what supervisord would expand or end a value by."""
    return text.replace("%", "%%").replace('"', '\\"')


def up(settings: Settings) -> list[str]:
    """Start what does not run yet; the names of what was started. ConfigurationError names a port that others have."""
    base = paths_of(settings)
    for folder in (base.root, base.run, base.logs):
        make_folder(folder)
    if len(str(base.run / "supervisor.sock")) > LONGEST_SOCKET:
        raise ConfigurationError(f"{base.run} is too long a path for a socket; set OMMA_HOME to a shorter one")
    wanted = programs(settings)
    running = states(settings)
    check_ports([program for program in wanted if running.get(program.name) != "RUNNING"])
    path = base.run / "supervisord.conf"
    path.write_text(configuration(settings, wanted))
    path.chmod(0o600)
    if not running:
        _spawn(path)
        _wait_for_parent(settings)
        return [program.name for program in wanted]
    return _update(settings, [program.name for program in wanted])


def _spawn(path: Path) -> None:
    """supervisord puts itself into the background."""
    environment = os.environ | {"PYTHONPATH": str(CHECKOUT)}
    command = [sys.executable, "-m", "supervisor.supervisord", "-c", str(path)]
    done = subprocess.run(command, env=environment, cwd=CHECKOUT, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise ConfigurationError(f"supervisord did not start: {(done.stderr or done.stdout).strip()[-500:]}")


def _wait_for_parent(settings: Settings) -> None:
    end = time.monotonic() + 15
    while not states(settings):
        if time.monotonic() > end:
            raise EngineUnavailable(f"supervisord does not answer; see {paths_of(settings).logs / 'supervisord.log'}")
        time.sleep(0.1)


def _update(settings: Settings, wanted: list[str]) -> list[str]:
    """Take up a changed configuration, and start what had stopped."""
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


def down(settings: Settings) -> bool:
    """Stop everything that was started here, and nothing else; whether anything ran."""
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
    """Program -> RUNNING, STARTING, FATAL, ...; empty where nothing of ours runs (a stale socket counts as nothing)."""
    try:
        return {info["name"]: info["statename"] for info in details(settings)}
    except (OSError, Fault):
        return {}


def details(settings: Settings) -> list[dict[str, Any]]:
    """What supervisord knows of its programs; OSError where it does not answer."""
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


def environment_of(program: Program) -> Mapping[str, str]:
    """The whole environment that a program runs with, for running it outside of supervisord."""
    return os.environ | dict(program.environment)
