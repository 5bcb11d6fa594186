"""Opening a source by its address."""

from collections.abc import Mapping
from pathlib import Path

from engine.errors import BadSource
from engine.settings import Settings
from ingest.sources.base import Source
from ingest.sources.demo import DemoSource
from ingest.sources.feed import FORMATS, FeedSource
from ingest.sources.folder import FolderSource

DEMO = "demo"


def open_source(spec: str, *, collection: str = "", settings: Settings, columns: Mapping[str, str] | None = None) -> Source:
    """The source at a folder's path, a feed's path (.csv, .tsv, .jsonl, .parquet), or `demo`; BadSource.

    `collection` is by default the folder's or file's name. `columns` says what a feed's columns mean:
    role -> column name, see `ingest.sources.feed.ROLES`.
    """
    if spec == DEMO:
        return DemoSource(DEMO, collection or DEMO, settings)
    path = Path(spec).expanduser()
    if not spec.strip() or not path.exists():
        raise BadSource(f"there is nothing at {spec!r}; a source is a folder, a feed ({', '.join(FORMATS)}) or `demo`")
    path = path.resolve()
    if path.is_dir():
        return FolderSource(str(path), collection or path.name or "folder", settings)
    if path.suffix.lower() in FORMATS:
        return FeedSource(str(path), collection or path.stem, settings, dict(columns or {}))
    raise BadSource(f"{path.name} is neither a folder nor a feed ({', '.join(FORMATS)})")
