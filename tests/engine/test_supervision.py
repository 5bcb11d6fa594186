"""Services in the background: started, owned, stopped, and nobody else's touched."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from configparser import RawConfigParser
from pathlib import Path

import pytest

from engine import supervision
from engine.errors import ConfigurationError
from engine.programs import Program
from engine.settings import Settings
from tests.conftest import free_port

SLEEPER = [sys.executable, "-c", "import time; time.sleep(600)"]


@pytest.fixture()
def short_settings() -> Iterator[Settings]:
    """A home whose path is short enough for a socket."""
    folder = Path(tempfile.mkdtemp(prefix="omma"))
    made = Settings(home=folder, opensearch_url="http://127.0.0.1:1", redis_url="redis://127.0.0.1:1")
    yield made
    supervision.down(made)
    shutil.rmtree(folder, ignore_errors=True)


def only(monkeypatch: pytest.MonkeyPatch, *programs: Program) -> None:
    """Let these be all programs that `up` starts."""
    monkeypatch.setattr(supervision, "programs", lambda _: list(programs))


def test_up_starts_down_stops_and_both_can_be_repeated(short_settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    only(monkeypatch, Program("sleeper", SLEEPER))
    assert supervision.states(short_settings) == {}
    assert supervision.up(short_settings) == ["sleeper"]
    (info,) = supervision.details(short_settings)
    assert supervision.up(short_settings) == []
    assert supervision.down(short_settings)
    assert not Path(f"/proc/{info['pid']}").exists()
    assert supervision.states(short_settings) == {}
    assert not supervision.down(short_settings)


def test_a_changed_program_is_taken_up_and_a_dead_one_restarted(
    short_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    only(monkeypatch, Program("sleeper", SLEEPER))
    supervision.up(short_settings)
    only(monkeypatch, Program("sleeper", SLEEPER), Program("other", SLEEPER))
    assert supervision.up(short_settings) == ["other"]
    assert set(supervision.states(short_settings)) == {"sleeper", "other"}


def test_a_taken_port_is_named_with_the_setting_that_changes_it_and_left_alone(
    short_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as foreign:
        port = foreign.getsockname()[1]
        only(monkeypatch, Program("web", SLEEPER, port=port, setting="OMMA_WEB_PORT"))
        with pytest.raises(ConfigurationError, match=rf"port {port} for web is taken.*OMMA_WEB_PORT"):
            supervision.up(short_settings)
        assert supervision.states(short_settings) == {}
        with socket.create_connection(("127.0.0.1", port), timeout=2):
            pass


def test_a_stale_socket_and_process_id_are_no_obstacle(short_settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    run = short_settings.home / "run"
    run.mkdir(parents=True)
    with socket.socket(socket.AF_UNIX) as left_behind:
        left_behind.bind(str(run / "supervisor.sock"))
    innocent = subprocess.Popen(SLEEPER)
    try:
        (run / "supervisord.pid").write_text(str(innocent.pid))
        only(monkeypatch, Program("sleeper", SLEEPER))
        assert supervision.up(short_settings) == ["sleeper"]
        supervision.down(short_settings)
        assert innocent.poll() is None
    finally:
        innocent.kill()
        innocent.wait()


def test_values_reach_the_program_as_they_are(short_settings: Settings) -> None:
    program = Program("p", ["echo", "100% of a b", 'say "x"'], environment={"SECRET": 'a%b"c'})
    parser = RawConfigParser(inline_comment_prefixes=(" ;",))
    parser.read_string(supervision.configuration(short_settings, [program]))
    assert parser["program:p"]["command"] == 'echo "100%% of a b" "say \\"x\\""'
    assert parser["program:p"]["environment"] == 'SECRET="a%%b\\"c"'
    assert parser["program:p"]["stopasgroup"] == "true"


def test_a_path_too_long_for_a_socket_is_a_clear_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    only(monkeypatch, Program("sleeper", SLEEPER))
    with pytest.raises(ConfigurationError, match="OMMA_HOME"):
        supervision.up(Settings(home=tmp_path / ("long" * 30)))


def test_status_and_doctor_speak_without_services(tmp_path: Path) -> None:
    environment = os.environ | {
        "OMMA_HOME": str(tmp_path),
        "OMMA_OPENSEARCH_URL": "",
        "OMMA_OPENSEARCH_PORT": str(free_port()),
        "OMMA_REDIS_PORT": str(free_port()),
        "OMMA_WEB_PORT": str(free_port()),
    }
    for command, expected in (("status", "nothing runs"), ("doctor", "`./omma up` starts it")):
        done = subprocess.run(
            [sys.executable, "-m", "cli.main", command], env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 1
        assert expected in done.stdout
        assert "Traceback" not in done.stdout + done.stderr
