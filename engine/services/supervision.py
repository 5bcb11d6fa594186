"""supervisord: its configuration, starting it, talking to it through its unix socket, ending it.

supervisord is the parent of every service, and the only thing that ever stops one. A service is also told by the kernel
when supervisord dies without saying so (`setpriv --pdeathsig`), so nothing is left behind.
"""

import hashlib
import http.client
import os
import shutil
import subprocess
import sys
import time
import xmlrpc.client
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
from supervisor.xmlrpc import SupervisorTransport

from engine.errors import ConfigurationError
from engine.services.programs import ROOT, Program

SOCKET_LIMIT = 100  # bytes that the kernel takes for a unix socket's path, with room to spare
PATIENCE = 90.0  # seconds in which everything must have ended
AWAY = (OSError, http.client.HTTPException, xmlrpc.client.Error)


@dataclass(frozen=True)
class ServiceState:
    """What supervisord says of one program; `since` is seconds since the epoch."""

    name: str
    state: str
    pid: int
    since: int
    problem: str

    @property
    def running(self) -> bool:
        """Whether it runs, or is about to."""
        return self.state in ("RUNNING", "STARTING")


class Supervisor:
    """The supervisord of one home."""

    def __init__(self, home: Path) -> None:
        """Raise ConfigurationError where the home's path is too long for a socket."""
        self.home, self.run = home, home / "run"
        self.socket, self.configuration = self.run / "supervisor.sock", self.run / "supervisor.conf"
        if len(os.fsencode(self.socket)) > SOCKET_LIMIT:
            raise ConfigurationError(f"OMMA_HOME {home} is too long for a socket in it; choose a shorter one")

    @property
    def pid(self) -> int:
        """The process id; 0 when it is not running."""
        return int(self._call("getPID") or 0)

    def states(self) -> dict[str, ServiceState]:
        """What runs, by name; empty when supervisord does not."""
        return {
            told["name"]: ServiceState(told["name"], told["statename"], told["pid"], told["start"], told["spawnerr"])
            for told in self._call("getAllProcessInfo") or []
        }

    def configured_as(self, programs: Iterable[Program]) -> bool:
        """Whether it runs with exactly these programs, in this environment."""
        return self.configuration.exists() and self.configuration.read_text() == self.render(programs)

    def begin(self, programs: Iterable[Program]) -> None:
        """Start supervisord with these programs, none of which runs yet."""
        for folder in (self.run, self.home / "logs"):
            folder.mkdir(parents=True, exist_ok=True)
        self.run.chmod(0o700)
        self.configuration.touch(mode=0o600)
        self.configuration.write_text(self.render(programs))
        command = [sys.executable, "-P", "-m", "supervisor.supervisord", "--configuration", str(self.configuration)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd="/")
        if done.returncode:
            raise ConfigurationError(f"supervisord does not start: {(done.stderr or done.stdout).strip()[-500:]}")
        self._wait(lambda: self.pid > 0, 20, "supervisord does not answer; see its log in the folder `logs`")

    def start(self, name: str) -> None:
        """Start one program, and do not wait for it."""
        with suppress(xmlrpc.client.Fault):  # it runs already
            self._server().startProcess(name, False)

    def end(self) -> bool:
        """Stop every service, then supervisord; whether there was one. Touches no process that is not its own."""
        pid = self.pid or self._lost()
        if not pid:
            return False
        process = psutil.Process(pid)
        children = process.children(recursive=True)
        if not self._call("shutdown"):
            process.terminate()
        gone, alive = psutil.wait_procs([process, *children], timeout=PATIENCE)
        for left in alive:  # our own children, listed before: supervisord kills them at their stop time, this is the last resort
            with suppress(psutil.NoSuchProcess):
                left.kill()
        return bool(gone)

    def render(self, programs: Iterable[Program]) -> str:
        """The configuration file."""
        parts: dict[str, dict[str, object]] = {
            "unix_http_server": {"file": self.socket, "chmod": "0700"},
            "rpcinterface:supervisor": {
                "supervisor.rpcinterface_factory": "supervisor.rpcinterface:make_main_rpcinterface"
            },
            "supervisord": {
                "logfile": self.home / "logs" / "supervisord.log", "pidfile": self.run / "supervisord.pid",
                "logfile_maxbytes": "5MB", "logfile_backups": 1, "minfds": 1024, "childlogdir": self.run,
                **({"user": "root"} if os.geteuid() == 0 else {}),
            },
        }  # fmt: skip
        for program in programs:
            parts[f"program:{program.name}"] = self._section(program)
        lines = [f"; settings: {self._environment()}"]
        for name, entries in parts.items():
            lines += ["", f"[{name}]", *(f"{key}={value}" for key, value in entries.items())]
        return "\n".join(lines) + "\n"

    def _section(self, program: Program) -> dict[str, object]:
        guard = [setpriv, "--pdeathsig", "TERM"] if (setpriv := shutil.which("setpriv")) else []
        environment = {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", "USER": program.user} | program.environment
        return {
            "command": " ".join(_quoted(part) for part in [*guard, *program.command]),
            "directory": "/" if program.user else ROOT,
            "environment": ",".join(f"{key}={_quoted(value)}" for key, value in environment.items() if value),
            **({"user": program.user} if program.user else {}),
            "autostart": "false", "autorestart": "true", "startsecs": program.steady, "startretries": 2,
            "stopwaitsecs": program.stop, "stopasgroup": "true", "killasgroup": "true",
            "stdout_logfile": self.home / "logs" / f"{program.name}.log", "redirect_stderr": "true",
            "stdout_logfile_maxbytes": "10MB", "stdout_logfile_backups": 2,
        }  # fmt: skip

    @staticmethod
    def _environment() -> str:
        """A fingerprint of the settings, so that changed ones are noticed and secrets are not written down."""
        told = sorted(f"{key}={value}" for key, value in os.environ.items() if key.startswith("OMMA_"))
        return hashlib.sha256("\n".join([sys.executable, *told]).encode()).hexdigest()

    def _server(self) -> Any:
        transport = SupervisorTransport(None, None, f"unix://{self.socket}")
        return xmlrpc.client.ServerProxy("http://supervisor", transport).supervisor

    def _call(self, method: str) -> Any:
        """What supervisord answers; None when there is none."""
        try:
            return getattr(self._server(), method)()
        except AWAY:
            return None

    def _lost(self) -> int:
        """A supervisord of this home that does not answer any more; 0 where there is none. A stale pid file is not believed."""
        with suppress(OSError, ValueError, psutil.Error):
            process = psutil.Process(int((self.run / "supervisord.pid").read_text()))
            if str(self.configuration) in process.cmdline():
                return process.pid
        return 0

    @staticmethod
    def _wait(ready: Any, seconds: float, problem: str) -> None:
        until = time.monotonic() + seconds
        while not ready():
            if time.monotonic() > until:
                raise ConfigurationError(problem)
            time.sleep(0.05)


def _quoted(text: str) -> str:
    """For supervisord's configuration, which expands `%` and splits at blanks."""
    return '"' + text.replace("%", "%%") + '"'
