"""The folders below OMMA_HOME."""

from dataclasses import dataclass
from pathlib import Path

from engine.errors import ConfigurationError
from engine.settings import Settings


@dataclass(frozen=True, slots=True)
class Paths:
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
    def data(self) -> Path:
        """Data of OpenSearch and Redis."""
        return self.root / "data"


def paths_of(settings: Settings) -> Paths:
    """The folders of these settings."""
    return Paths(settings.home.absolute())


def make_folder(path: Path) -> Path:
    """A folder that is there; ConfigurationError says why it cannot be."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be made ({error.strerror}); set OMMA_HOME to another folder") from error
    return path
