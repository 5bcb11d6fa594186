"""Watching a path: what changes in it is read at once, as the file system reports it.

Of a folder only what changed is read; any other source is read as a whole. What the file system reports while something is
read, or while the engine or Redis is away, waits for the next reading. Network shares report nothing: they are read again
regularly (workers/rereading.py).
"""

import os
from collections.abc import Callable, Collection, Iterable, Iterator
from pathlib import Path
from threading import Event

from watchfiles import watch

from engine.connections import Context
from engine.errors import BadSource, EngineUnavailable, OmmaError
from ingest.sources import Source, open_source
from ingest.sources.files import is_picture, is_unnamed_picture, reference_of, selection
from ingest.sources.folder import FolderSource
from ingest.sources.junk import why_left_out
from ingest.sources.registry import existing, split_spec
from ingest.sources.sidecar_names import SUFFIXES, may_be_beside
from ingest.views import is_recording
from ingest.withdrawal import Places
from workers.dispatch import Dispatcher

GROUP_MILLISECONDS = 2000  # changes within this time are read together
POLL_MILLISECONDS = 1000  # between two looks at what waits, while nothing changes
Report = Callable[[str, OmmaError | None], None]  # the id of a job, and why its reading failed, if it did


class Watcher:
    """Reads a source once, and then what changes in it."""

    def __init__(self, context: Context, dispatcher: Dispatcher, spec: str, collection: str, report: Report) -> None:
        """BadSource where the address is not that of a source on this machine. `report` is called after each reading."""
        self._context, self._dispatcher, self._report = context, dispatcher, report
        self._spec, self._collection = spec, collection
        self.source = self._open()
        path = existing(split_spec(self.source.spec, context.settings)[1]) if self.source.reads_path else None
        if path is None:
            raise BadSource(f"{spec} is no folder or file of this machine, so it cannot be watched")
        self._path = path
        self._places: Places | None = None
        self._waiting: set[str] | None = None  # references that changed; None for everything

    def run(self, stop: Event) -> None:
        """Watch until told to stop. BadSource where the system watches no more folders, or the path is gone."""
        try:
            for changes in self._changes(stop):
                self._note(Path(path) for _, path in changes)
                self._read_what_waits()
        except OSError as error:
            raise BadSource(f"{self._spec} cannot be watched: {_explained(error)}") from error

    def _changes(self, stop: Event) -> Iterator[Collection[tuple[object, str]]]:
        """What changed, and nothing every now and then; it is watched before the first value, so that no change is missed."""
        yield from watch(
            self._path, watch_filter=None, debounce=GROUP_MILLISECONDS, rust_timeout=POLL_MILLISECONDS, stop_event=stop,
            yield_on_timeout=True, ignore_permission_denied=True, raise_interrupt=False,
        )  # fmt: skip

    def _note(self, changed: Iterable[Path]) -> None:
        """Add to what waits. A source that is no folder is read as a whole."""
        found = {reference for path in changed for reference in self._affected(path)}
        if found:
            self._waiting = None if self._waiting is None or self._places is None else self._waiting | found

    def _affected(self, path: Path) -> Iterator[str]:
        if not isinstance(self.source, FolderSource):
            yield self.source.spec
            return
        if path.is_relative_to(self._path) and path != self._path:
            yield from affected_by(path, self._path)

    def _read_what_waits(self) -> None:
        """Read what changed since the last time; where the engine or Redis is away, it goes on waiting."""
        only = self._waiting
        if only is not None and not only:
            return
        try:
            self._read(only)
            self._waiting = set()
        except EngineUnavailable as error:
            self._report("", error)
        except OmmaError as error:
            self._waiting = set()
            self._report("", error)

    def _read(self, only: set[str] | None) -> None:
        source = self._open()
        if isinstance(source, FolderSource) and self._places is None:
            self._places = Places.of(self._context.client, self._context.settings, source)
        if only is not None and not self._concerns(source, only):
            return
        job = self._dispatcher.create(source.spec, source.collection)
        self._dispatcher.read(job, source, only=only, places=self._places)
        self._report(job, None)

    def _concerns(self, source: Source, only: set[str]) -> bool:
        """Whether any of these is, or was, a picture of the source."""
        is_selected = selection(only)
        return bool(self._places and self._places.by_image(only)) or any(map(is_selected, source.references()))

    def _open(self) -> Source:
        return open_source(self._spec, collection=self._collection, settings=self._context.settings)


def affected_by(path: Path, root: Path) -> Iterator[str]:
    """The references that a change of a path may concern: a picture, everything below a folder, the pictures of a sidecar."""
    reference = reference_of(path, root)
    if _is_left_out(path, root):
        return
    if path.is_dir() and not path.is_symlink():
        yield f"{reference}/"
    elif path.suffix.lower() in SUFFIXES:
        yield from (reference_of(picture, root) for picture in _pictures_beside(path))
    elif is_recording(path) or is_picture(path) or is_unnamed_picture(path):
        yield reference
    elif not os.path.lexists(path):  # a folder, perhaps
        yield f"{reference}/"


def _is_left_out(path: Path, root: Path) -> bool:
    """Whether it, or a folder on the way to it, is no photo by its name."""
    parts = path.relative_to(root).parts
    return any(why_left_out(parts[:at], name, is_folder=at < len(parts) - 1 or path.is_dir()) for at, name in enumerate(parts))


def _pictures_beside(sidecar: Path) -> Iterator[Path]:
    try:
        beside = sorted(sidecar.parent.iterdir())
    except OSError:  # gone with its pictures, which are reported themselves
        return
    yield from (one for one in beside if is_picture(one) and may_be_beside(sidecar.name, one.name))


def _explained(error: OSError) -> str:
    text = str(error)
    if "limit" in text or "No space left" in text:
        return (
            "the system's number of watched folders is used up (fs.inotify.max_user_watches); raise it, or let the folder be "
            "read regularly: --every MINUTES"
        )
    return text
