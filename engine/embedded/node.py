"""One node of OpenSearch: its folders, its configuration, the command that runs it in the foreground."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import yaml

from engine.embedded.user import check_passable, give

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
