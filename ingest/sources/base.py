"""A source: pictures with the text and facts linked to them, one after the other."""

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from engine.errors import BadPicture
from engine.settings import Settings
from engine.store import Store
from ingest.item import Item

PICTURES = frozenset(
    "jpg,jpeg,jpe,jfif,png,gif,webp,bmp,dib,tif,tiff,heic,heif,avif,svg,svgz,ppm,pgm,pbm,pnm,ico,jp2,jpx,tga,pcx".split(",")  # noqa: SIM905
)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Something of a source that cannot become an item: goes straight to quarantine."""

    reference: str
    reason: str
    message: str


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
        try:
            if path.stat().st_size > self.settings.max_bytes:
                raise BadPicture("too-large", f"larger than {self.settings.max_bytes} bytes (OMMA_MAX_BYTES)")
            data = path.read_bytes()
        except PermissionError as error:
            raise BadPicture("unreadable", "the file may not be read by this user") from error
        except FileNotFoundError as error:
            raise BadPicture("not-found", "there is no such file") from error
        except OSError as error:
            raise BadPicture("unreadable", f"the file cannot be read: {error.strerror or error}") from error
        return self.store.put_original(data), data


def is_picture(path: Path) -> bool:
    """Whether the name claims to be a picture of any kind, usable or not."""
    return path.suffix[1:].lower() in PICTURES


def within(path: Path, root: Path) -> bool:
    """Whether the path, after links are followed, stays inside the folder."""
    return path.resolve().is_relative_to(root.resolve())
