"""Starting an ingest from the page: what may be named, what was sent."""

import os
from collections.abc import Container
from itertools import count
from pathlib import Path, PurePosixPath
from typing import IO

from flask import request

from engine.errors import BadSource
from engine.settings import Settings
from ingest.sources.registry import split_spec
from web.models import IngestOptions
from web.services import get_services

DEMO = "demo"
MOST_FILES = 2000
MOST_PAGES = 200
LONGEST_NAME = 100
FORBIDDEN = '/\\:*?"<>|'


def options() -> IngestOptions:
    """What the page can ingest from, and the jobs so far."""
    services = get_services()
    roots = [str(root) for root in services.settings.ingest_roots]
    return IngestOptions(demo=True, roots=roots, jobs=services.ingest.jobs())


def start(source: str, collection: str) -> str:
    """Begin to ingest the demo corpus, or a folder, feed, saved site or crawl under the allowed roots; the job's id."""
    services = get_services()
    prefix, path = split_spec(source.strip())
    spec = source if source == DEMO else prefix + str(allowed(path, services.settings))
    return services.ingest.start(spec, collection.strip())


def allowed(source: str, settings: Settings) -> Path:
    """The path, if it exists within an allowed folder after links are followed; BadSource otherwise."""
    if not source.strip():
        raise BadSource("name a folder, or choose pictures to send")
    try:
        path = Path(os.path.realpath(os.path.expanduser(source.strip())))  # noqa: PTH111  (Path's own raises for unknown users)
    except ValueError as error:
        raise BadSource("the path holds a NUL character") from error
    roots = [root.resolve() for root in settings.ingest_roots]
    if not any(path.is_relative_to(root) for root in roots):
        accepted = ", ".join(str(root) for root in roots) or "none; the operator names some by OMMA_INGEST_ROOTS"
        raise BadSource(f"this folder may not be ingested from the page; allowed folders: {accepted}")
    if not os.path.exists(path):  # noqa: PTH110  (Path's own raises for names that are too long)
        raise BadSource(f"there is nothing at {path}")
    return path


def read_uploads() -> dict[str, IO[bytes]]:
    """The pictures of the form by a name that is safe and unique; BadSource where there is none."""
    files = [file for file in request.files.getlist("pictures") if file.filename]
    if not files:
        raise BadSource("choose at least one picture")
    if len(files) > MOST_FILES:
        raise BadSource(f"{len(files)} pictures are more than the {MOST_FILES} that one request may send")
    pictures: dict[str, IO[bytes]] = {}
    for file in files:
        pictures[file_name(file.filename or "", pictures)] = file.stream
    return pictures


def file_name(sent: str, taken: Container[str] = ()) -> str:
    """The last part of the name that a browser sent, without what no file system takes, and not yet taken."""
    name = PurePosixPath(sent.replace("\\", "/")).name
    safe = "".join(letter for letter in name if letter.isprintable() and letter not in FORBIDDEN)
    plain = safe.strip(". ")[-LONGEST_NAME:] or "picture"
    candidates = (plain if n == 1 else f"{n}-{plain}" for n in count(1))
    return next(candidate for candidate in candidates if candidate not in taken)


def page_number(text: str) -> int:
    """The number of a page as an address gives it; anything else is the first."""
    return max(1, min(int(text), MOST_PAGES)) if text.isdecimal() else 1
