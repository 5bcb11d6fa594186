"""Files of a folder, whatever it contains: pipes, links out of it, names that are not UTF-8, unreadable folders."""

import os
import re
import stat
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import BinaryIO

from engine.errors import BadPicture, BadSource
from ingest.item import Refusal
from ingest.text import has_surrogates
from vision.formats import ENDINGS, HEAD_BYTES, begins_as_picture

ENDING = re.compile(r"\.[A-Za-z][A-Za-z0-9]{0,9}$")
CHUNK_BYTES = 1 << 20  # that are read at a time


def is_hidden(_folder: Path, name: str, _is_folder: bool) -> bool:
    """Whether an entry's name begins with a dot."""
    return name.startswith(".")


def walk(root: Path, leaves_out: Callable[[Path, str, bool], bool] = is_hidden) -> Iterator[Path | Refusal]:
    """Everything below the folder that is not a folder, in a stable order; BadSource where the folder itself cannot be read.

    `leaves_out`: whether to leave out an entry, by its folder, its name, and whether it is a folder; by default hidden ones.
    A subfolder that cannot be read is yielded as a refusal. Links are not followed; a link to a folder is yielded like a file.
    Of a folder only the names are kept in memory.
    """
    waiting = [root]
    while waiting:
        folder = waiting.pop()
        try:
            files, folders = _entries(folder, leaves_out)
        except OSError as error:
            if folder == root:
                raise BadSource(f"the folder {printable(str(root))} cannot be read: {reason_of(error)}") from error
            yield Refusal(f"{reference_of(folder, root)}/", "unreadable", f"the folder cannot be read: {reason_of(error)}")
            continue
        yield from (folder / name for name in files)
        waiting += [folder / name for name in reversed(folders)]


def _entries(folder: Path, leaves_out: Callable[[Path, str, bool], bool]) -> tuple[list[str], list[str]]:
    """Names of files and of folders, each sorted. OSError."""
    files: list[str] = []
    folders: list[str] = []
    with os.scandir(folder) as entries:
        for entry in entries:
            (folders if _is_folder(entry) else files).append(entry.name)
    return (
        [name for name in sorted(files) if not leaves_out(folder, name, False)],
        [name for name in sorted(folders) if not leaves_out(folder, name, True)],
    )


def read_file(path: Path, limit: int) -> bytes:
    """At most `limit` + 1 bytes of a regular file; BadPicture: `not-found`, `unreadable`, `not-a-file`, or `changing`.

    A file that somebody writes to while it is read is refused: half a picture would be taken for a damaged one.
    """
    with open_file(path) as file:
        try:
            before = os.fstat(file.fileno())
            data = b"".join(_chunks(file, limit + 1))
            after = os.fstat(file.fileno())
        except OSError as error:
            raise _refused(error) from error
    if len(data) <= limit and (before.st_mtime_ns, before.st_size) != (after.st_mtime_ns, after.st_size):
        raise BadPicture("changing", "the file changed while it was read; the next reading of the folder takes it")
    return data


def _chunks(file: BinaryIO, limit: int) -> Iterator[bytes]:
    """The file's bytes, at most `limit` of them, however fast it grows."""
    while limit > 0 and (chunk := file.read(min(limit, CHUNK_BYTES))):
        limit -= len(chunk)
        yield chunk


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
    return path.suffix[1:].lower() in ENDINGS


def is_unnamed_picture(path: Path) -> bool:
    """Whether a file whose name has no ending (`IMG1234`, `a.jpg?w=300`) begins as a picture; False where it cannot be read."""
    if ENDING.search(path.name):
        return False
    try:
        with open_file(path) as file:
            return begins_as_picture(file.read(HEAD_BYTES))
    except (BadPicture, OSError):
        return False


def selection(only: Collection[str] | None) -> Callable[[str], bool]:
    """Whether references are among these; `name/` stands for everything below a folder, and None for everything."""
    if only is None:
        return lambda _: True
    folders = tuple(name for name in only if name.endswith("/"))
    return lambda reference: reference in only or reference.startswith(folders)


def reference_of(path: Path, root: Path) -> str:
    """The path relative to the folder, as valid UTF-8."""
    return printable(str(path.relative_to(root)))


def printable(path: str) -> str:
    """A path as valid UTF-8: other bytes are shown as escapes."""
    return path.encode("utf-8", "backslashreplace").decode("utf-8")


def readable(name: str) -> str:
    """A name as people read it: bytes that are not UTF-8 are taken as Windows-1252, as old systems wrote them."""
    return os.fsencode(name).decode("cp1252", "replace") if has_surrogates(name) else name


def is_folder(path: Path) -> bool:
    """Whether it is a folder, or a link to one; an entry that may not be examined is none."""
    try:
        return path.is_dir()
    except OSError:
        return False


def reason_of(error: Exception) -> str:
    """The operating system's message, without the path."""
    return (error.strerror if isinstance(error, OSError) else "") or str(error)


def _is_folder(entry: "os.DirEntry[str]") -> bool:
    try:
        return entry.is_dir(follow_symlinks=False)
    except OSError:  # it vanished meanwhile; reading it reports the error
        return False
