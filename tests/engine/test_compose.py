"""The compose file: complete, bounded, listening on the loopback, without secrets; every setting reaches the containers."""

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from engine.setting_forms import OTHER_VARIABLES, variables
from engine.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
SECRETS = ("OPENSEARCH_PASSWORD", "REDIS_PASSWORD", "OMMA_API_TOKEN", "OMMA_WEB_SECRET")
OMMA = ("web", "worker", "worker-interactive", "beat")
FIXED = {"OMMA_HOME", "OMMA_INGEST_ROOTS", "OMMA_WEB_HOST", "OMMA_WEB_PORT"}  # by the container; the host's port is published
OF_COMPOSE = {"OPENSEARCH_PASSWORD", "REDIS_PASSWORD", "INGEST_FOLDER", "OPENSEARCH_HEAP", "OPENSEARCH_MEMORY"}


@pytest.fixture()
def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    return loaded


def test_every_part_is_there_and_watched(compose: dict[str, Any]) -> None:
    services = compose["services"]
    assert set(services) == {"opensearch", "redis", "web", "worker", "worker-interactive", "beat"}
    assert services["opensearch"]["image"] == "opensearchproject/opensearch:3.6.0"
    for name, service in services.items():
        assert service["healthcheck"]["test"], name
        assert service["deploy"]["resources"]["limits"]["memory"], name
        assert service["restart"] == "unless-stopped", name


def test_ports_are_published_on_the_loopback_only(compose: dict[str, Any]) -> None:
    ports = [str(port) for service in compose["services"].values() for port in service.get("ports", [])]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_the_worker_can_be_scaled(compose: dict[str, Any]) -> None:
    worker = compose["services"]["worker"]
    assert "container_name" not in worker
    assert "ports" not in worker


def test_secrets_come_from_the_environment_and_are_demanded(compose: dict[str, Any]) -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    for name in SECRETS:
        assert re.search(rf"\$\{{{name}:\?", text), f"{name} is not demanded"
    values = {k: v for s in compose["services"].values() for k, v in (s.get("environment") or {}).items()}
    literal = {k: v for k, v in values.items() if re.search("PASSWORD|TOKEN|SECRET", k) and "${" not in str(v)}
    assert not literal
    assert all(
        line.endswith("=") for line in (ROOT / ".env.example").read_text().splitlines() if line and not line.startswith("#")
    )


def test_every_setting_reaches_every_container(compose: dict[str, Any]) -> None:
    for name in OMMA:
        service = compose["services"][name]
        assert {"path": ".env", "required": False} in service["env_file"], name
        taken = {key for key, value in service["environment"].items() if f"${{{key}:" not in str(value)}
        assert taken <= FIXED, f"{name} ignores .env for {taken - FIXED}"


def test_the_example_names_only_variables_that_something_reads() -> None:
    text = (ROOT / ".env.example").read_text()
    named = set(re.findall(r"^([A-Z_]+)=", text, re.MULTILINE))
    settings = {variable for name, field in Settings.model_fields.items() for variable in variables(name, field)}
    assert named <= settings | OTHER_VARIABLES | OF_COMPOSE
    assert set(SECRETS) <= named
    for variable in named - settings:
        assert f"${{{variable}:" in (ROOT / "docker-compose.yml").read_text(), variable


def test_a_folder_to_ingest_from_is_mounted_read_only_where_the_page_may_read(compose: dict[str, Any]) -> None:
    for name in OMMA:
        service = compose["services"][name]
        assert any(volume.endswith(f":{service['environment']['OMMA_INGEST_ROOTS']}:ro") for volume in service["volumes"]), name


def test_the_image_is_built_with_byte_code() -> None:
    text = (ROOT / "Dockerfile").read_text()
    assert "--compile-bytecode" in text
    assert text.index("COPY . .") < text.index("compileall") < text.index("USER omma")


def test_commands_name_modules_that_exist(compose: dict[str, Any]) -> None:
    for name in OMMA:
        command = compose["services"][name]["command"]
        module = next(word.removeprefix("python:") for word in command if word.startswith(("workers.", "python:web.")))
        assert (ROOT / (module.replace(".", "/") + ".py")).exists()


def test_compose_itself_accepts_it() -> None:
    if shutil.which("docker") is None:
        pytest.skip("there is no docker client here")
    if subprocess.run(["docker", "compose", "version"], capture_output=True, check=False).returncode != 0:
        pytest.skip("the docker client here has no compose plugin")
    environment = os.environ | dict.fromkeys(SECRETS, "x")
    done = subprocess.run(
        ["docker", "compose", "config", "--quiet"], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
