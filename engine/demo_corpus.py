"""The demo corpus: the stamps of Tux Paint, as Debian packages them, without the game."""

import shutil
import subprocess
import tempfile
from pathlib import Path

from engine.errors import ConfigurationError
from engine.installation import make_folder, paths_of
from engine.settings import Settings

PACKAGE = "tuxpaint-stamps-default"
STAMPS = Path("usr/share/tuxpaint/stamps")  # inside the package
KEPT_SUFFIXES = {".png", ".txt", ".svg"}
ADVICE = f"run `apt-get update` and try again, or name a folder of your own: `omma ingest FOLDER` ({PACKAGE} is 161 MB)"


def ensure(settings: Settings) -> Path:
    """The folder of stamps, downloaded and unpacked once; ConfigurationError where apt cannot get the package."""
    folder = paths_of(settings).root / "demo" / "stamps"
    if not folder.exists():
        make_folder(folder.parent)
        with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
            unpacked = _unpack(_download(Path(scratch)), Path(scratch) / "unpacked")
            _delete_other_files(unpacked)
            unpacked.rename(folder)
    return folder


def _download(folder: Path) -> Path:
    """The package's file, which apt downloads and checks without installing it."""
    folder.chmod(0o755)
    if shutil.which("apt-get") is None:
        raise ConfigurationError(f"apt-get is missing, so the demo corpus cannot be downloaded; {ADVICE}")
    done = subprocess.run(["apt-get", "download", PACKAGE], cwd=folder, capture_output=True, text=True, check=False)
    found = list(folder.glob(f"{PACKAGE}_*.deb"))
    if done.returncode != 0 or not found:
        raise ConfigurationError(f"package {PACKAGE} cannot be downloaded ({done.stderr.strip()[-300:]}); {ADVICE}")
    return found[0]


def _unpack(package: Path, folder: Path) -> Path:
    done = subprocess.run(["dpkg-deb", "-x", str(package), str(folder)], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise ConfigurationError(f"{package.name} cannot be unpacked: {done.stderr.strip()[-300:]}")
    return folder / STAMPS


def _delete_other_files(folder: Path) -> None:
    """Keep pictures and their texts; delete sounds and settings of the game."""
    for path in folder.rglob("*"):
        if path.is_file() and path.suffix.lower() not in KEPT_SUFFIXES:
            path.unlink()
