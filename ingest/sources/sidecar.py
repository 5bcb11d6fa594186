"""Sidecar files: text, JSON and XMP beside a picture hold linked text and facts. None of them ever costs the picture."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from engine.errors import BadPicture, InputError, OmmaError
from factors.text import Kind, TextSnippet
from ingest.metadata import read_packet
from ingest.sources.files import is_folder, read_file, within
from ingest.sources.sidecar_json import Sidecar, sidecar_of, snippets_of
from ingest.sources.sidecar_names import SUFFIXES, Beside
from ingest.text import clean

__all__ = ["SUFFIXES", "Sidecar", "Sidecars", "snippets_of"]
MAX_SIDECAR_BYTES = 8 * 1024 * 1024  # LabelMe writes the picture itself into its file


class Sidecars:
    """The sidecar files below a folder; the names of one folder at a time are kept."""

    def __init__(self, root: Path) -> None:
        """Links out of `root` are not followed."""
        self._root = root
        self._folder: Path | None = None
        self._beside: Beside

    def of(self, picture: Path) -> Sidecar:
        """Text and facts beside a picture. Of two files that tell the same fact, the one that names the picture more exactly
        counts; what cannot be read or understood is in the notes."""
        if picture.parent != self._folder:
            self._folder, self._beside = picture.parent, Beside(picture.parent)
        found = [self._read(picture.with_name(name), picture.name) for name in self._beside.of(picture.name)]
        snippets = dict.fromkeys(snippet for sidecar in found for snippet in sidecar.snippets)
        facts: dict[str, Any] = {}
        for sidecar in reversed(found):
            facts |= sidecar.facts
        return Sidecar(tuple(snippets), facts, tuple(note for sidecar in found for note in sidecar.notes))

    def _read(self, path: Path, picture: str) -> Sidecar:
        try:
            if is_folder(path):
                return Sidecar()
            sidecar = READERS[path.suffix.lower()](self._bytes(path), picture)
        except OmmaError as error:
            return _not_understood(path, str(error))
        except Exception as error:  # programs and people write anything
            return _not_understood(path, f"{type(error).__name__}: {error}")
        return Sidecar(sidecar.snippets, sidecar.facts, tuple(f"{path.name}: {note}" for note in sidecar.notes))

    def _bytes(self, path: Path) -> bytes:
        """The file's bytes; BadPicture, also where it is a link out of the folder."""
        if not within(path, self._root):
            raise BadPicture("outside", "a link that leads out of the folder")
        data = read_file(path, MAX_SIDECAR_BYTES)
        if len(data) > MAX_SIDECAR_BYTES:
            raise BadPicture("too-large", f"larger than {MAX_SIDECAR_BYTES} bytes")
        return data


def _not_understood(path: Path, why: str) -> Sidecar:
    return Sidecar(notes=(clean(f"{path.name}: {why}"),))


def _plain(data: bytes, _picture: str) -> Sidecar:
    text = clean(_decoded(data))
    return Sidecar((TextSnippet(Kind.CAPTION, text),) if text else ())


def _json(data: bytes, picture: str) -> Sidecar:
    text = _decoded(data)
    if not text.strip():
        return Sidecar()
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"broken: {error}") from error
    return sidecar_of(content, picture)


def _xmp(data: bytes, _picture: str) -> Sidecar:
    metadata = read_packet(data)
    facts = {"date": metadata.date, "place": metadata.place}
    return Sidecar(metadata.snippets, {name: value for name, value in facts.items() if value}, metadata.notes)


READERS: dict[str, Callable[[bytes, str], Sidecar]] = {".txt": _plain, ".json": _json, ".xmp": _xmp}


def _decoded(data: bytes) -> str:
    """Decode as UTF-8, or UTF-16 with a mark, else as Windows-1252, which old tools wrote."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace")
    try:
        return data.decode("utf-8-sig", "surrogatepass")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")
