"""Text that lies beside a picture: a file of the same name that ends in .txt or .json."""

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from engine.errors import BadPicture
from factors.linked import Kind, TextSnippet
from ingest.facts import facts_of
from ingest.noise import clean, has_surrogates
from ingest.sources.files import read_file, within

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
