"""The unprivileged user of the servers: OpenSearch refuses to run as root, and no server should."""

import os
import pwd
import shutil
import subprocess
from pathlib import Path

from engine.errors import ConfigurationError

USER, FALLBACK = "omma", "nobody"


def service_user() -> str:
    """The user that servers run as: a system user, added where it is missing, if this is root; else empty (no change).

    ConfigurationError where there is no such user and none can be added.
    """
    if os.geteuid() != 0:
        return ""
    for name in (USER, FALLBACK):
        if _exists(name) or (name == USER and _add(name)):
            return name
    raise ConfigurationError(f"there is no user that servers may run as; add one: useradd --system {USER}")


def give(user: str, *folders: Path) -> None:
    """Make the folders; they and everything in them then belong to the user, unless its name is empty."""
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
                f"the user {user}, which servers run as, cannot pass through {parent}; "
                f"set OMMA_HOME to a folder elsewhere (by default /var/lib/omma), or run: chmod o+x {parent}"
            )


def _exists(name: str) -> bool:
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True


def _add(name: str) -> bool:
    """Add a system user; whether there is one afterwards."""
    useradd = shutil.which("useradd", path=os.environ.get("PATH", "") + ":/usr/sbin")
    if not useradd:
        return False
    command = [useradd, "--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent"]
    done = subprocess.run([*command, "--shell", "/usr/sbin/nologin", name], capture_output=True, check=False)
    return done.returncode == 0 or _exists(name)


def _chown(user: str, folder: Path) -> None:
    entry = pwd.getpwnam(user)
    for path in (folder, *folder.rglob("*")):
        if path.lstat().st_uid != entry.pw_uid:
            os.chown(path, entry.pw_uid, entry.pw_gid, follow_symlinks=False)


def _passes(status: os.stat_result, uid: int, gid: int) -> bool:
    """Whether the mode lets the user enter the folder."""
    shift = 6 if status.st_uid == uid else 3 if status.st_gid == gid else 0
    return bool(status.st_mode >> shift & 1)
