"""Originals and thumbnails: content-addressed files at any fsspec address, never in OpenSearch."""

import hashlib
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fsspec.core import url_to_fs

from engine.errors import ConfigurationError, NotFoundError
from engine.settings import Settings

HASH_LENGTH = 64
KINDS = ("originals", "thumbnails", "questions")


class Store:
    """`originals/ab/cd/<sha256>`, `thumbnails/...` (WebP), and `questions/...`: pictures of judged questions.

    A local write goes to a temporary name and is moved into place, so a reader never sees half a file;
    object stores write whole objects anyway.
    """

    def __init__(self, settings: Settings) -> None:
        """Raise ConfigurationError for an address that fsspec cannot open."""
        address = settings.store_url or f"file://{settings.home / 'store'}"
        try:
            self._files, self._root = url_to_fs(address)
        except (ValueError, ImportError) as error:
            raise ConfigurationError(f"OMMA_STORE_URL {address!r} cannot be opened: {error}") from error
        self._local = "file" in self._protocols()

    def put_original(self, data: bytes) -> str:
        """Store the bytes and return their sha256; bytes that are already there are not written again."""
        digest = hashlib.sha256(data).hexdigest()
        if not self.has_original(digest):
            self._write(self._path("originals", digest), data)
        return digest

    def original(self, digest: str) -> bytes:
        """The original bytes; NotFoundError."""
        return self._read("originals", digest)

    def has_original(self, digest: str) -> bool:
        """Whether the original of that sha256 is stored."""
        return bool(self._files.exists(self._path("originals", digest)))

    def put_thumbnail(self, digest: str, data: bytes) -> None:
        """Store a thumbnail (WebP) for the original of that sha256."""
        self._write(self._path("thumbnails", digest), data)

    def thumbnail(self, digest: str) -> bytes:
        """The thumbnail (WebP); NotFoundError."""
        return self._read("thumbnails", digest)

    def has_thumbnail(self, digest: str) -> bool:
        """Whether there is a thumbnail for that sha256."""
        return bool(self._files.exists(self._path("thumbnails", digest)))

    def put_question(self, data: bytes) -> str:
        """Store the picture of a judged question and return its sha256."""
        digest = hashlib.sha256(data).hexdigest()
        self._write(self._path("questions", digest), data)
        return digest

    def question(self, digest: str) -> bytes:
        """The picture of a judged question; NotFoundError."""
        return self._read("questions", digest)

    def delete_question(self, digest: str) -> None:
        """Delete the picture of a judged question, if there is one."""
        self._remove(self._path("questions", digest))

    def delete(self, digest: str) -> None:
        """Delete original and thumbnail, as far as they exist."""
        for kind in ("originals", "thumbnails"):
            self._remove(self._path(kind, digest))

    def copy_to(self, folder: Path) -> int:
        """Copy every file that the folder lacks; the number of originals. Files never change, as their names are hashes."""
        copied = {kind: list(self._copied(kind, folder)) for kind in KINDS}
        return len(copied["originals"])

    def _copied(self, kind: str, folder: Path) -> Iterator[str]:
        root = f"{self._root}/{kind}"
        for path in self._files.find(root) if self._files.exists(root) else []:
            name = path.rpartition("/")[2]
            target = folder / kind / name[:2] / name[2:4] / name
            if len(name) == HASH_LENGTH and not target.exists():
                replace_file(target, self._files.cat_file(path))
            yield name

    def copy_from(self, folder: Path) -> None:
        """Store every file of such a folder that is missing here."""
        for path in (path for kind in KINDS for path in (folder / kind).glob("*/*/*")):
            stored = self._path(path.parents[2].name, path.name)
            if not self._files.exists(stored):
                self._write(stored, path.read_bytes())

    def _remove(self, path: str) -> None:
        if self._files.exists(path):
            self._files.rm_file(path)

    def _protocols(self) -> tuple[str, ...]:
        protocol: Any = self._files.protocol
        return (protocol,) if isinstance(protocol, str) else tuple(protocol)

    def _path(self, kind: str, digest: str) -> str:
        """The path of a file; only a sha256 makes one, so that no caller's text reaches the file system."""
        if len(digest) != HASH_LENGTH or not all(c in "0123456789abcdef" for c in digest):
            raise NotFoundError(f"{digest[:80]!r} is not a sha256")
        return f"{self._root}/{kind}/{digest[:2]}/{digest[2:4]}/{digest}"

    def _read(self, kind: str, digest: str) -> bytes:
        try:
            return bytes(self._files.cat_file(self._path(kind, digest)))
        except FileNotFoundError as error:
            raise NotFoundError(f"no {kind[:-1]} of {digest} in the store") from error

    def _write(self, path: str, data: bytes) -> None:
        if not self._local:
            self._files.pipe_file(path, data)
            return
        replace_file(Path(path), data)


def replace_file(final: Path, data: bytes) -> None:
    """Write a file under a temporary name, and move it into place, so that a reader never sees half of it."""
    final.parent.mkdir(parents=True, exist_ok=True)
    temporary = final.with_name(f".{final.name}.{uuid.uuid4().hex}")
    temporary.write_bytes(data)
    temporary.replace(final)
