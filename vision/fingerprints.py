"""Short marks of weights, so that vectors of different weights are never compared."""

import hashlib
from functools import lru_cache
from pathlib import Path

LENGTH = 8


def of_files(*paths: Path) -> str:
    """Mark of the contents of files; read once per state of the files."""
    return _joined(*(_digest(path, path.stat().st_mtime_ns, path.stat().st_size) for path in paths))


def of_values(*values: object) -> str:
    """Mark of settings that change what an extractor sees."""
    return _joined(*(repr(value) for value in values))


def _joined(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:LENGTH]


@lru_cache(maxsize=256)
def _digest(path: Path, _changed: int, _size: int) -> str:
    """The arguments after the path are only there so that a changed file is read again."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
