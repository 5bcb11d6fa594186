"""The front page, the answer to a question, and the page of one picture."""

from http import HTTPStatus

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from engine.errors import BadPicture, FetchError, NotFoundError, OmmaError
from web.asking import ask, compare, keep, keep_address
from web.limits import limiter, search_rate, upload_rate
from web.parameters import SearchParameters, read_parameters
from web.services import get_services

SEARCH = Blueprint("search", __name__)


@SEARCH.get("/")
def home() -> str:
    """One box, and some pictures to begin with."""
    return render_template("home.html", overview=get_services().overview(), asked=SearchParameters())


@SEARCH.get("/search")
@limiter.limit(search_rate)
def answer() -> str | Response | tuple[str, int]:
    """The answer to the question in the address; an address without a question is the front page."""
    asked = read_parameters(request.args, request.args.getlist("filter"))
    if asked.is_empty:
        return redirect(url_for("search.home"))
    if asked.address:  # fetched once, so that paging and cropping do not fetch it again
        return redirect(asked.url(picture=keep_address(asked.address).picture, address=""))
    try:
        return render_template("search.html", asked=asked, answer=ask(asked))
    except (BadPicture, FetchError, NotFoundError) as error:
        return _failed(asked, error)


@SEARCH.get("/compare")
@limiter.limit(search_rate)
def compare_results() -> str:
    """Why one of two results is above the other."""
    asked = read_parameters(request.args, request.args.getlist("filter"))
    one, other = (request.args.get(name, "") for name in ("one", "other"))
    return render_template("compare.html", asked=asked, compare=compare(asked, one, other))


@SEARCH.post("/search")
@limiter.limit(upload_rate)
def upload() -> Response | tuple[str, int]:
    """Keep the picture of the form, sent or by address, and go to its answer."""
    asked = read_parameters(request.form, request.form.getlist("filter"))
    image = request.files.get("image")
    data = image.read() if image else b""
    try:
        if data:
            picture = keep(data).picture
        elif asked.address:
            picture = keep_address(asked.address).picture
        else:
            return redirect(asked.url(), HTTPStatus.SEE_OTHER)
    except (BadPicture, FetchError) as error:
        return _failed(asked, error)
    changed = asked.url(picture=picture, like="", address="", box="")
    return redirect(changed, HTTPStatus.SEE_OTHER)


@SEARCH.get("/picture/<document_id>")
def picture(document_id: str) -> str:
    """Everything known of one picture."""
    view = get_services().show(document_id)
    return render_template("picture.html", view=view, asked=SearchParameters())


def _failed(asked: SearchParameters, error: OmmaError) -> tuple[str, int]:
    """The question stays in the box, so that it can be mended."""
    mended = asked.model_copy(update={"picture": "", "address": "", "box": "", "region": ""})
    return render_template("failed.html", asked=mended, message=str(error)), error.status
