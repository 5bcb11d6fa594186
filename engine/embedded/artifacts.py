"""The server's files: downloaded once by a Maven client, checked, unpacked into one folder that nothing writes to later."""

import hashlib
import shutil
import uuid
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from fcntl import LOCK_EX, flock
from pathlib import Path

from maven_artifact import Artifact as MavenArtifact
from maven_artifact import Downloader, RequestException
from requests.exceptions import RequestException as ConnectionProblem

from engine.errors import ConfigurationError
from engine.quiet import quiet_stdout

VERSION = "3.6.0"
Fetch = Callable[["Artifact", Path], None]


@dataclass(frozen=True)
class Artifact:
    """A zip by its Maven coordinates. `plugin`: name of the folder that it is unpacked into; empty for the server itself."""

    coordinates: str
    sha256: str
    plugin: str = ""

    @property
    def filename(self) -> str:
        """The name of its file in the cache."""
        _, name, _, version = self.coordinates.split(":")
        return f"{name}-{version}.zip"


# A plugin loads only into the version of the server that it was built for.
ARTIFACTS = (
    Artifact(
        f"org.opensearch.distribution.integ-test-zip:opensearch:zip:{VERSION}",
        "a91faa1dc1cadc78cb278b4f63847e19e1627a4e9de698e14e7efc14ee37b286",
    ),
    Artifact(
        f"org.opensearch.plugin:opensearch-knn:zip:{VERSION}.0",
        "ac392ca28a39b3bf290648a422ef30cb149dda2963a9d7feb26060e932341c9a",
        "opensearch-knn",
    ),
    Artifact(
        f"org.opensearch.plugin:neural-search:zip:{VERSION}.0",
        "6ef1b206e79391e2e36268e32dc34d27fd8b8a59a8eb0a7393c97d53b038e433",
        "neural-search",
    ),
)


def ensure_server(home: Path, artifacts: tuple[Artifact, ...] = ARTIFACTS, fetch: Fetch | None = None) -> Path:
    """The folder of the unpacked server with its plugins, made where it is missing; ConfigurationError says what to do.

    The folder's name holds the hash of its artifacts. It gets that name last, so a half-unpacked one is never used.
    """
    key = hashlib.sha256("".join(a.sha256 for a in artifacts).encode()).hexdigest()[:12]
    final = home / "opensearch" / f"server-{VERSION}-{key}"
    if final.exists():
        return final
    with _locked(home / "cache" / "artifacts.lock"):
        if not final.exists():
            cache = home / "cache" / "artifacts"
            with ThreadPoolExecutor(len(artifacts)) as pool:
                zips = list(pool.map(lambda artifact: ensure_zip(artifact, cache, fetch), artifacts))
            _unpack_all(artifacts, zips, final)
    return final


def ensure_zip(artifact: Artifact, cache: Path, fetch: Fetch | None = None) -> Path:
    """The checked zip in the cache; a damaged one is fetched again, once."""
    path = cache / artifact.filename
    if path.exists() and sha256_of(path) == artifact.sha256:
        return path
    cache.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        (fetch or maven)(artifact, temporary)
        if (found := sha256_of(temporary)) != artifact.sha256:
            raise ConfigurationError(
                f"{artifact.coordinates} arrived with sha256 {found}, not {artifact.sha256}: the download is damaged or "
                "the mirror is wrong; run the same command again"
            )
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    return path


def maven(artifact: Artifact, target: Path) -> None:
    """Download with the Maven client, which knows the repositories."""
    try:
        with quiet_stdout():  # it prints its progress to the standard output of the caller
            Downloader().download(MavenArtifact.parse(artifact.coordinates), filename=str(target))
    except (RequestException, ConnectionProblem) as error:
        raise ConfigurationError(
            f"{artifact.coordinates} cannot be fetched: {str(error).splitlines()[0]}; "
            "check the network and run the same command again"
        ) from error


def sha256_of(path: Path) -> str:
    """The sha256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _unpack_all(artifacts: tuple[Artifact, ...], zips: list[Path], final: Path) -> None:
    temporary = final.with_name(f".{final.name}.{uuid.uuid4().hex}")
    try:
        for artifact, path in zip(artifacts, zips, strict=True):
            _unpack(path, temporary / "plugins" / artifact.plugin if artifact.plugin else temporary)
        for script in (temporary / "bin").iterdir():
            script.chmod(0o755)
        final.parent.mkdir(parents=True, exist_ok=True)
        temporary.replace(final)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _unpack(path: Path, target: Path) -> None:
    """Unpack into the target; a single top folder of the zip is left out."""
    inside = target.with_name(f".{target.name}.zip")
    with zipfile.ZipFile(path) as archive:
        archive.extractall(inside)
    entries = list(inside.iterdir())
    root = entries[0] if len(entries) == 1 and entries[0].is_dir() else inside
    target.parent.mkdir(parents=True, exist_ok=True)
    root.rename(target)
    shutil.rmtree(inside, ignore_errors=True)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Let one process in at a time; the lock is released with its process, however that ends."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        flock(file, LOCK_EX)
        yield
