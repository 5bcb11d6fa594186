"""Adding pictures: sources that the page may read, pictures sent from a browser, and the progress of jobs."""

import os
from collections.abc import Container
from http import HTTPStatus
from itertools import count
from pathlib import Path, PurePosixPath
from typing import IO

from flask import render_template, request, url_for
from flask_openapi3.models.file import FileStorage
from pydantic import BaseModel, Field

from engine.errors import BadSource, OmmaError
from engine.settings import Settings
from ingest.jobs import Progress
from ingest.sources.registry import accepts, sources, split_spec
from ingest.withdrawal import Missing
from web.access import upload_rate
from web.inputs import Form
from web.services import get_services
from web.view import Inputs, Page, Rendered, Views

VIEWS = Views("ingest")
MAX_FILES = 2000
MAX_NAME_LENGTH = 100
FORBIDDEN_LETTERS = '/\\:*?"<>|'


class IngestOptions(BaseModel):
    """Sources that the page can ingest, and all jobs, latest first."""

    demo: bool
    roots: list[str]
    accepted: list[str] = Field([], description="What can lie under the roots")
    jobs: list[Progress]


class SourceBody(BaseModel):
    """A source to ingest."""

    source: str = Field(
        max_length=4000,
        description="`demo`, or the address of any source under `OMMA_INGEST_ROOTS`: a folder, a feed, `site:FOLDER`.",
    )
    collection: str = Field("", max_length=200)
    missing: Missing = Field(
        "withdraw",
        description="What happens to pictures that a folder or feed no longer has: `withdraw` removes them, unless that is "
        "most of what it had; `force` removes them even then; `keep` keeps them.",
    )


class PicturesForm(Form):
    """Pictures to ingest."""

    pictures: list[FileStorage] = Field([], description="The bytes of each picture.")
    collection: str = Field("", max_length=200)


class JobPath(BaseModel):
    """Names a job."""

    job_id: str = Field(max_length=64)


class Started(BaseModel):
    """An ingest that has begun."""

    job: str = Field(description="Its id")


def _job_page(started: Started) -> str:
    return url_for("ingest.job", job_id=started.job)


def _refused(error: OmmaError, inputs: Inputs) -> Rendered:
    """The page of the form, with the error."""
    return render_template("ingest.html", options=overview(), problem=str(error)), error.status


FORM = Page(catch=(BadSource,), caught=_refused)


@VIEWS.page("/ingest", "ingest.html", Page(variable="options"))
def overview() -> IngestOptions:
    """Where pictures can come from, and the jobs so far."""
    services = get_services()
    roots = [str(root) for root in services.settings.ingest_roots]
    accepted = [kind.accepts for kind in sources(services.settings) if kind.reads_path]
    return IngestOptions(demo=True, roots=roots, accepted=accepted, jobs=services.ingest.jobs())


@VIEWS.action("/ingest", _job_page, FORM, rate=upload_rate, status=HTTPStatus.ACCEPTED)
def start_source(body: SourceBody) -> Started:
    """Begin to ingest a source that lies under the allowed roots, or that the page may start."""
    services = get_services()
    address = address_of(body.source.strip(), services.settings)
    return Started(job=services.ingest.start(address, body.collection.strip(), body.missing))


@VIEWS.action("/ingest/upload", _job_page, FORM, rate=upload_rate, status=HTTPStatus.ACCEPTED)
def start_upload(form: PicturesForm) -> Started:
    """Begin to ingest pictures that are sent along."""
    return Started(job=get_services().ingest.start_uploads(read_uploads(), form.collection))


@VIEWS.page("/ingest/jobs/<job_id>", "job.html", Page(variable="job"))
def job(path: JobPath) -> Progress:
    """How far one job is."""
    return get_services().ingest.progress(path.job_id)


def address_of(source: str, settings: Settings) -> str:
    """The address with its path resolved; BadSource where the page may not open it."""
    if any(kind.from_page and not kind.reads_path and accepts(kind, source, None) for kind in sources(settings)):
        return source
    prefix, path = split_spec(source, settings)
    return prefix + str(allowed(path, settings))


def allowed(source: str, settings: Settings) -> Path:
    """The path, if it exists within an allowed folder after links are resolved; BadSource otherwise."""
    if not source.strip():
        raise BadSource("name a folder, or choose pictures to send")
    try:
        path = Path(os.path.realpath(os.path.expanduser(source.strip())))  # noqa: PTH111  (Path's own raises for unknown users)
    except ValueError as error:
        raise BadSource("the path contains a NUL character") from error
    roots = [root.resolve() for root in settings.ingest_roots]
    if not any(path.is_relative_to(root) for root in roots):
        accepted = ", ".join(str(root) for root in roots) or "none; the operator names some by OMMA_INGEST_ROOTS"
        raise BadSource(f"this folder may not be ingested from the page; allowed folders: {accepted}")
    if not os.path.exists(path):  # noqa: PTH110  (Path's own raises for names that are too long)
        raise BadSource(f"there is nothing at {path}")
    return path


def read_uploads() -> dict[str, IO[bytes]]:
    """The pictures of the form, each under a name that is safe and unique; BadSource where there is none."""
    files = [file for file in request.files.getlist("pictures") if file.filename]
    if not files:
        raise BadSource("choose at least one picture")
    if len(files) > MAX_FILES:
        raise BadSource(f"{len(files)} pictures are more than the {MAX_FILES} that one request may send")
    pictures: dict[str, IO[bytes]] = {}
    for file in files:
        pictures[file_name(file.filename or "", pictures)] = file.stream
    return pictures


def file_name(sent: str, taken: Container[str] = ()) -> str:
    """The last part of the name that a browser sent, without characters that file systems refuse, and not in `taken`."""
    name = PurePosixPath(sent.replace("\\", "/")).name
    safe = "".join(letter for letter in name if letter.isprintable() and letter not in FORBIDDEN_LETTERS)
    plain = safe.strip(". ")[-MAX_NAME_LENGTH:] or "picture"
    candidates = (plain if n == 1 else f"{n}-{plain}" for n in count(1))
    return next(candidate for candidate in candidates if candidate not in taken)
