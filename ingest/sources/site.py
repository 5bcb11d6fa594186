"""A saved web site: a folder of pages that browsers saved, or wget or HTTrack mirrored; or a page in one file (MHTML)."""

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
from ingest.sources.mhtml import SUFFIXES as ARCHIVES
from ingest.sources.mhtml import Archive, read_archive
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
    """Pages by relative path. Images are taken from the page's archive or the folder, or else from their address.

    Nothing outside the folder is read: `..`, links and `file:` addresses that lead out are refused.
    """

    name: ClassVar[str] = "site"
    accepts: ClassVar[str] = f"a saved site (`{PREFIX}FOLDER`) or page ({', '.join(sorted(ARCHIVES))})"
    about: ClassVar[str] = (
        "Pages as browsers save them (`page_files/`, or MHTML, one file), or as `wget -p -k` and HTTrack mirror them."
    )
    prefix: ClassVar[str] = PREFIX

    @classmethod
    def opens(cls, address: str, path: Path | None) -> bool:
        """Folders behind the prefix, and files of MHTML."""
        return super().opens(address, path) or (path is not None and path.is_file() and _is_archive(path))

    def __post_init__(self) -> None:
        """BadSource where the path is neither a folder nor an archive."""
        super().__post_init__()
        self._kept = lru_cache(maxsize=CACHED_IMAGES)(self._read)
        self._archives: dict[str, Path] = {}  # the archive of a page, by the page's address
        self._archive = lru_cache(maxsize=1)(self._read_archive)
        path = Path(self.spec.removeprefix(PREFIX))
        if not path.is_dir() and not _is_archive(path):
            raise BadSource(f"{path.name} is not a folder; a saved site is one")
        self.root = path if path.is_dir() else path.parent
        self._only = None if path.is_dir() else path

    def pages(self) -> Iterator[SourcePage | Refusal]:
        """Files with the suffix of a page, in order of path."""
        for path in [self._only] if self._only else walk(self.root):
            if isinstance(path, Refusal):
                yield path
            elif path.suffix.lower() in PAGES:
                yield self._page(path)
            elif _is_archive(path):
                yield from self._archived_pages(path)

    def locate(self, page: Page, page_image: PageImage) -> Located | None:
        """In the folder, else at an address; refused if every address leads out of the folder or to a missing file."""
        error = BadPicture("not-found", "the folder does not hold it, and no address is known")
        remote, refused = "", False
        for written in page_image.candidates:
            if written.startswith("data:"):
                return self.stored(addresses.data_of(written))
            if (archived := self._archived(page, written)) is not None:
                return self.stored(archived)
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
        try:
            data = self._bytes(path, MAX_PAGE_BYTES)
        except BadPicture as error:
            return Refusal(reference, error.reason, str(error))
        return SourcePage(reference, HERE + quote(reference), data, saved_from=saved_address(data))

    def _bytes(self, path: Path, limit: int) -> bytes:
        if path.is_symlink() and not within(path, self.root):
            raise BadPicture("outside", "the link leads out of the folder")
        return read_file(path, limit)

    def _archived_pages(self, path: Path) -> Iterator[SourcePage | Refusal]:
        """The page of an archive, and its frames."""
        reference = reference_of(path, self.root)
        try:
            pages = self._archive(path).pages
        except BadPicture as error:
            yield Refusal(reference, error.reason, str(error))
            return
        if not pages:
            yield Refusal(reference, "page-empty", "the archive holds no page")
        for number, page in enumerate(pages, start=1):
            self._archives[page.address] = path
            name = reference if number == 1 else f"{reference}#{number}"
            saved_from = page.address if page.address.startswith(("http://", "https://")) else ""
            yield SourcePage(name, page.address, page.data, page.charset, saved_from=saved_from)

    def _read_archive(self, path: Path) -> Archive:
        data = self._bytes(path, self.settings.max_bytes)
        if len(data) > self.settings.max_bytes:
            raise BadPicture("too-large", f"larger than {self.settings.max_bytes} bytes (OMMA_MAX_BYTES)")
        return read_archive(data, HERE + quote(reference_of(path, self.root)))

    def _archived(self, page: Page, written: str) -> bytes | None:
        """The part of the page's archive that an address refers to."""
        path = self._archives.get(page.address)
        return None if path is None else self._archive(path).part(page.base, written)

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


def _is_archive(path: Path) -> bool:
    return path.suffix.lower() in ARCHIVES


def _is_relative(written: str) -> bool:
    try:
        return urlsplit(written).scheme in ("", "http", "https")
    except ValueError:
        return False
