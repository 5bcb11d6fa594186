"""Fixtures shared by all tests: real servers, fresh names, generated pictures."""

import os
import shutil
import socket
import subprocess
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from redis import Redis, RedisError

from engine.connections import connect, wait_until_ready
from engine.embedded import server
from engine.embedded.artifacts import ensure_server
from engine.embedded.server import Node
from engine.installation import make_folder, paths_of
from engine.service_user import give, service_user
from engine.settings import Settings, get_settings

TEST_HEAP = "2g"
TEST_SHARDS = 9000  # of all indices of a run
OPENSEARCH, REDIS = "OMMA_TEST_OPENSEARCH_URL", "OMMA_TEST_REDIS_URL"
SERVERS = pytest.StashKey[ExitStack]()


def pytest_configure(config: pytest.Config) -> None:
    """Start the servers that all processes of a run share, where it has several; each test has an index prefix of its own."""
    if not getattr(config.option, "numprocesses", None) or hasattr(config, "workerinput"):
        return
    # Threads of several processes that wait for the same cores make a training in torch ten times slower.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    servers = config.stash[SERVERS] = ExitStack()
    folder = servers.enter_context(servers_folder())
    # The processes are started later, and inherit these variables.
    for variable, start in ((OPENSEARCH, opensearch_server), (REDIS, redis_server)):
        if variable not in os.environ:
            os.environ[variable] = servers.enter_context(start(folder))


def pytest_unconfigure(config: pytest.Config) -> None:
    """End them."""
    if SERVERS in config.stash:
        config.stash[SERVERS].close()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with workers or real models first: they take longest, and a run of several processes ends with its last file."""
    slow = {item.path for item in items if item.get_closest_marker("queue") or item.get_closest_marker("models")}
    items.sort(key=lambda item: item.path not in slow)


def free_port() -> int:
    """A port of the loopback that nothing listens on now; the transport port above it is free by all likelihood."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(command: list[str], user: str, environment: dict[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A server in the foreground of a process group of its own, ended by its process id."""
    with log.open("wb") as out:
        # A new session, so that the server is a group of its own; groups are dropped with the user.
        identity: dict[str, Any] = {"user": user, "group": user, "extra_groups": []} if user else {}
        process = subprocess.Popen(
            command, env=os.environ | environment, stdout=out, stderr=out, start_new_session=True, cwd="/", **identity
        )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def servers_folder() -> Iterator[Path]:
    """A folder that the servers' unprivileged user can reach, gone afterwards."""
    folder = paths_of(get_settings()).root / "tests" / uuid.uuid4().hex[:8]
    folder.mkdir(parents=True)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def opensearch_server(folder: Path) -> Iterator[str]:
    """The address of a new embedded OpenSearch."""
    node = Node(
        server=ensure_server(paths_of(get_settings()).root), folder=folder / "opensearch", java=server.java_home(),
        port=free_port() % 20000 + 20000, heap=TEST_HEAP, user=service_user(), logs=folder / "logs",
    )  # fmt: skip
    node.prepare()
    url = f"http://127.0.0.1:{node.port}"
    with running(node.command, node.user, node.environment, folder / "opensearch.log") as process:
        client = connect(Settings(opensearch_url=url))
        wait_until_ready(client, 180, lambda: process.poll() is None)
        client.cluster.put_settings(body={"persistent": {"cluster.max_shards_per_node": TEST_SHARDS}})
        yield url


@contextmanager
def redis_server(folder: Path) -> Iterator[str]:
    """The address of a new Redis that stores nothing."""
    port, user = free_port(), service_user()
    give(user, folder / "redis")
    binary = shutil.which("redis-server") or pytest.fail("redis-server is missing; `./omma test` installs it")
    command = [binary, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder / "redis")]
    with running(command, user, {}, folder / "redis.log"):
        wait_for_redis(port)
        yield f"redis://127.0.0.1:{port}/0"


def wait_for_redis(port: int) -> None:
    """Return when it answers."""
    end = time.monotonic() + 20
    while True:
        try:
            Redis(port=port).ping()
            return
        except RedisError:
            if time.monotonic() > end:
                raise
            time.sleep(0.1)


@pytest.fixture(scope="session")
def server_folder() -> Iterator[Path]:
    """Where the servers of this process keep their files."""
    with servers_folder() as folder:
        yield folder


@pytest.fixture(scope="session")
def opensearch_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """An OpenSearch of this process, or the one that OMMA_TEST_OPENSEARCH_URL names."""
    if named := os.environ.get(OPENSEARCH):
        yield named
        return
    with opensearch_server(request.getfixturevalue("server_folder")) as url:
        yield url


@pytest.fixture(scope="session")
def redis_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """A Redis of this process, or the one that OMMA_TEST_REDIS_URL names."""
    if named := os.environ.get(REDIS):
        yield named
        return
    with redis_server(request.getfixturevalue("server_folder")) as url:
        yield url


@pytest.fixture()
def settings(tmp_path: Path) -> Settings:
    """Settings for a test without servers: a home and a store of its own."""
    return Settings(home=tmp_path, store_url=f"file://{tmp_path}/store", index_prefix=f"t{uuid.uuid4().hex[:10]}")


@pytest.fixture()
def live_settings(settings: Settings, opensearch_url: str, redis_url: str) -> Settings:
    """Settings that name the real servers, with a fresh index prefix."""
    return settings.model_copy(update={"opensearch_url": opensearch_url, "redis_url": redis_url})


@pytest.fixture(scope="session")
def models_home(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings whose home keeps exported models for the whole run, because exporting a network takes seconds.

    Processes of one run share the models, not the home: an export holds a lock, and the others wait for its file.
    """
    home = tmp_path_factory.mktemp("home")
    if "PYTEST_XDIST_WORKER" in os.environ:
        (home / "models").symlink_to(make_folder(tmp_path_factory.getbasetemp().parent / "models"))
    return Settings(home=home, threads=1, ocr_languages="eng")
