"""Files of a folder, whatever lies in it, and the text that lies beside a picture."""

import json
import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from engine.errors import BadPicture, BadSource
from factors.text import Kind, TextSnippet
from ingest.item import Refusal, facts_of
from ingest.text import clean, has_surrogates

PICTURES = frozenset(
    "jpg,jpeg,jpe,jfif,png,gif,webp,bmp,dib,tif,tiff,heic,heif,avif,svg,svgz,ppm,pgm,pbm,pnm,ico,jp2,jpx,tga,pcx".split(",")  # noqa: SIM905
)


def walk(root: Path) -> Iterator[Path | Refusal]:
    """Everything below the folder that is not a folder, in a stable order; BadSource where the folder itself cannot be read.

    A folder below it that cannot be read is refused. Hidden entries are left out. Links are not followed; one to a folder is
    given like a file.
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

    A pipe, a socket or a device is refused before it is opened, and is not waited for if it takes the file's place meanwhile.
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
    """Whether the path, after links are followed, stays inside the folder. A link that leads nowhere stays where it is."""
    try:
        return Path(os.path.realpath(path)).is_relative_to(os.path.realpath(root))
    except (OSError, ValueError):  # ValueError: a NUL in the name
        return False


def is_picture(path: Path) -> bool:
    """Whether the name claims to be a picture of any kind, usable or not."""
    return path.suffix[1:].lower() in PICTURES


def reference_of(path: Path, root: Path) -> str:
    """The path within the folder, as text that can be sent."""
    return printable(str(path.relative_to(root)))


def printable(path: str) -> str:
    """A path as text that can be sent: bytes that are not UTF-8 are shown as escapes."""
    return path.encode("utf-8", "backslashreplace").decode("utf-8")


def reason_of(error: Exception) -> str:
    """What the operating system says, without the path."""
    return (error.strerror if isinstance(error, OSError) else "") or str(error)


def _is_folder(entry: "os.DirEntry[str]") -> bool:
    try:
        return entry.is_dir(follow_symlinks=False)
    except OSError:  # it vanished meanwhile: reading it says so
        return False


LARGEST = 1024 * 1024  # bytes of one file of text
TEXT_KEYS = {
    "title": Kind.TITLE,
    "caption": Kind.CAPTION,
    "description": Kind.CAPTION,
    "alt": Kind.ALT,
    "anchor": Kind.ANCHOR,
    "keywords": Kind.KEYWORDS,
    "tags": Kind.KEYWORDS,
    "nearby": Kind.NEARBY,
}


@dataclass(frozen=True, slots=True)
class Beside:
    """TextSnippet of text, and facts by the names that `Item` has."""

    snippets: tuple[TextSnippet, ...] = ()
    facts: dict[str, Any] = field(default_factory=dict)


def read_beside(picture: Path, root: Path) -> Beside:
    """What lies beside the picture of that folder; BadPicture with `bad-text` where it cannot be read."""
    snippets: list[TextSnippet] = []
    facts: dict[str, Any] = {}
    text = _read(picture.with_suffix(".txt"), root)
    if clean(text):
        snippets.append(TextSnippet(Kind.CAPTION, clean(text)))
    told = _read(picture.with_suffix(".json"), root)
    if told.strip():
        record = _record(told)
        snippets += snippets_of(record)
        facts = facts_of(record, known=set(TEXT_KEYS) | {"language"})
    return Beside(tuple(snippets), facts)


def snippets_of(record: Mapping[str, Any]) -> Iterator[TextSnippet]:
    """TextSnippet of a JSON object: a text, a list of texts, or texts by language under each key of `TEXT_KEYS`."""
    language, page = str(record.get("language") or ""), str(record.get("page") or "")
    for key, kind in TEXT_KEYS.items():
        value = record.get(key)
        if isinstance(value, Mapping):
            entries = [(str(text), str(code)) for code, text in value.items()]
        elif isinstance(value, list):
            entries = [(", ".join(str(part) for part in value), language)]
        else:
            entries = [(str(value or ""), language)]
        yield from (TextSnippet(kind, clean(text), code, clean(page)) for text, code in entries if clean(text))


def _read(path: Path, root: Path) -> str:
    """The text, or nothing where there is no such file; a link must lead to a file inside the folder."""
    if not os.path.lexists(path) or path.is_dir():
        return ""
    if path.is_symlink() and not within(path, root):
        raise BadPicture("bad-text", f"{path.name} is a link that leads out of the folder")
    try:
        data = read_file(path, LARGEST)
    except BadPicture as error:
        raise BadPicture("bad-text", f"{path.name}: {error}") from error
    if len(data) > LARGEST:
        raise BadPicture("bad-text", f"{path.name} is larger than {LARGEST} bytes")
    return _decoded(data, path.name)


def _decoded(data: bytes, name: str) -> str:
    """UTF-8; what is none is Latin 1, as old tools wrote; encoded halves of characters are refused."""
    try:
        text = data.decode("utf-8-sig", "surrogatepass")
    except UnicodeDecodeError:
        return data.decode("latin-1")
    return _whole(text, name)


def _whole(text: str, name: str) -> str:
    if has_surrogates(text):
        raise BadPicture("bad-characters", f"{name}: half of a character (lone surrogate)")
    return text


def _record(text: str) -> Mapping[str, Any]:
    try:
        record = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadPicture("bad-text", f"the .json beside the picture is broken: {error}") from error
    _whole(json.dumps(record, ensure_ascii=False), "the .json beside the picture")
    if not isinstance(record, Mapping):
        raise BadPicture("bad-text", "the .json beside the picture is not an object")
    return record
