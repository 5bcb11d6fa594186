"""The one OpenSearch node of this machine: its folders, its configuration, the command that runs it in the foreground."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import yaml

from engine.embedded import java
from engine.embedded.artifacts import ensure_server
from engine.errors import ConfigurationError
from engine.installation import paths_of
from engine.service_user import check_passable, give, service_user
from engine.settings import Settings

TRANSPORT_OFFSET = 100  # from the HTTP port to the transport port


def node(settings: Settings) -> "Node":
    """The node of these settings; fetches and unpacks the server where it is missing. ConfigurationError."""
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
    """The home of a Java that the server runs on; ConfigurationError names the Javas found instead, and what to install."""
    found = java.find_java()
    if found is None:
        raise ConfigurationError(java.advice(list(java.every_java())))
    return found.home


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
        """The command that runs it in the foreground."""
        return [str(self.server / "bin" / "opensearch")]

    @property
    def environment(self) -> dict[str, str]:
        """The variables that its start script reads."""
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
        """Write the configuration, make the folders, and give them to the node's user; ConfigurationError."""
        check_passable(self.user, self.folder / "config")
        config = self.folder / "config"
        shutil.rmtree(self.folder / "tmp", ignore_errors=True)
        for folder in (config / "jvm.options.d", self.folder / "data", self.folder / "tmp", self.snapshots, self.logs):
            folder.mkdir(parents=True, exist_ok=True)
        (config / "opensearch.yml").write_text(yaml.safe_dump(self._settings(), sort_keys=True))
        (config / "jvm.options").write_text(self._jvm_options())
        shutil.copyfile(self.server / "config" / "log4j2.properties", config / "log4j2.properties")
        give(self.user, self.folder, self.logs)
        self.folder.chmod(0o700)  # other users of the machine must not read the documents

    def _settings(self) -> dict[str, object]:
        return {
            "cluster.name": f"omma-{self.port}",
            "discovery.type": "single-node",
            "network.host": "127.0.0.1",
            "http.port": self.port,
            "transport.port": self.port + TRANSPORT_OFFSET,
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
