"""JSON twins of the front page, the answer and a picture's page."""

from typing import Any

from flask import Response, current_app
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from pydantic import BaseModel, Field

from query.answer import Answer
from query.compare import ResultComparison
from query.document import DocumentView
from web.api.problems import PROBLEMS
from web.api.reply import reply
from web.asking import ask, compare
from web.forms import Form, OptionalFile, no_file
from web.limits import limiter, search_rate, upload_rate
from web.models import Overview, Status
from web.parameters import CompareParameters, SearchParameters
from web.services import get_services

SEARCH_API = APIBlueprint("search_api", __name__, url_prefix="/api", abp_tags=[Tag(name="search")], abp_responses=PROBLEMS)


class PictureForm(Form):
    """A picture sent with a question."""

    image: OptionalFile = Field(default_factory=no_file, description="The bytes of a picture.")


class PicturePath(BaseModel):
    """Names a picture of the collection."""

    document_id: str = Field(max_length=64, description="sha256 of the original, or the first letters of it, at least 6")


@SEARCH_API.get("/", responses={200: Overview})
def overview() -> Response:
    """What there is to search.
    Counts, collections, categories and some pictures to begin with.
    """
    return reply(get_services().overview())


@SEARCH_API.get("/status", responses={200: Status})
def status() -> Response:
    """How much is indexed, refused and waiting."""
    return reply(get_services().status())


@SEARCH_API.get("/search", responses={200: Answer})
@limiter.limit(search_rate)
def search(query: SearchParameters) -> Response:
    """Answer a question.
    Words, a picture of the collection or one sent before, a part of it, filters, or any of them together.
    """
    return reply(ask(query))


@SEARCH_API.get("/compare", responses={200: ResultComparison})
@limiter.limit(search_rate)
def compare_results(query: CompareParameters) -> Response:
    """Why one of two results is above the other.
    The question as for `/api/search`; what every factor says of both, and what the difference does to the order.
    """
    return reply(compare(query, query.one, query.other))


@SEARCH_API.post("/search", responses={200: Answer})
@limiter.limit(upload_rate)
def search_with_picture(query: SearchParameters, form: PictureForm) -> Response:
    """Answer a question about a picture sent along.
    The parameters are the same; the picture is looked at and not kept.
    """
    return reply(ask(query, form.image.read() if form.image else None))


@SEARCH_API.get("/picture/<document_id>", responses={200: DocumentView})
def picture(path: PicturePath) -> Response:
    """Everything known of one picture."""
    return reply(get_services().show(path.document_id))


@SEARCH_API.get("/openapi.json", doc_ui=False)
def openapi() -> dict[str, Any]:
    """The description of this API."""
    return current_app.api_doc  # type: ignore[attr-defined, no-any-return]
