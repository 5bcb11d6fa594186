"""A source: pictures with the text and facts linked to them, one after the other."""

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from engine.errors import BadPicture
from engine.settings import Settings
from engine.store import Store
from ingest.item import Item, Refusal
from ingest.sources.files import read_file


@dataclass
class Source(ABC):
    """Yields items whose bytes are in the store (`original`), or that a worker fetches (`address`).

    `spec`, `collection` and `columns` are all that is needed to open it again, on another machine that sees the same
    files. `skipped` counts what it left out so far.
    """

    spec: str
    collection: str
    settings: Settings
    columns: Mapping[str, str] = field(default_factory=dict)
    skipped: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        """Open the store that local pictures go to."""
        self.store = Store(self.settings)

    @property
    def name(self) -> str:
        """How provenance and people name it."""
        return self.spec

    def origin(self) -> dict[str, Any]:
        """What `open_source` needs to open it again."""
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
