"""A saved web site: a folder of pages that browsers saved, or wget or HTTrack mirrored."""

import os
import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import ClassVar
from urllib.parse import quote, unquote, urlsplit

from engine.errors import BadPicture, BadSource
from ingest.item import Refusal
from ingest.metadata import read_metadata
from ingest.sources.files import read_file, reference_of, walk, within
from ingest.sources.pages import Located, PageSource, SourcePage
from ingest.text import clean
from ingest.web import addresses
from ingest.web.extracted import Page, PageImage
from ingest.web.markup import MAX_PAGE_BYTES

PREFIX = "site:"
PAGES = frozenset({".html", ".htm", ".xhtml", ".shtml"})
HERE = "http://omma.invalid/"  # stands for the folder: no name ends in `.invalid` (RFC 2606)
SAVED_FROM = re.compile(rb"<!--\s*saved from url=\(\d+\)(https?://[^\s<>]{1,2000})", re.IGNORECASE)
CACHED_IMAGES = 4096  # files that are not read again for the next page that shows them


class SiteSource(PageSource):
    """Pages by relative path. Images are taken from the folder, or else from their address.

    Nothing outside the folder is read: `..`, links and `file:` addresses that lead out are refused.
    """

    name: ClassVar[str] = "site"
    accepts: ClassVar[str] = f"a saved site (`{PREFIX}FOLDER`)"
    about: ClassVar[str] = "Pages as browsers save them (`page_files/`), or as `wget -p -k` and HTTrack mirror them."
    prefix: ClassVar[str] = PREFIX

    def __post_init__(self) -> None:
        """BadSource where the path is not a folder."""
        super().__post_init__()
        self._kept = lru_cache(maxsize=CACHED_IMAGES)(self._read)
        self.root = Path(self.spec.removeprefix(PREFIX))
        if not self.root.is_dir():
            raise BadSource(f"{self.root.name} is not a folder; a saved site is one")

    def pages(self) -> Iterator[SourcePage | Refusal]:
        """Files with the suffix of a page, in order of path."""
        for path in walk(self.root):
            if isinstance(path, Refusal):
                yield path
            elif path.suffix.lower() in PAGES:
                yield self._page(path)

    def locate(self, page: Page, page_image: PageImage) -> Located | None:
        """In the folder, else at an address; refused if every address leads out of the folder or to a missing file."""
        error = BadPicture("not-found", "the folder does not hold it, and no address is known")
        remote, refused = "", False
        for written in page_image.candidates:
            if written.startswith("data:"):
                return self.stored(addresses.data_of(written))
            try:
                path = self._path(page, written)
            except BadPicture as outside:
                error, refused = outside, True
                continue
            if path is not None:
                return self._kept(path)
            remote = remote or self._remote(page, written)
        if remote:
            return Located(address=remote)
        if refused or any(_is_relative(written) for written in page_image.candidates):
            raise error
        return None  # javascript:, blob: and the like

    def own_address(self, page: Page) -> str:
        """The address that the page declares, or else its path."""
        return (
            page.canonical
            if page.canonical and not page.canonical.startswith(HERE)
            else unquote(page.address.removeprefix(HERE))
        )

    def _page(self, path: Path) -> SourcePage | Refusal:
        reference = reference_of(path, self.root)
        if path.is_symlink() and not within(path, self.root):
            return Refusal(reference, "outside", "the link leads out of the folder")
        try:
            data = read_file(path, MAX_PAGE_BYTES)
        except BadPicture as error:
            return Refusal(reference, error.reason, str(error))
        return SourcePage(reference, HERE + quote(reference), data, saved_from=saved_address(data))

    def _path(self, page: Page, written: str) -> Path | None:
        """The file that an address refers to, if the folder contains it; BadPicture where it leads out."""
        try:
            parts = urlsplit(written)
        except ValueError:
            return None
        if parts.scheme == "file":
            raise BadPicture("outside", "a file: address leads out of the folder")
        if parts.scheme not in ("", "http", "https"):
            return None
        name = unquote(parts.path)
        names = [name, f"{name}?{unquote(parts.query)}"] if parts.query else [name]
        return next((path for one in names for path in self._places(page, parts.netloc, one) if self._is_here(path)), None)

    def _places(self, page: Page, host: str, name: str) -> Iterator[Path]:
        """Possible paths: relative to the page, below the root, or in the folder of the host."""
        if "\0" in name or not name.strip("/"):
            return
        if host:
            yield self.root / PurePosixPath(os.path.normpath("/" + host + "/" + name)).relative_to("/")
            return
        here = PurePosixPath(unquote(page.address.removeprefix(HERE)))
        if name.startswith("/"):
            inside = os.path.normpath(name).lstrip("/")
            yield from (self.root / inside, self.root / here.parts[0] / inside)
            return
        joined = os.path.normpath(str(here.parent / name))
        if joined.startswith(".."):
            raise BadPicture("outside", "the path leads out of the folder")
        yield self.root / joined

    def _is_here(self, path: Path) -> bool:
        try:
            if not path.is_file():
                return False
        except OSError:  # names longer than the file system takes
            return False
        if not within(path, self.root):
            raise BadPicture("outside", "the link leads out of the folder")
        return True

    def _read(self, path: Path) -> Located:
        original, data = self.keep(path)
        return Located(original, metadata=read_metadata(data))

    def _remote(self, page: Page, written: str) -> str:
        """The address on the web: absolute as written, or relative to the page's own address; empty if unknown."""
        for base in (page.base, page.canonical):
            found = addresses.absolute(base, written) if base else ""
            if found.startswith(("http://", "https://")) and not found.startswith(HERE):
                return clean(found)
        return ""


def saved_address(data: bytes) -> str:
    """The address that a browser noted in the page when it saved it; empty without one."""
    match = SAVED_FROM.search(data[:MAX_PAGE_BYTES])
    return match.group(1).decode("utf-8", "replace") if match else ""


def _is_relative(written: str) -> bool:
    try:
        return urlsplit(written).scheme in ("", "http", "https")
    except ValueError:
        return False
