"""A crawl: WARC files with pages and images as servers sent them.

The first reading records the position of each address in a table on disk and counts phrases; the second reads page by page and
finds the images by the table. Memory does not grow with the crawl.
"""

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar
from urllib.parse import urlsplit

from engine.errors import BadPicture, BadSource
from ingest.item import Refusal
from ingest.sources.files import open_file, printable, reason_of, walk, within
from ingest.sources.pages import Located, PageSource, SourcePage
from ingest.sources.records import BadRecord, Record, read_record, read_records
from ingest.web import addresses
from ingest.web.extracted import Page, PageImage
from ingest.web.markup import MAX_PAGE_BYTES
from vision.formats import HEAD_BYTES, begins_as_picture

PREFIX = "warc:"
SUFFIXES = (".warc", ".warc.gz")
HTML = ("text/html", "application/xhtml+xml")
MAX_REDIRECTS = 5
TABLES = """
CREATE TABLE pages (number INTEGER PRIMARY KEY, address TEXT UNIQUE, file INTEGER, offset INTEGER);
CREATE TABLE pictures (address TEXT PRIMARY KEY, file INTEGER, offset INTEGER) WITHOUT ROWID;
CREATE TABLE moved (address TEXT PRIMARY KEY, target TEXT) WITHOUT ROWID;
CREATE TABLE bad (number INTEGER PRIMARY KEY, reference TEXT UNIQUE, reason TEXT, message TEXT);
"""


class WarcSource(PageSource):
    """One file, or all files of a folder; pages by address, each once. Phrases are counted by host.

    An image that the crawl does not contain is counted as skipped, or fetched if OMMA_WARC_FETCH is set.
    """

    name: ClassVar[str] = "crawl"
    accepts: ClassVar[str] = f"a crawl ({', '.join(SUFFIXES)}, `{PREFIX}FOLDER`)"
    about: ClassVar[str] = "One WARC file, or all files of a folder; pages and images are joined by address."
    prefix: ClassVar[str] = PREFIX

    @classmethod
    def opens(cls, address: str, path: Path | None) -> bool:
        """WARC files, and folders of them behind the prefix."""
        if path is None or not (path.is_dir() or path.is_file()):
            return False
        return address.startswith(cls.prefix) or (path.is_file() and is_warc(path))

    @classmethod
    def collection_of(cls, address: str, path: Path | None) -> str:
        """The name up to its first dot."""
        return (path.name.partition(".")[0] if path else "") or cls.name

    def __post_init__(self) -> None:
        """BadSource where there is no such file."""
        super().__post_init__()
        self.root = root = Path(self.spec.removeprefix(PREFIX))
        found = list(walk(root)) if root.is_dir() else [root]
        self._unreadable = [one for one in found if isinstance(one, Refusal)]
        self.files = sorted(one for one in found if isinstance(one, Path) and is_warc(one))
        if not self.files and not self._unreadable:
            raise BadSource(f"{root} holds no WARC file ({', '.join(SUFFIXES)})")
        self._table: sqlite3.Connection | None = None

    def pages(self) -> Iterator[SourcePage | Refusal]:
        """Unreadable files and records, then every page in the order of the crawl."""
        yield from self._unreadable
        table = self._positions()
        for reference, reason, message in table.execute("SELECT reference, reason, message FROM bad ORDER BY number"):
            yield Refusal(reference, reason, message)
        for address, file, offset in table.execute("SELECT address, file, offset FROM pages ORDER BY number"):
            try:
                record = self._read(file, offset, MAX_PAGE_BYTES + 1)
            except BadPicture as error:
                yield Refusal(address, error.reason, str(error))
                continue
            if record is not None:
                yield SourcePage(address, address, record.data, record.charset, site=urlsplit(address).netloc)

    def locate(self, page: Page, page_image: PageImage) -> Located | None:
        """In the crawl, or else at its address if OMMA_WARC_FETCH is set."""
        remote = ""
        for written in page_image.candidates:
            if written.startswith("data:"):
                return self.stored(addresses.data_of(written))
            address = addresses.absolute(page.base, written)
            if not address.startswith(("http://", "https://")):
                continue
            record = self._record_of(address)
            if record is not None and record.too_large:
                raise BadPicture("too-large", f"larger than {self.settings.max_bytes} bytes (OMMA_MAX_BYTES)")
            if record is not None:
                return self.stored(record.data)
            remote = remote or address
        return Located(address=remote) if remote and self.settings.warc_fetch else None

    def _record_of(self, address: str) -> Record | None:
        """The image's record; follows redirects, and takes http for https."""
        table = self._positions()
        for _ in range(MAX_REDIRECTS):
            for known in (address, _other_scheme(address)):
                row = table.execute("SELECT file, offset FROM pictures WHERE address = ?", (known,)).fetchone()
                if row:
                    return self._read(row[0], row[1], self.settings.max_bytes)
            moved = table.execute("SELECT target FROM moved WHERE address = ?", (address,)).fetchone()
            if not moved:
                return None
            address = addresses.absolute(address, moved[0])
        return None

    def _read(self, file: int, offset: int, largest: int) -> Record | None:
        """The record at that place; BadPicture where its file is no longer there."""
        try:
            return read_record(self.files[file], offset, largest)
        except OSError as error:
            raise BadPicture("unreadable", f"{self.files[file].name} cannot be read: {reason_of(error)}") from error

    def _positions(self) -> sqlite3.Connection:
        """The table of positions, made at the first use, in a temporary file that ends with the process."""
        if self._table is None:
            self._table = sqlite3.connect("", check_same_thread=False)  # an unnamed file on disk
            self._table.executescript(TABLES)
            for number, path in enumerate(self.files):
                self._add_file(self._table, number, path)
            self._table.commit()
        return self._table

    def _add_file(self, table: sqlite3.Connection, number: int, path: Path) -> None:
        try:
            if not within(path, self.root):
                raise BadPicture("outside", "the link leads out of the folder")
            open_file(path).close()
            for record in read_records(path, HEAD_BYTES):
                self._add_record(table, number, path, record)
        except BadPicture as error:
            self._add_record(table, number, path, BadRecord(0, error.reason, str(error)))
        except OSError as error:
            self._add_record(table, number, path, BadRecord(0, "unreadable", reason_of(error)))

    def _add_record(self, table: sqlite3.Connection, number: int, path: Path, record: Record | BadRecord) -> None:
        if isinstance(record, BadRecord):
            refusal = (printable(f"{path.name}@{record.offset}"), record.reason, record.message)
            table.execute("INSERT OR IGNORE INTO bad (reference, reason, message) VALUES (?, ?, ?)", refusal)
        elif record.refers_to:
            table.execute("INSERT OR IGNORE INTO moved VALUES (?, ?)", (record.address, record.refers_to))
        else:
            is_page = record.content_type in HTML and not begins_as_picture(record.data)
            into = "pages (address, file, offset)" if is_page else "pictures"
            place = (addresses.absolute(record.address, ""), number, record.offset)
            table.execute(f"INSERT OR IGNORE INTO {into} VALUES (?, ?, ?)", place)  # noqa: S608  (one of two tables)


def is_warc(path: Path) -> bool:
    """Whether the name is that of a WARC file."""
    return path.name.lower().endswith(SUFFIXES)


def _other_scheme(address: str) -> str:
    scheme, _, rest = address.partition("://")
    return f"{'http' if scheme == 'https' else 'https'}://{rest}"
