"""Opening a source by its address."""

from collections.abc import Mapping
from pathlib import Path

from engine.errors import BadSource
from engine.settings import Settings
from ingest.sources.base import Source
from ingest.sources.demo import DemoSource
from ingest.sources.feed import FORMATS, FeedSource
from ingest.sources.folder import FolderSource
from ingest.sources.site import PREFIX as SITE
from ingest.sources.site import SiteSource
from ingest.sources.warc import PREFIX as WARC
from ingest.sources.warc import SUFFIXES, WarcSource, is_warc

DEMO = "demo"
KINDS = (
    f"a folder, a feed ({', '.join(FORMATS)}), a saved site (`{SITE}FOLDER`), a crawl ({', '.join(SUFFIXES)}, `{WARC}FOLDER`) "
    f"or `{DEMO}`"
)


def open_source(spec: str, *, collection: str = "", settings: Settings, columns: Mapping[str, str] | None = None) -> Source:
    """The source at a folder's, feed's or crawl's path, at `site:` or `warc:` and a folder's path, or `demo`; BadSource.

    A folder is a folder of pictures, whatever pages lie in it; only `site:` makes it a saved web site.
    `collection` is by default the folder's or file's name. `columns` says what a feed's columns mean:
    role -> column name, see `ingest.sources.feed.ROLES`.
    """
    if spec == DEMO:
        return DemoSource(DEMO, collection or DEMO, settings)
    prefix, place = split_spec(spec)
    path = Path(place).expanduser()
    if not place.strip() or not path.exists():
        raise BadSource(f"there is nothing at {spec!r}; a source is {KINDS}")
    path = path.resolve()
    if prefix == SITE:
        if not path.is_dir():
            raise BadSource(f"{path.name} is no folder; a saved site is one")
        return SiteSource(f"{SITE}{path}", collection or path.name or "site", settings)
    if prefix == WARC or is_warc(path):
        return WarcSource(f"{WARC}{path}", collection or path.name.partition(".")[0] or "crawl", settings)
    if path.is_dir():
        return FolderSource(str(path), collection or path.name or "folder", settings)
    if path.suffix.lower() in FORMATS:
        return FeedSource(str(path), collection or path.stem, settings, dict(columns or {}))
    raise BadSource(f"{path.name} is no source: a source is {KINDS}")


def split_spec(spec: str) -> tuple[str, str]:
    """The prefix that says what a path is (`site:`, `warc:`, or nothing), and the path."""
    prefix = next((one for one in (SITE, WARC) if spec.startswith(one)), "")
    return prefix, spec.removeprefix(prefix)
