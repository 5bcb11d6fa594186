"""A folder and its subfolders: every image, with text beside it and inside it."""

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import ClassVar

from engine.errors import BadPicture, InputError
from factors.text import Kind, TextSnippet
from ingest.item import Item, Refusal
from ingest.metadata import read_metadata
from ingest.sources.files import is_picture, reference_of, walk, within
from ingest.sources.registry import Source
from ingest.sources.sidecar import read_sidecar
from ingest.text import clean, has_surrogates, words_of_name
from ingest.trash import filtered_alone

TEXT_SUFFIXES = (".txt", ".json")
NAME_WEIGHT = 0.5  # a file's name is weaker evidence than text that people wrote


class FolderSource(Source):
    """Images by relative path, linked with their sidecar files and metadata; the first folder is the category."""

    name: ClassVar[str] = "folder"
    accepts: ClassVar[str] = "a folder"
    about: ClassVar[str] = (
        "Every image below it. `name.txt` and `name.json` beside `name.jpg` are linked text, and so are EXIF, IPTC and XMP; "
        "the first folder is the category."
    )
    rank: ClassVar[int] = 100  # it opens every folder, so all other sources are asked before it

    @classmethod
    def opens(cls, address: str, path: Path | None) -> bool:
        """Any folder."""
        return path is not None and path.is_dir()

    @property
    def root(self) -> Path:
        """The folder."""
        return Path(self.spec)

    def items(self, only: Collection[str] | None = None) -> Iterator[Item | Refusal]:
        """Every file with the suffix of an image format, in order of path; other files are counted as skipped.

        A folder in `only` (`name/`, one that could not be read) stands for everything below it.
        """
        folders = tuple(name for name in only or () if name.endswith("/"))
        for path in walk(self.root):
            reference = path.reference if isinstance(path, Refusal) else reference_of(path, self.root)
            if only is not None and reference not in only and not reference.startswith(folders):
                continue
            if isinstance(path, Refusal):
                yield path
            elif is_picture(path):
                yield self._item(path, reference)
            elif path.suffix.lower() not in TEXT_SUFFIXES:
                self.skipped += 1

    def _item(self, path: Path, reference: str) -> Item | Refusal:
        if has_surrogates(str(path)):
            return Refusal(reference, "bad-name", "the file's name is not UTF-8")
        if path.is_symlink() and not within(path, self.root):
            return Refusal(reference, "outside", "the link leads out of the folder")
        try:
            return self._read(path, reference)
        except BadPicture as error:
            return Refusal(reference, error.reason, str(error))
        except InputError as error:
            return Refusal(reference, "bad-text", str(error))

    def _read(self, path: Path, reference: str) -> Item:
        original, data = self.keep(path)
        embedded, sidecar = read_metadata(data), read_sidecar(path, self.root)
        facts = {"date": embedded.date, "place": embedded.place, "category": category_of(reference)} | sidecar.facts
        snippets = filtered_alone((*sidecar.snippets, *embedded.snippets, *name_snippet(path.name)))
        return Item(
            source=self.spec, reference=reference, collection=self.collection, original=original, snippets=snippets, **facts
        )


def name_snippet(name: str) -> tuple[TextSnippet, ...]:
    """The words of a file's name as a snippet; empty for names such as `IMG_1234.jpg`."""
    words = words_of_name(name)
    return (TextSnippet(Kind.FILE_NAME, words, weight=NAME_WEIGHT, reason="a file's name"),) if words else ()


def category_of(reference: str) -> str:
    """The first folder of a relative path."""
    folder, _, rest = reference.partition("/")
    return clean(folder) if rest else ""
