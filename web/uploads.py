"""Pictures that were sent to search with: checked by decoding, and kept for a while in a folder of limited size."""

import contextlib
import os
import re
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from engine.errors import NotFoundError
from engine.settings import Settings
from vision.picture import Picture, decode, thumbnail

PREVIEW_SIDE = 1024
SAFE_NAME = re.compile(r"[a-z0-9-]{1,80}(\.[a-z]{1,8})?")


class BoundedFolder:
    """Files by name, shared by all processes of one host; a read renews a file's time.

    The limit holds after every write except for the file just written: a picture is always there for the question that sent it.
    """

    def __init__(self, folder: Path, *, ttl: float, space: int) -> None:
        """`ttl` in seconds, `space` in bytes."""
        self.folder, self.ttl, self.space = folder, ttl, space

    def put(self, name: str, data: bytes) -> None:
        """Write the bytes under the name; a reader sees all of them or none."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.NamedTemporaryFile(dir=self.folder, prefix=".", delete=False) as file:
            file.write(data)
        Path(file.name).replace(self._path(name))
        self.sweep(keep=name)

    def get(self, name: str) -> bytes:
        """The bytes; NotFoundError where they are not in the folder, or have expired."""
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
        """Remove expired files, then the oldest until the rest fits."""
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
        """The path of the file; NotFoundError for a name that could leave the folder."""
        if not SAFE_NAME.fullmatch(name):
            raise NotFoundError("no such file")
        return self.folder / name


@dataclass(frozen=True, slots=True)
class Kept:
    """A picture that is kept: `id` is the sha256 of its bytes; size in pixels, upright; `seconds` until it expires."""

    id: str
    width: int
    height: int
    format: str
    seconds: int


class Uploads:
    """Pictures sent to search with, by sha256, and a newly encoded preview of each: sent bytes are never echoed."""

    def __init__(self, settings: Settings) -> None:
        """Keep them under the home, within the limits of the settings."""
        self.settings = settings
        self._folder = BoundedFolder(settings.home / "uploads", ttl=settings.upload_ttl, space=settings.upload_space)

    def keep(self, data: bytes) -> Kept:
        """Check that the bytes are a picture (BadPicture otherwise) and keep them."""
        picture = decode(data, self.settings)
        self._folder.put(picture.id, data)
        self._folder.put(f"{picture.id}.webp", thumbnail(picture, PREVIEW_SIDE))
        return self._kept(picture)

    def original(self, picture_id: str) -> bytes:
        """The bytes as they were sent; NotFoundError once they have expired."""
        return self._folder.get(picture_id)

    def preview(self, picture_id: str) -> bytes:
        """WebP, at most 1024 pixels on its longer side; NotFoundError once it has expired."""
        return self._folder.get(f"{picture_id}.webp")

    def _kept(self, picture: Picture) -> Kept:
        return Kept(picture.id, picture.width, picture.height, picture.format, self.settings.upload_ttl)
