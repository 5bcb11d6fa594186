"""Pictures that a cell of a feed names: one or several, by address or by path, in the writings of shop systems."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from ingest.sources.files import is_picture, within

BEFORE_ADDRESS = re.compile(r"[\s,;|]+(?=(?:https?:)?//)")
SEPARATORS = "|;\n,"
PARTS = ("url", "src", "link", "href", "path", "image", "file")  # of an object that describes a picture
MAX_PICTURES = 100  # of one row


def pictures_of(value: Any, folder: Path) -> list[str]:
    """Addresses and paths in the order of the cell, each once. A path with a separator in it is one path if the file exists."""
    if isinstance(value, list | tuple):
        found = [picture for one in value for picture in pictures_of(one, folder)]
    elif isinstance(value, Mapping):
        found = next((pictures_of(value[part], folder) for part in PARTS if value.get(part)), [])
    else:
        found = [_address_or_path(one, folder) for one in _split("" if value is None else str(value).strip(), folder)]
    return list(dict.fromkeys(found))[:MAX_PICTURES]


def _split(text: str, folder: Path) -> list[str]:
    if text.startswith("[") and text.endswith("]"):
        try:
            listed = json.loads(text)
        except ValueError:
            listed = None
        return pictures_of(listed, folder) if isinstance(listed, list) else [text]
    if not text or ("://" not in text and _exists(folder, text)):
        return [text] if text else []
    if BEFORE_ADDRESS.search(text):
        return [part.strip(" ,;|") for one in BEFORE_ADDRESS.split(text) for part in _split(one.strip(" ,;|"), folder)]
    for mark in SEPARATORS:
        parts = [part.strip() for part in text.split(mark) if part.strip()]
        if parts and parts != [text] and all(is_picture(Path(part)) for part in parts) and "://" not in text:
            return parts
    words = text.split()
    return words if len(words) > 1 and all(_exists(folder, word) for word in words) else [text]


def _address_or_path(text: str, folder: Path) -> str:
    """The address, with a scheme; or the path, in the writing under which the file exists, if it exists."""
    if "://" in text:
        return text
    if text.startswith("//"):
        return f"https:{text}"
    slashed = text.replace("\\", "/")
    writings = (text, slashed, unquote(slashed), slashed.lstrip("/"), unquote(slashed).lstrip("/"))
    return next((one for one in writings if _exists(folder, one)), text)


def _exists(folder: Path, name: str) -> bool:
    """Whether the folder holds a file of that name."""
    try:
        return (folder / name).is_file() and within(folder / name, folder)
    except (OSError, ValueError):  # a name that is too long, or has a NUL
        return False
