"""The `omma` script: it hands over to this checkout's code wherever the caller stands, and keeps byte code in the home."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from engine.installation import version

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture()
def home(tmp_path: Path) -> Path:
    """A home whose environment is complete: its Python is the one that runs the tests."""
    requirements = b"".join((ROOT / "requirements" / f"{name}.txt").read_bytes() for name in ("bootstrap", "runtime", "dev"))
    environment = tmp_path / "home/environments" / hashlib.sha256(requirements).hexdigest()[:12]
    (environment / "bin").mkdir(parents=True)
    (environment / "complete").touch()
    python = environment / "bin/python"
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    return tmp_path / "home"


def test_a_folder_with_packages_of_the_same_names_is_not_run(home: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    for room in ("cli", "engine"):
        (elsewhere / room).mkdir(parents=True)
        (elsewhere / room / "__init__.py").write_text('raise SystemExit("the code of the folder where the caller stands")')
    usual = {name: value for name, value in os.environ.items() if name != "OMMA_PYTHON"}  # another Python: another environment
    environment = usual | {"OMMA_HOME": str(home), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [str(ROOT / "omma"), "--version"]
    done = subprocess.run(command, cwd=elsewhere, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"omma {version()}\n", "")
    assert list((home / "cache/bytecode").rglob("cli/main.*.pyc"))
    assert not list(elsewhere.rglob("*.pyc"))
