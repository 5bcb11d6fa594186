"""One node of OpenSearch on this machine: its user, folders, configuration and command; and what any cluster must be like."""

import os
import pwd
import shutil
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import yaml
from opensearchpy import OpenSearch
from opensearchpy.exceptions import OpenSearchException

from engine.embedded import java
from engine.embedded.artifacts import ensure_server
from engine.errors import ConfigurationError, EngineUnavailable
from engine.installation import paths_of
from engine.settings import Settings

NAME, FALLBACK = "omma", "nobody"


def service_user() -> str:
    """Whom servers run as: nobody's business for an ordinary user (empty), a system user of our own for root."""
    if os.geteuid() != 0:
        return ""
    for name in (NAME, FALLBACK):
        if _exists(name) or (name == NAME and _add(name)):
            return name
    raise ConfigurationError(f"there is no user that servers may run as; add one: useradd --system {NAME}")


def give(user: str, *folders: Path) -> None:
    """Make the folders and everything in them belong to the user; does nothing for an empty name."""
    for folder in folders:
        folder.mkdir(parents=True, exist_ok=True)
        if user:
            _chown(user, folder)


def check_passable(user: str, folder: Path) -> None:
    """ConfigurationError where the user cannot pass through a parent of the folder."""
    if not user:
        return
    entry = pwd.getpwnam(user)
    for parent in reversed(folder.resolve().parents):
        if parent.exists() and not _passes(parent.stat(), entry.pw_uid, entry.pw_gid):
            raise ConfigurationError(
                f"the user {user}, whom servers run as, cannot pass through {parent}; "
                f"set OMMA_HOME to a folder elsewhere (by default /var/lib/omma), or run: chmod o+x {parent}"
            )


def _passes(status: os.stat_result, uid: int, gid: int) -> bool:
    shift = 6 if status.st_uid == uid else 3 if status.st_gid == gid else 0
    return bool(status.st_mode >> shift & 1)


def _chown(user: str, folder: Path) -> None:
    entry = pwd.getpwnam(user)
    for path in (folder, *folder.rglob("*")):
        if path.lstat().st_uid != entry.pw_uid:
            os.chown(path, entry.pw_uid, entry.pw_gid, follow_symlinks=False)


def _exists(name: str) -> bool:
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True


def _add(name: str) -> bool:
    """Whether a system user of that name could be added."""
    useradd = shutil.which("useradd", path=os.environ.get("PATH", "") + ":/usr/sbin")
    if not useradd:
        return False
    command = [useradd, "--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent"]
    done = subprocess.run([*command, "--shell", "/usr/sbin/nologin", name], capture_output=True, check=False)
    return done.returncode == 0 or _exists(name)


TRANSPORT = 100  # the transport port, above the HTTP port


@dataclass(frozen=True, kw_only=True)
class Node:
    """A node that listens on the loopback. `server` may be shared: nothing is written into it."""

    server: Path
    folder: Path
    java: Path
    port: int
    heap: str
    user: str = ""
    logs: Path

    @property
    def command(self) -> list[str]:
        """What runs it in the foreground."""
        return [str(self.server / "bin" / "opensearch")]

    @property
    def environment(self) -> dict[str, str]:
        """What its start script reads."""
        return {
            "OPENSEARCH_JAVA_HOME": str(self.java),
            "OPENSEARCH_PATH_CONF": str(self.folder / "config"),
            "OPENSEARCH_TMPDIR": str(self.folder / "tmp"),
            "OPENSEARCH_JAVA_OPTS": f"-Xms{self.heap} -Xmx{self.heap}",
            "HOME": str(self.folder),
        }

    @property
    def snapshots(self) -> Path:
        """The folder that snapshot repositories may lie in (`path.repo`)."""
        return self.folder / "snapshots"

    def prepare(self) -> None:
        """Write configuration, make folders, and give them to the user who runs it; ConfigurationError."""
        check_passable(self.user, self.folder / "config")
        config = self.folder / "config"
        shutil.rmtree(self.folder / "tmp", ignore_errors=True)
        for folder in (config / "jvm.options.d", self.folder / "data", self.folder / "tmp", self.snapshots, self.logs):
            folder.mkdir(parents=True, exist_ok=True)
        (config / "opensearch.yml").write_text(yaml.safe_dump(self._settings(), sort_keys=True))
        (config / "jvm.options").write_text(self._jvm_options())
        shutil.copyfile(self.server / "config" / "log4j2.properties", config / "log4j2.properties")
        give(self.user, self.folder, self.logs)
        self.folder.chmod(0o700)  # documents are nobody else's business

    def _settings(self) -> dict[str, object]:
        return {
            "cluster.name": f"omma-{self.port}",
            "discovery.type": "single-node",
            "network.host": "127.0.0.1",
            "http.port": self.port,
            "transport.port": self.port + TRANSPORT,
            "path.data": str(self.folder / "data"),
            "path.logs": str(self.logs),
            "path.repo": [str(self.snapshots)],
            "cluster.routing.allocation.disk.threshold_enabled": False,  # `omma doctor` watches the disk
            "action.destructive_requires_name": True,
        }

    def _jvm_options(self) -> str:
        """The server's own options; their relative folders lie in the server, where nothing may be written."""
        text = (self.server / "config" / "jvm.options").read_text()
        text = text.replace("=logs/", f"={self.logs}/").replace("HeapDumpPath=data", f"HeapDumpPath={self.folder / 'tmp'}")
        return text.replace("filecount=32,filesize=64m", "filecount=4,filesize=16m")


OLDEST = 3  # the major version that queries are written for
PLUGIN = "opensearch-knn"


def node(settings: Settings) -> Node:
    """The one node of this machine; fetches and unpacks the server where it is missing."""
    base = paths_of(settings)
    return Node(
        server=ensure_server(base.root),
        folder=base.data / "opensearch",
        java=java_home(),
        port=settings.opensearch_port,
        heap=settings.opensearch_heap,
        user=service_user(),
        logs=base.logs / "opensearch",
    )


def java_home() -> Path:
    """Where a Java is that the server runs on; ConfigurationError says what is there instead, and what to do."""
    found = java.find_java()
    if found is None:
        raise ConfigurationError(java.mend(list(java.every_java())))
    return found.home


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
    if int(version.split(".", maxsplit=1)[0]) < OLDEST:
        raise ConfigurationError(f"OpenSearch {version} is too old; {OLDEST}.x is needed")
    if PLUGIN not in {row["component"] for row in client.cat.plugins(format="json")}:
        raise ConfigurationError(f"this OpenSearch has no k-NN plugin; install {PLUGIN}")
