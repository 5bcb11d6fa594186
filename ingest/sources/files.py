"""Files of a folder, whatever it contains: pipes, links out of it, names that are not UTF-8, unreadable folders."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from engine.errors import BadPicture, BadSource
from ingest.item import Refusal

PICTURES = frozenset(
    "jpg,jpeg,jpe,jfif,png,gif,webp,bmp,dib,tif,tiff,heic,heif,avif,svg,svgz,ppm,pgm,pbm,pnm,ico,jp2,jpx,tga,pcx".split(",")  # noqa: SIM905
)


def walk(root: Path) -> Iterator[Path | Refusal]:
    """Everything below the folder that is not a folder, in a stable order; BadSource where the folder itself cannot be read.

    A subfolder that cannot be read is yielded as a refusal. Hidden entries are skipped. Links are not followed; a link to a
    folder is yielded like a file.
    """
    waiting = [root]
    while waiting:
        folder = waiting.pop()
        try:
            with os.scandir(folder) as entries:
                found = sorted((entry.name, _is_folder(entry)) for entry in entries if not entry.name.startswith("."))
        except OSError as error:
            if folder == root:
                raise BadSource(f"the folder {printable(str(root))} cannot be read: {reason_of(error)}") from error
            yield Refusal(f"{reference_of(folder, root)}/", "unreadable", f"the folder cannot be read: {reason_of(error)}")
            continue
        yield from (folder / name for name, is_folder in found if not is_folder)
        waiting += [folder / name for name, is_folder in reversed(found) if is_folder]


def read_file(path: Path, limit: int) -> bytes:
    """At most `limit` + 1 bytes of a regular file; BadPicture: `not-found`, `unreadable`, or `not-a-file`."""
    with open_file(path) as file:
        try:
            return file.read(min(limit, os.fstat(file.fileno()).st_size) + 1)
        except OSError as error:
            raise _refused(error) from error


def open_file(path: Path) -> BinaryIO:
    """A regular file, opened; BadPicture as `read_file`.

    A pipe, socket or device is refused before it is opened; if one replaces the file in between, opening does not block on it.
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise BadPicture("not-a-file", "it is not a file but a folder, a pipe, a socket or a device")
        return os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb")
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        raise _refused(error) from error


def _refused(error: Exception) -> BadPicture:
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return BadPicture("not-found", "there is no such file")
    if isinstance(error, PermissionError):
        return BadPicture("unreadable", "the file may not be read by this user")
    return BadPicture("unreadable", f"the file cannot be read: {reason_of(error)}")


def within(path: Path, root: Path) -> bool:
    """Whether the path is inside the folder after links are resolved; a broken link counts by its own place."""
    try:
        return Path(os.path.realpath(path)).is_relative_to(os.path.realpath(root))
    except (OSError, ValueError):  # ValueError: a NUL in the name
        return False


def is_picture(path: Path) -> bool:
    """Whether the suffix is that of an image format, supported or not."""
    return path.suffix[1:].lower() in PICTURES


def reference_of(path: Path, root: Path) -> str:
    """The path relative to the folder, as valid UTF-8."""
    return printable(str(path.relative_to(root)))


def printable(path: str) -> str:
    """A path as valid UTF-8: other bytes are shown as escapes."""
    return path.encode("utf-8", "backslashreplace").decode("utf-8")


def reason_of(error: Exception) -> str:
    """The operating system's message, without the path."""
    return (error.strerror if isinstance(error, OSError) else "") or str(error)


def _is_folder(entry: "os.DirEntry[str]") -> bool:
    try:
        return entry.is_dir(follow_symlinks=False)
    except OSError:  # it vanished meanwhile; reading it reports the error
        return False
