"""Unpack, configure and start the server."""

import os
import shutil
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

from opensearchpy import OpenSearch
from opensearchpy.exceptions import OpenSearchException

from engine.embedded import artifacts
from engine.embedded.artifacts import PLUGINS, SERVER
from engine.embedded.java import find_java
from engine.errors import ConfigurationError, EngineUnavailable
from engine.home import check_reachable, home, make_folder, service_user
from engine.settings import Settings

MARK = SERVER.sha256[:12]
TRANSPORT_OFFSET = 100  # from the HTTP port to the one by which nodes talk
CONFIGURATION = """\
cluster.name: omma
node.name: omma-{port}
path.data: {data}
path.logs: {logs}
path.repo: [{snapshots}]
network.host: 127.0.0.1
http.port: {port}
transport.port: {transport}
discovery.type: single-node
cluster.routing.allocation.disk.threshold_enabled: false
action.destructive_requires_name: true
"""


def install(settings: Settings, fetch: Callable[..., Path] = artifacts.fetch) -> Path:
    """The unpacked server with its plugins; done once, and again when a version changes or it was cut off."""
    base = home(settings)
    folder = base.server / MARK
    if (folder / "complete").exists():
        return folder
    check_reachable(base.root)
    make_folder(base.server)
    temporary = base.server / f"{MARK}.{os.getpid()}"
    shutil.rmtree(temporary, ignore_errors=True)
    _unpack(fetch(SERVER, base.cache), temporary, strip=True)
    for plugin in PLUGINS:
        _unpack(fetch(plugin, base.cache), temporary / "plugins" / plugin.name)
    for script in (temporary / "bin").iterdir():
        script.chmod(0o755)
    (temporary / "complete").touch()
    shutil.rmtree(folder, ignore_errors=True)
    temporary.rename(folder)
    return folder


def _unpack(path: Path, folder: Path, *, strip: bool = False) -> None:
    """Unpack a zip; `strip` leaves out its only top folder."""
    with zipfile.ZipFile(path) as archive:
        if not strip:
            archive.extractall(folder)
            return
        inner = folder.with_suffix(".inner")
        archive.extractall(inner)
    (top,) = inner.iterdir()
    top.rename(folder)
    inner.rmdir()


def configure(settings: Settings) -> Path:
    """The configuration folder of this home, written anew; data and logs belong to the user that the server runs as."""
    base, owner = home(settings), service_user()
    folders = {name: make_folder(base.data / name, owner) for name in ("opensearch", "snapshots")}
    logs = make_folder(base.logs / "opensearch", owner)
    config = base.run / "opensearch"
    if not config.exists():
        shutil.copytree(install(settings) / "config", config)
    text = CONFIGURATION.format(
        data=folders["opensearch"],
        snapshots=folders["snapshots"],
        logs=logs,
        port=settings.opensearch_port,
        transport=settings.opensearch_port + TRANSPORT_OFFSET,
    )
    (config / "opensearch.yml").write_text(text)
    if owner is not None:
        for path in (config, *config.rglob("*")):
            shutil.chown(path, owner)
    return config


def environment(settings: Settings) -> dict[str, str]:
    """What the start script reads."""
    base = home(settings)
    return {
        "OPENSEARCH_JAVA_HOME": str(find_java()),
        "OPENSEARCH_PATH_CONF": str(configure(settings)),
        "OPENSEARCH_JAVA_OPTS": f"-Xms{settings.opensearch_heap} -Xmx{settings.opensearch_heap}",
        "OPENSEARCH_TMPDIR": str(make_folder(base.run / "tmp", service_user())),
    }


def command(settings: Settings) -> list[str]:
    """The start script; it stays in the foreground."""
    return [str(install(settings) / "bin" / "opensearch")]


def wait_until_ready(client: OpenSearch, seconds: float, alive: Callable[[], bool] = lambda: True) -> None:
    """Return when the cluster answers with its primaries allocated; EngineUnavailable after that time or when it died."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and alive():
        try:
            health = client.cluster.health(params={"wait_for_status": "yellow"}, request_timeout=5)
            if health["status"] in {"yellow", "green"}:
                return
        except OpenSearchException:
            time.sleep(0.3)
    what = "did not become ready in time" if alive() else "stopped while starting"
    raise EngineUnavailable(f"OpenSearch {what}; see `omma logs opensearch`")


def check_version(client: OpenSearch) -> None:
    """ConfigurationError when a cluster is too old or lacks the k-NN plugin."""
    version = str(client.info()["version"]["number"])
    if int(version.split(".", maxsplit=1)[0]) < 3:  # noqa: PLR2004  (the major version that queries are written for)
        raise ConfigurationError(f"OpenSearch {version} is too old; 3.x is needed")
    plugins = {row["component"] for row in client.cat.plugins(format="json")}
    if "opensearch-knn" not in plugins:
        raise ConfigurationError("this OpenSearch has no k-NN plugin; install opensearch-knn")
