"""`Source`, the base class of all sources; the sources of an installation, and opening one by its address."""

import logging
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar

from engine.errors import BadPicture, BadSource, OmmaError
from engine.plugins import Broken, Found, discover
from engine.settings import Settings
from engine.store import Store
from ingest.item import Item, Refusal
from ingest.omissions import Omissions
from ingest.sources.files import read_file
from ingest.text import has_surrogates

logger = logging.getLogger(__name__)
HERE = Path(__file__).parent
GROUP = "omma.sources"
INTRODUCTION = """\
# Sources

*Written by `omma docs` from the files in `ingest/sources/`; change those.*

A source gives images with the text and facts linked to them. `omma ingest ADDRESS` asks the sources in this order, and the
first that accepts the address reads it; plugins are asked after these, and before `folder`
([write your own](../tutorials/plugins.md)).
[Ingest](ingest.md) describes the details.
"""


@dataclass
class Source(ABC):
    """Yields items whose bytes are in the store (`original`), or that a worker fetches (`address`).

    A subclass declares, as class variables: `name`; `accepts`, the addresses that it opens, in a few words ("a folder");
    `about`, its line of the documentation; `prefix`, the beginning of its addresses, if any (`site:`). `reads_path`: the
    rest of the address is a path on this machine. Such a source receives the resolved path, and the web page opens it only
    below OMMA_INGEST_ROOTS. The web page starts a source without a path only if it declares `from_page`. Sources are asked in
    the order of `rank`.

    `is_state`: a reading gives everything that the source has now, so that places of former readings which are not in it are
    withdrawn; then `references` should be cheap. `has_keys`: references are keys that last; otherwise they are paths, and only
    the bytes tell whether an image was moved or is gone.

    `spec`, `collection` and `columns` suffice to open it again, on any machine that has the same files: `spec` is the address
    with its path resolved. `skipped` counts the files skipped so far, `unreadable` the parts whose references are not known.
    `left_out` names what was skipped, and values that were not understood.
    """

    name: ClassVar[str]
    accepts: ClassVar[str]
    about: ClassVar[str] = ""
    prefix: ClassVar[str] = ""
    reads_path: ClassVar[bool] = True
    from_page: ClassVar[bool] = False
    rank: ClassVar[int] = 0
    is_state: ClassVar[bool] = False
    has_keys: ClassVar[bool] = True

    spec: str
    collection: str
    settings: Settings
    columns: Mapping[str, str] = field(default_factory=dict)
    skipped: int = field(default=0, init=False)
    left_out: Omissions = field(default_factory=Omissions, init=False)
    unreadable: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        """Open the store for local images."""
        self.store = Store(self.settings)

    @classmethod
    def opens(cls, address: str, path: Path | None) -> bool:
        """Whether this source opens an address; `path` is the existing path after the prefix, or None.

        By default, every address that begins with `prefix`, and whose path exists if the source reads one.
        """
        return bool(cls.prefix) and address.startswith(cls.prefix) and not (cls.reads_path and path is None)

    @classmethod
    def collection_of(cls, address: str, path: Path | None) -> str:
        """The default collection: the last part of the path, or the name of the source."""
        return (path.name if path else "") or cls.name

    def origin(self) -> dict[str, Any]:
        """The arguments with which `open_source` opens it again."""
        return {"spec": self.spec, "collection": self.collection, "columns": dict(self.columns)}

    def skip(self, what: str, reference: str, number: int = 1) -> None:
        """Count files as skipped, and name them: `what` they are, and which (a folder stands for its files)."""
        self.skipped += number
        self.left_out.add(what, reference, number)

    @abstractmethod
    def items(self, only: Collection[str] | None = None) -> Iterator[Item | Refusal]:
        """All items in a stable order, or only those with these references."""

    def references(self) -> Collection[str]:
        """The references of all items and refusals, without putting images into the store where the source can do so."""
        return {one.reference for one in self.items()}

    def is_uncertain(self, reference: str) -> bool:
        """Whether a place that the present reading lacks may be among the parts that cannot be read; after `references`."""
        return bool(self.unreadable)

    def keep(self, path: Path) -> tuple[str, bytes]:
        """Put the file into the store; its sha256 and bytes. BadPicture where it cannot be read or exceeds OMMA_MAX_BYTES."""
        data = read_file(path, self.settings.max_bytes)
        if len(data) > self.settings.max_bytes:
            raise BadPicture("too-large", f"larger than {self.settings.max_bytes} bytes (OMMA_MAX_BYTES)")
        return self.store.put_original(data), data


Kind = type[Source]


def open_source(spec: str, *, collection: str = "", settings: Settings, columns: Mapping[str, str] | None = None) -> Source:
    """Open the first source that accepts an address; BadSource, which lists the accepted addresses, where none does.

    The default collection is named after the address. `columns` maps roles of a feed to its columns, see `ROLES` in
    `ingest.sources.feed_columns`. An error that a plugin's source raises while it is read becomes a BadSource that names it.
    """
    for kind in sources(settings):
        path = existing(spec.removeprefix(kind.prefix)) if kind.reads_path else None
        if not accepts(kind, spec, path):
            continue
        address = spec if path is None else f"{kind.prefix}{path}"
        return _opened(kind, address, collection or kind.collection_of(spec, path), settings, dict(columns or {}))
    raise BadSource(_why_none(spec, settings))


def sources(settings: Settings) -> tuple[Kind, ...]:
    """All sources, in the order in which they are asked."""
    return _registered(tuple(settings.plugin_path))[0]


def broken_sources(settings: Settings) -> tuple[Broken, ...]:
    """Sources that could not be registered, each with the reason."""
    return _registered(tuple(settings.plugin_path))[1]


def accepted(settings: Settings) -> str:
    """The addresses that can be opened, as one line for people."""
    *first, last = (kind.accepts for kind in sorted(sources(settings), key=lambda kind: kind.name == "demo"))
    return f"{', '.join(first)} or {last}"


def accepts(kind: Kind, spec: str, path: Path | None) -> bool:
    """Whether a source opens an address; an error in its `opens` is logged and counts as no."""
    try:
        return kind.opens(spec, path)
    except Exception:  # a plugin's method may raise anything
        logger.warning("source %s failed to check the address %r", kind.name, spec, exc_info=True)
        return False


def split_spec(spec: str, settings: Settings) -> tuple[str, str]:
    """Split an address into the prefix of a source that reads a path (`site:`; may be empty) and the path."""
    prefix = next((kind.prefix for kind in sources(settings) if kind.reads_path and spec.startswith(kind.prefix or "\0")), "")
    return prefix, spec.removeprefix(prefix)


def existing(place: str) -> Path | None:
    """The path with `~` and links resolved; None where it cannot be reached."""
    if not place.strip() or has_surrogates(place):
        return None
    try:
        return Path(place).expanduser().resolve(strict=True)
    except (OSError, RuntimeError, ValueError):  # a loop of links or no such user; a NUL in the name
        return None


def page() -> str:
    """The documentation page about the built-in sources, which `omma docs` writes."""
    rows = [f"| `{kind.name}` | {kind.accepts} | {kind.about} |" for kind in _made(discover(Source, None, HERE))[0]]  # type: ignore[type-abstract]
    return "\n".join([INTRODUCTION, "| source | opens | what it reads |", "|---|---|---|", *rows, ""])


@lru_cache(maxsize=8)
def _registered(folders: tuple[Path, ...]) -> tuple[tuple[Kind, ...], tuple[Broken, ...]]:
    return _made(discover(Source, GROUP, HERE, folders))  # type: ignore[type-abstract]


def _made(found: Found[Source]) -> tuple[tuple[Kind, ...], tuple[Broken, ...]]:
    """One class per name and prefix, in order of rank; incomplete classes and second ones of a name are left out."""
    kinds: list[Kind] = []
    broken = list(found.broken)
    for kind in found.kinds:
        if why := _problem(kind, kinds):
            logger.warning("%s was left out: %s", found.origins[kind], why)
            broken.append(Broken(found.origins[kind], why))
        else:
            kinds.append(kind)
    return tuple(sorted(kinds, key=lambda kind: kind.rank)), tuple(broken)


def _problem(kind: Kind, others: Sequence[Kind]) -> str:
    if not getattr(kind, "accepts", ""):
        return f"source {kind.name!r} does not declare what it accepts"
    if missing := sorted(kind.__abstractmethods__):
        return f"source {kind.name!r} lacks {', '.join(missing)}"
    if any(kind.name == other.name for other in others):
        return f"a source {kind.name!r} exists already"
    if kind.prefix and any(kind.prefix == other.prefix for other in others):
        return f"the prefix {kind.prefix!r} of source {kind.name!r} belongs to another source"
    return ""


def _opened(kind: Kind, address: str, collection: str, settings: Settings, columns: dict[str, str]) -> Source:
    """The source; errors of a plugin become a BadSource that names it."""
    try:
        source = kind(address, collection, settings, columns)
    except OmmaError:
        raise
    except Exception as error:  # a plugin's constructor may raise anything
        raise _failed(kind, error) from error
    read = source.items

    def items(only: Collection[str] | None = None) -> Iterator[Item | Refusal]:
        try:
            yield from read(only)
        except OmmaError:
            raise
        except Exception as error:
            raise _failed(kind, error) from error

    if not kind.__module__.startswith("ingest.sources."):
        setattr(source, "items", items)  # noqa: B010  (this object's own method is replaced)
    return source


def _failed(kind: Kind, error: Exception) -> BadSource:
    logger.error("source %s failed", kind.name, exc_info=error)
    return BadSource(f"source {kind.name} failed: {type(error).__name__}: {error}")


def _why_none(spec: str, settings: Settings) -> str:
    _, place = split_spec(spec, settings)
    path = existing(place)
    if path is None:
        return f"there is nothing at {spec!r} that this user may read; a source is {accepted(settings)}"
    if not path.is_dir() and not path.is_file():
        return f"{path.name} is not a file but a pipe, a socket or a device"
    return f"{path.name} is no source: a source is {accepted(settings)}"
