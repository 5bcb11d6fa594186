"""A source: images with the text and facts linked to them, one after the other."""

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from engine.errors import BadPicture
from engine.settings import Settings
from engine.store import Store
from ingest.item import Item, Refusal
from ingest.sources.files import read_file


@dataclass
class Source(ABC):
    """Yields items whose bytes are in the store (`original`), or that a worker fetches (`address`).

    A subclass declares, as class variables: `name`; `accepts`, the addresses that it opens, in a few words ("a folder");
    `about`, its line of the documentation; `prefix`, with which its addresses begin, if any (`site:`). `reads_path`: what
    follows the prefix is a path on this machine. Such a source is given the resolved path, and from the page it opens only what
    lies under OMMA_INGEST_ROOTS. A source without a path can be started from the page only if it declares `from_page`. Sources
    are asked in the order of `rank`.

    `spec`, `collection` and `columns` are all that is needed to open it again, on another machine that sees the same files:
    `spec` is the address with its path resolved. `skipped` counts what it left out so far.
    """

    name: ClassVar[str]
    accepts: ClassVar[str]
    about: ClassVar[str] = ""
    prefix: ClassVar[str] = ""
    reads_path: ClassVar[bool] = True
    from_page: ClassVar[bool] = False
    rank: ClassVar[int] = 0

    spec: str
    collection: str
    settings: Settings
    columns: Mapping[str, str] = field(default_factory=dict)
    skipped: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        """Open the store that local images go to."""
        self.store = Store(self.settings)

    @classmethod
    def opens(cls, address: str, path: Path | None) -> bool:
        """Whether this source opens an address; `path` is what exists at the path behind the prefix, or None.

        By default, every address that begins with `prefix`, and whose path exists where the source reads one.
        """
        return bool(cls.prefix) and address.startswith(cls.prefix) and not (cls.reads_path and path is None)

    @classmethod
    def collection_of(cls, address: str, path: Path | None) -> str:
        """The collection that is used where the user names none: the path's last name, or the name of the source."""
        return (path.name if path else "") or cls.name

    def origin(self) -> dict[str, Any]:
        """The arguments with which `open_source` opens it again."""
        return {"spec": self.spec, "collection": self.collection, "columns": dict(self.columns)}

    @abstractmethod
    def items(self, only: Collection[str] | None = None) -> Iterator[Item | Refusal]:
        """Everything in a stable order, or only the items with these references."""

    def keep(self, path: Path) -> tuple[str, bytes]:
        """Put the file's bytes into the store: their sha256, and the bytes; BadPicture when they cannot be read."""
        data = read_file(path, self.settings.max_bytes)
        if len(data) > self.settings.max_bytes:
            raise BadPicture("too-large", f"larger than {self.settings.max_bytes} bytes (OMMA_MAX_BYTES)")
        return self.store.put_original(data), data
