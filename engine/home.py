"""The folders below OMMA_HOME."""

import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from engine.errors import ConfigurationError
from engine.settings import Settings

SERVICE_USER = "omma"


@dataclass(frozen=True, slots=True)
class Home:
    """Where everything lies; folders are made by whoever writes into them."""

    root: Path

    @property
    def cache(self) -> Path:
        """Downloads, kept from set-up to set-up."""
        return self.root / "cache"

    @property
    def run(self) -> Path:
        """Sockets, process ids and generated configuration."""
        return self.root / "run"

    @property
    def logs(self) -> Path:
        """One log per service."""
        return self.root / "logs"

    @property
    def server(self) -> Path:
        """The unpacked OpenSearch."""
        return self.root / "opensearch"

    @property
    def data(self) -> Path:
        """Data of OpenSearch and Redis."""
        return self.root / "data"


def home(settings: Settings) -> Home:
    """The folders of these settings."""
    return Home(settings.home.absolute())


def make_folder(path: Path, owner: str | None = None) -> Path:
    """A folder that is there, owned by the service user where one is named; ConfigurationError says why it cannot be."""
    try:
        path.mkdir(parents=True, exist_ok=True)
        if owner is not None:
            shutil.chown(path, owner, pwd.getpwnam(owner).pw_gid)
    except OSError as error:
        raise ConfigurationError(
            f"{path} cannot be made or owned ({error.strerror}); set OMMA_HOME to another folder"
        ) from error
    return path


def service_user() -> str | None:
    """The user that servers run as when we are root (OpenSearch refuses root); None when we are nobody special."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam(SERVICE_USER).pw_name
    except KeyError:
        command = ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", SERVICE_USER]
        made = subprocess.run(command, capture_output=True, text=True, check=False)
    if made.returncode != 0:
        raise ConfigurationError(f"user {SERVICE_USER!r} cannot be made ({made.stderr.strip()}); make it yourself")
    return SERVICE_USER


def check_reachable(path: Path) -> None:
    """ConfigurationError where the service user could not pass through a folder above (root's home, say)."""
    if os.geteuid() != 0:
        return
    for folder in (path, *path.parents):
        if folder.exists() and not folder.stat().st_mode & 0o001:
            why = f"user {SERVICE_USER!r} cannot pass through {folder}"
            raise ConfigurationError(f"{why}; set OMMA_HOME to another folder")
