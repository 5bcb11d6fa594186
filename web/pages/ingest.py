"""Adding pictures: start an ingest, watch it, and see what could not be used."""

from http import HTTPStatus

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from engine.errors import BadSource
from web.limits import limiter, upload_rate
from web.services import get_services
from web.starting import options, page_number, read_uploads, start

INGEST = Blueprint("ingest", __name__)
PAGE_SIZE = 48


@INGEST.get("/ingest")
def overview() -> str:
    """Where pictures can come from, and the jobs so far."""
    return render_template("ingest.html", options=options())


@INGEST.post("/ingest")
@limiter.limit(upload_rate)
def start_source() -> Response | tuple[str, int]:
    """Begin to ingest the demo corpus or a folder."""
    try:
        job = start(request.form.get("source", ""), request.form.get("collection", ""))
    except BadSource as error:
        return render_template("ingest.html", options=options(), problem=str(error)), error.status
    return redirect(url_for("ingest.job", job_id=job), HTTPStatus.SEE_OTHER)


@INGEST.post("/ingest/upload")
@limiter.limit(upload_rate)
def start_upload() -> Response | tuple[str, int]:
    """Begin to ingest the pictures of the form."""
    try:
        job = get_services().ingest.start_uploads(read_uploads(), request.form.get("collection", ""))
    except BadSource as error:
        return render_template("ingest.html", options=options(), problem=str(error)), error.status
    return redirect(url_for("ingest.job", job_id=job), HTTPStatus.SEE_OTHER)


@INGEST.get("/ingest/jobs/<job_id>")
def job(job_id: str) -> str:
    """How far one job is."""
    return render_template("job.html", job=get_services().ingest.progress(job_id))


@INGEST.get("/quarantine")
def quarantine() -> str:
    """What could not be used, and why."""
    refused = get_services().ingest.refused(page_number(request.args.get("page", "1")), PAGE_SIZE)
    return render_template("quarantine.html", refused=refused, page_size=PAGE_SIZE)


@INGEST.post("/quarantine/retry")
def retry() -> Response:
    """Try the chosen ones again."""
    get_services().ingest.retry(request.form.getlist("entry"))
    return redirect(url_for("ingest.quarantine"), HTTPStatus.SEE_OTHER)


@INGEST.post("/quarantine/drop")
def drop() -> Response:
    """Forget the chosen ones."""
    get_services().ingest.drop(request.form.getlist("entry"))
    return redirect(url_for("ingest.quarantine"), HTTPStatus.SEE_OTHER)
