"""JSON twins of the pages that add pictures."""

from http import HTTPStatus

from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.file import FileStorage
from flask_openapi3.models.tag import Tag
from pydantic import BaseModel, Field

from ingest.jobs import Progress
from web.api.problems import PROBLEMS
from web.api.reply import reply
from web.forms import Form
from web.limits import limiter, upload_rate
from web.models import Counted, IngestOptions, RefusedList, Started
from web.services import get_services
from web.starting import options, read_uploads, start

INGEST_API = APIBlueprint("ingest_api", __name__, url_prefix="/api", abp_tags=[Tag(name="ingest")], abp_responses=PROBLEMS)


class StartBody(BaseModel):
    """A source to ingest."""

    source: str = Field(max_length=4000, description="`demo`, or a folder or feed under `OMMA_INGEST_ROOTS`.")
    collection: str = Field("", max_length=200)


class PicturesForm(Form):
    """Pictures to ingest."""

    pictures: list[FileStorage] = Field([], description="The bytes of each picture.")
    collection: str = Field("", max_length=200)


class JobPath(BaseModel):
    """Names a job."""

    job_id: str = Field(max_length=64)


class PageQuery(BaseModel):
    """A page of a list."""

    page: int = Field(1, ge=1, le=10_000)
    number: int = Field(48, ge=1, le=1000)


class QuarantineQuery(PageQuery):
    """A page of the quarantine."""

    collection: str = Field("", max_length=200, description="Only entries of this collection.")
    reason: str = Field("", max_length=100, description="Only entries with this reason, such as `truncated`.")


class EntriesBody(BaseModel):
    """Names entries of the quarantine."""

    entries: list[str] = Field(max_length=1000)


@INGEST_API.get("/ingest", responses={200: IngestOptions})
def overview() -> Response:
    """Where pictures can come from, and the jobs so far."""
    return reply(options())


@INGEST_API.post("/ingest", responses={202: Started})
@limiter.limit(upload_rate)
def start_source(body: StartBody) -> Response:
    """Begin to ingest the demo corpus, or a folder or feed of the server."""
    return reply(Started(job=start(body.source, body.collection)), HTTPStatus.ACCEPTED)


@INGEST_API.post("/ingest/upload", responses={202: Started})
@limiter.limit(upload_rate)
def start_upload(form: PicturesForm) -> Response:
    """Begin to ingest pictures sent along."""
    job = get_services().ingest.start_uploads(read_uploads(), form.collection)
    return reply(Started(job=job), HTTPStatus.ACCEPTED)


@INGEST_API.get("/ingest/jobs/<job_id>", responses={200: Progress})
def job(path: JobPath) -> Response:
    """How far one job is."""
    return reply(get_services().ingest.progress(path.job_id))


@INGEST_API.get("/quarantine", responses={200: RefusedList})
def quarantine(query: QuarantineQuery) -> Response:
    """What could not be used, and why."""
    return reply(get_services().ingest.refused(query.page, query.number, query.collection, query.reason))


@INGEST_API.post("/quarantine/retry", responses={200: Counted})
def retry(body: EntriesBody) -> Response:
    """Try these again."""
    return reply(Counted(count=get_services().ingest.retry(body.entries)))


@INGEST_API.post("/quarantine/drop", responses={200: Counted})
def drop(body: EntriesBody) -> Response:
    """Forget these."""
    return reply(Counted(count=get_services().ingest.drop(body.entries)))
