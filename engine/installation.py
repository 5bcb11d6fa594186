"""This installation of Omma: its version, the mark by which its programs recognise one another, its folders."""

import hashlib
import tomllib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from urllib.parse import urlsplit

from engine.errors import ConfigurationError
from engine.settings import Settings

CHECKOUT = Path(__file__).resolve().parents[1]
HEADER = "X-Omma-Installation"  # of every response of the page; its value is `mark`


@lru_cache(maxsize=1)
def version() -> str:
    """The version in pyproject.toml, the only place where it is written: Omma runs from its checkout, not as a package."""
    project: dict[str, str] = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]
    return project["version"]


def mark(settings: Settings) -> str:
    """16 hexadecimal digits, equal for processes of one version that work on the same data.

    The command line asks a running page only if the page answers with the mark of the command's own settings: a port may
    belong to another installation, whose documents would be the wrong answer. Passwords in addresses do not change it.
    """
    addresses = [*settings.opensearch_url.split(","), settings.redis_address, settings.store_url]
    own = (settings.home.absolute(), settings.index_prefix, settings.profile, settings.opensearch_port)
    parts = (version(), *own, *map(_without_password, addresses))
    return hashlib.sha256("\0".join(map(str, parts)).encode()).hexdigest()[:16]


def _without_password(address: str) -> str:
    """The address without user name and password; empty for one that is not valid."""
    try:
        parts = urlsplit(address.strip())
    except ValueError:  # reported when something connects to it
        return ""
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


@dataclass(frozen=True, slots=True)
class Paths:
    """The folders below OMMA_HOME; each is made by the part that writes into it."""

    root: Path

    @property
    def cache(self) -> Path:
        """Downloads, kept from one set-up to the next."""
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
    def data(self) -> Path:
        """Data of OpenSearch and Redis."""
        return self.root / "data"


def paths_of(settings: Settings) -> Paths:
    """The folders of these settings."""
    return Paths(settings.home.absolute())


def make_folder(path: Path) -> Path:
    """The folder, made where it is missing; ConfigurationError says why it cannot be made."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be made ({error.strerror}); set OMMA_HOME to another folder") from error
    return path
