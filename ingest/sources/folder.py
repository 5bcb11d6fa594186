"""A folder and its subfolders: every image, with text beside it and inside it."""

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import ClassVar

from engine.errors import BadPicture
from ingest.embedded import with_metadata
from ingest.item import Item, Refusal
from ingest.metadata import Metadata, read_metadata
from ingest.names import folder_snippets, name_snippet, stem_snippets
from ingest.sources.files import (
    is_folder,
    is_picture,
    is_unnamed_picture,
    open_file,
    readable,
    reference_of,
    selection,
    walk,
    within,
)
from ingest.sources.junk import count_files, kind_of_file, why_left_out
from ingest.sources.registry import Source
from ingest.sources.sidecar import SUFFIXES, Sidecars
from ingest.text import clean
from ingest.trash import filtered_alone
from ingest.views import file_of, is_recording, views_alone, with_views

__all__ = ["FolderSource", "category_of", "name_snippet"]
NOT_UNDERSTOOD = "values and files beside pictures that were not understood"
LINKS = "links to folders, which are not followed"


class FolderSource(Source):
    """Images by relative path, linked with their sidecar files and metadata; the first folder is the category."""

    name: ClassVar[str] = "folder"
    accepts: ClassVar[str] = "a folder"
    about: ClassVar[str] = (
        "Every image below it, pages of PDFs and key frames of films. Text, JSON (Google Takeout's and exiftool's, too) and "
        "XMP beside `name.jpg` are linked text, and so are EXIF, IPTC and XMP inside it, its name and the names of its "
        "folders. The first folder is the category. A later reading follows files that were moved, renamed, changed or deleted."
    )
    rank: ClassVar[int] = 100  # it opens every folder, so all other sources are asked before it
    is_state: ClassVar[bool] = True
    has_keys: ClassVar[bool] = False

    def __post_init__(self) -> None:
        """Nothing is read yet."""
        super().__post_init__()
        self._unreadable: list[str] = []  # folders, as `name/`

    @classmethod
    def opens(cls, address: str, path: Path | None) -> bool:
        """Any folder."""
        return path is not None and path.is_dir()

    @property
    def root(self) -> Path:
        """The folder."""
        return Path(self.spec)

    def items(self, only: Collection[str] | None = None) -> Iterator[Item | Refusal]:
        """Every file with the suffix of an image format, or without one that begins as an image, with its further views;
        and the views of PDFs and films; in order of path. What else there is is skipped and noted.

        A folder in `only` (`name/`) stands for everything below it, and a view (`name > page 2`) for its file with all views.
        """
        is_selected, sidecars = selection(only and {*only, *map(file_of, only)}), Sidecars(self.root)
        for path in walk(self.root, self._leaves_out):
            reference = path.reference if isinstance(path, Refusal) else reference_of(path, self.root)
            if not is_selected(reference):
                continue
            if isinstance(path, Refusal):
                yield path
            elif is_picture(path) or is_unnamed_picture(path):
                yield from self._items(path, reference, sidecars)
            elif is_recording(path):
                yield from self._views(path, reference, sidecars)
            elif path.suffix.lower() not in SUFFIXES:
                self.skip(LINKS if is_folder(path) else kind_of_file(path.suffix), reference)

    def references(self) -> Collection[str]:
        """Paths of pictures, and folders that cannot be read; only files without an ending are opened."""
        self._unreadable.clear()
        found = set()
        for path in walk(self.root, self._is_left_out):
            if isinstance(path, Refusal):
                self._unreadable.append(path.reference)
                found.add(path.reference)
            elif is_recording(path) or is_picture(path) or is_unnamed_picture(path):
                found.add(reference_of(path, self.root))
        self.unreadable = len(self._unreadable)
        return found

    def is_uncertain(self, reference: str) -> bool:
        """Whether it lies below a folder that cannot be read."""
        return reference.startswith(tuple(self._unreadable))

    def _is_left_out(self, folder: Path, name: str, is_folder: bool) -> bool:
        return bool(why_left_out(folder.relative_to(self.root).parts, name, is_folder=is_folder))

    def _leaves_out(self, folder: Path, name: str, is_folder: bool) -> bool:
        """Whether an entry is no photo by its name; its files are counted, and it is named."""
        parents = folder.relative_to(self.root).parts
        why = why_left_out(parents, name, is_folder=is_folder)
        if why and (number := count_files(folder / name) if is_folder else 1):
            self.skip(why, reference_of(folder / name, self.root) + "/" * is_folder, number)
        return bool(why)

    def _items(self, path: Path, reference: str, sidecars: Sidecars) -> Iterator[Item | Refusal]:
        """The picture, and an item for each further view of its file."""
        try:
            if not within(path, self.root):
                raise BadPicture("outside", "the link leads out of the folder")
            original, data = self.keep(path)
        except BadPicture as error:
            yield Refusal(reference, error.reason, str(error))
            return
        item = self._item(path, reference, sidecars, original, read_metadata(data))
        yield from with_views(item, data, self.store, self.settings, self.left_out.add)

    def _views(self, path: Path, reference: str, sidecars: Sidecars) -> Iterator[Item | Refusal]:
        """An item for each page of a PDF, and each key frame of a film."""
        try:
            if not within(path, self.root):
                raise BadPicture("outside", "the link leads out of the folder")
            open_file(path).close()
        except BadPicture as error:
            yield Refusal(reference, error.reason, str(error))
            return
        item = self._item(path, reference, sidecars)
        yield from views_alone(item, path, self.store, self.settings, self.left_out.add)

    def _item(
        self, path: Path, reference: str, sidecars: Sidecars, original: str = "", metadata: Metadata | None = None
    ) -> Item:
        sidecar = sidecars.of(path)
        for note in sidecar.notes:
            self.left_out.add(NOT_UNDERSTOOD, f"{reference}: {note}")
        place = Path(readable(str(path.relative_to(self.root))))
        names = (*stem_snippets(place.stem), *folder_snippets(str(place)))
        item = Item(
            source=self.spec, reference=reference, collection=self.collection, original=original,
            snippets=filtered_alone(sidecar.snippets), **({"category": category_of(str(place))} | sidecar.facts),
        )  # fmt: skip
        return with_metadata(item, metadata or Metadata(), names)


def category_of(reference: str) -> str:
    """The first folder of a relative path."""
    folder, _, rest = reference.partition("/")
    return clean(folder) if rest else ""
