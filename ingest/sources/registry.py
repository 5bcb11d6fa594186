"""Opening a source by its address."""

from collections.abc import Mapping
from pathlib import Path

from engine.errors import BadSource
from engine.settings import Settings
from ingest.noise import has_surrogates
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
    path = existing(place)
    if path is None:
        raise BadSource(f"there is nothing at {spec!r} that this user may read; a source is {KINDS}")
    if prefix == SITE:
        if not path.is_dir():
            raise BadSource(f"{path.name} is no folder; a saved site is one")
        return SiteSource(f"{SITE}{path}", collection or path.name or "site", settings)
    if not path.is_dir() and not path.is_file():
        raise BadSource(f"{path.name} is not a file but a pipe, a socket or a device")
    if prefix == WARC or is_warc(path):
        return WarcSource(f"{WARC}{path}", collection or path.name.partition(".")[0] or "crawl", settings)
    if path.is_dir():
        return FolderSource(str(path), collection or path.name or "folder", settings)
    if path.suffix.lower() in FORMATS:
        return FeedSource(str(path), collection or path.stem, settings, dict(columns or {}))
    raise BadSource(f"{path.name} is no source: a source is {KINDS}")


def existing(place: str) -> Path | None:
    """The path with `~` and links resolved; none where nothing can be reached by it."""
    if not place.strip() or has_surrogates(place):
        return None
    try:
        return Path(place).expanduser().resolve(strict=True)
    except (OSError, RuntimeError, ValueError):  # a loop of links or no such user; a NUL in the name
        return None


def split_spec(spec: str) -> tuple[str, str]:
    """The prefix that says what a path is (`site:`, `warc:`, or nothing), and the path."""
    prefix = next((one for one in (SITE, WARC) if spec.startswith(one)), "")
    return prefix, spec.removeprefix(prefix)
