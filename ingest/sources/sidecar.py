"""Sidecar files: `name.txt` and `name.json` beside `name.jpg` hold linked text and facts."""

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from engine.errors import BadPicture
from factors.text import Kind, TextSnippet
from ingest.item import facts_of
from ingest.sources.files import read_file, within
from ingest.text import clean, has_surrogates

MAX_SIDECAR_BYTES = 1024 * 1024
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
class Sidecar:
    """Text snippets, and facts named like the fields of `Item`."""

    snippets: tuple[TextSnippet, ...] = ()
    facts: dict[str, Any] = field(default_factory=dict)


def read_sidecar(picture: Path, root: Path) -> Sidecar:
    """Text and facts beside a picture below `root`; BadPicture (`bad-text`, `bad-characters`), BadFact or BadPrice."""
    snippets: list[TextSnippet] = []
    facts: dict[str, Any] = {}
    text = _read(picture.with_suffix(".txt"), root)
    if clean(text):
        snippets.append(TextSnippet(Kind.CAPTION, clean(text)))
    written = _read(picture.with_suffix(".json"), root)
    if written.strip():
        record = _record(written)
        snippets += snippets_of(record)
        facts = facts_of(record, known=set(TEXT_KEYS) | {"language"})
    return Sidecar(tuple(snippets), facts)


def snippets_of(record: Mapping[str, Any]) -> Iterator[TextSnippet]:
    """Snippets of a JSON object: a text, a list of texts, or texts by language under each key of `TEXT_KEYS`."""
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
        data = read_file(path, MAX_SIDECAR_BYTES)
    except BadPicture as error:
        raise BadPicture("bad-text", f"{path.name}: {error}") from error
    if len(data) > MAX_SIDECAR_BYTES:
        raise BadPicture("bad-text", f"{path.name} is larger than {MAX_SIDECAR_BYTES} bytes")
    return _decoded(data, path.name)


def _decoded(data: bytes, name: str) -> str:
    """Decode as UTF-8, else as Latin-1, which old tools wrote; lone surrogates encoded in UTF-8 are refused."""
    try:
        text = data.decode("utf-8-sig", "surrogatepass")
    except UnicodeDecodeError:
        return data.decode("latin-1")
    return _without_surrogates(text, name)


def _without_surrogates(text: str, name: str) -> str:
    if has_surrogates(text):
        raise BadPicture("bad-characters", f"{name} is not valid Unicode: lone surrogate")
    return text


def _record(text: str) -> Mapping[str, Any]:
    try:
        record = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadPicture("bad-text", f"the .json beside the picture is broken: {error}") from error
    _without_surrogates(json.dumps(record, ensure_ascii=False), "the .json beside the picture")
    if not isinstance(record, Mapping):
        raise BadPicture("bad-text", "the .json beside the picture is not an object")
    return record
