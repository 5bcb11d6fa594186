"""A bounded folder of small files: what is too old goes, and the oldest go when space runs out."""

import contextlib
import os
import re
import tempfile
import time
from pathlib import Path

from engine.errors import NotFoundError

SAFE_NAME = re.compile(r"[a-z0-9-]{1,80}(\.[a-z]{1,8})?")


class BoundedFolder:
    """Files by name, shared by all processes of one host; a read renews a file's time.

    The bound holds after every write but for the file just written, so that a picture is always there for the
    question that brought it.
    """

    def __init__(self, folder: Path, *, ttl: float, space: int) -> None:
        """`ttl` in seconds, `space` in bytes."""
        self.folder, self.ttl, self.space = folder, ttl, space

    def put(self, name: str, data: bytes) -> None:
        """Keep the bytes under the name; a reader sees all of them or none."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.NamedTemporaryFile(dir=self.folder, prefix=".", delete=False) as file:
            file.write(data)
        Path(file.name).replace(self._path(name))
        self.sweep(keep=name)

    def get(self, name: str) -> bytes:
        """The bytes; NotFoundError when they were never here or their time is over."""
        path = self._path(name)
        try:
            if path.stat().st_mtime < time.time() - self.ttl:
                raise NotFoundError(f"{name} is no longer kept")
            data = path.read_bytes()
            os.utime(path)
        except FileNotFoundError as error:
            raise NotFoundError(f"{name} is not kept here") from error
        return data

    def sweep(self, *, keep: str = "") -> None:
        """Remove what is too old, then the oldest until the rest fits."""
        files = sorted(self._files(), reverse=True)  # newest first
        oldest, used = time.time() - self.ttl, 0
        for modified, size, path in files:
            used += size
            if path.name != keep and (modified < oldest or used > self.space):
                used -= size
                path.unlink(missing_ok=True)

    def _files(self) -> list[tuple[float, int, Path]]:
        """Modification time, size and path of each file; other processes may remove some meanwhile."""
        found = []
        for path in self.folder.iterdir():
            with contextlib.suppress(FileNotFoundError):
                status = path.stat()
                found.append((status.st_mtime, status.st_size, path))
        return found

    def _path(self, name: str) -> Path:
        """Where the file is; a name that could leave the folder is not a name."""
        if not SAFE_NAME.fullmatch(name):
            raise NotFoundError("no such file")
        return self.folder / name
