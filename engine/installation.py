"""Which Omma this is: its version, and a mark by which programs of one installation know one another."""

import hashlib
import tomllib
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from engine.settings import Settings

PROJECT = Path(__file__).resolve().parents[1] / "pyproject.toml"
HEADER = "X-Omma-Installation"  # of every response of the page; its value is `mark`


@lru_cache(maxsize=1)
def version() -> str:
    """The version in pyproject.toml, the only place where it is written: Omma runs from its checkout, not as a package."""
    project: dict[str, str] = tomllib.loads(PROJECT.read_text())["project"]
    return project["version"]


def mark(settings: "Settings") -> str:
    """16 hexadecimal digits, equal for processes of one version that work on the same data.

    The command line asks a running page only if the page answers with the mark of the command's own settings: a port may
    belong to another installation, whose documents would be the wrong answer. Passwords in addresses have no part in it.
    """
    from engine.broker import redis_url  # noqa: PLC0415  (the version alone needs no library)

    addresses = [*settings.opensearch_url.split(","), redis_url(settings), settings.store_url]
    own = (settings.home.absolute(), settings.index_prefix, settings.profile, settings.opensearch_port)
    parts = (version(), *own, *map(_place, addresses))
    return hashlib.sha256("\0".join(map(str, parts)).encode()).hexdigest()[:16]


def _place(address: str) -> str:
    """An address without user name and password."""
    try:
        parts = urlsplit(address.strip())
    except ValueError:  # reported by whoever connects to it
        return ""
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
