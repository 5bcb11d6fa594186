"""Searching: the front page, the answer to a question, the comparison of two results, and pictures kept to search with."""

from http import HTTPStatus

from flask import current_app, redirect, render_template, request, session, url_for
from pydantic import BaseModel, Field
from werkzeug.wrappers import Response

from answers.answering import Asking
from answers.intent.goals import TITLES
from engine.errors import BadPicture, BadQuestion, FetchError, NotFoundError, OmmaError
from ingest.fetch import fetch
from query.answer import Answer, PictureRows, ResultComparison
from query.request import SearchRequest
from web.access import limiter, search_rate, upload_rate
from web.inputs import Form, OptionalFile, no_file, read_inputs
from web.parameters import CompareParameters, SearchParameters
from web.services import Overview, Status, get_services
from web.view import Inputs, Page, Rendered, Views
from web.views.events import GOAL, log_search

VIEWS = Views("search")
ROW_LENGTH = 12  # results of a row, unless the question says otherwise
UNUSABLE = (BadPicture, FetchError, NotFoundError)  # errors of the picture: the question stays in the box, to be corrected


class PictureForm(Form):
    """A picture sent with a question."""

    image: OptionalFile = Field(default_factory=no_file, description="The bytes of a picture.")


class UploadForm(PictureForm):
    """A picture, or its address."""

    address: str = Field("", max_length=2000, description="Instead: the http(s) address of a picture.")


class KeptPicture(BaseModel):
    """A picture that searches can name by its id until it expires."""

    picture: str = Field(description="sha256; the `picture` parameter of a search")
    width: int
    height: int
    format: str
    seconds: int = Field(description="How long it is kept after its last use")


@VIEWS.page("/", "home.html", Page(variable="overview"))
def home() -> Overview:
    """What there is to search.

    Counts, collections, categories and some pictures to begin with.
    """
    return get_services().overview()


@VIEWS.json("GET", "/status")
def status() -> Status:
    """How much is indexed, in quarantine and waiting."""
    return get_services().status()


def _before_search(inputs: Inputs) -> Response | None:
    """Redirect an empty question to the front page; fetch a picture's address once, so that paging does not fetch it again."""
    asked = _asked(inputs)
    if asked.is_empty:
        return redirect(url_for("search.home"))
    return redirect(asked.url(picture=keep_address(asked.address).picture, address="")) if asked.address else None


def _unusable_picture(error: OmmaError, inputs: Inputs) -> Rendered:
    without = _asked(inputs).model_copy(update={"picture": "", "address": "", "box": "", "region": ""})
    return render_template("failed.html", asked=without, message=str(error)), error.status


def _asked(inputs: Inputs) -> SearchParameters:
    return SearchParameters.model_validate(inputs["query"].model_dump())


@VIEWS.page(
    "/search",
    "search.html",
    Page(before=_before_search, catch=UNUSABLE, caught=_unusable_picture, context=lambda: {"goals": TITLES}),
    rate=search_rate,
)
def answer(query: SearchParameters) -> Answer:
    """Answer a question.

    Words, a picture of the collection or one sent before, a part of it, filters, or any of them together. What is asked with a
    picture has parts beside the results; those that take longer are named, and made with `complete`.
    """
    return ask(query)


@VIEWS.json("POST", "/search", rate=upload_rate)
def answer_about(query: SearchParameters, form: PictureForm) -> Answer:
    """Answer a question about a picture that is sent along.

    The parameters are the same; the picture is not kept.
    """
    return ask(query, form.image.read() if form.image else None)


@VIEWS.pages.post("/search")
@limiter.limit(upload_rate)
def upload() -> Rendered:
    """Keep the picture of the form, sent or by address, and go to its answer."""
    inputs = {"query": read_inputs({"form": SearchParameters}, {})["form"]}
    asked, image = _asked(inputs), request.files.get("image")
    try:
        if data := image.read() if image else b"":
            picture = keep(data).picture
        elif asked.address:
            picture = keep_address(asked.address).picture
        else:
            return redirect(asked.url(), HTTPStatus.SEE_OTHER)
    except UNUSABLE as error:
        return _unusable_picture(error, inputs)
    return redirect(asked.url(picture=picture, like="", address="", box="", more=[], less=[]), HTTPStatus.SEE_OTHER)


@VIEWS.json("POST", "/uploads", rate=upload_rate, status=HTTPStatus.CREATED)
def keep_upload(form: UploadForm) -> KeptPicture:
    """Keep a picture for a while, to search with its id.

    Cropping, adding words and paging then send the id alone.
    """
    if form.image:
        return keep(form.image.read())
    if form.address:
        return keep_address(form.address)
    raise BadQuestion("send a picture as `image`, or its address as `address`")


@VIEWS.page("/compare", "compare.html", Page(variable="compare"), rate=search_rate)
def compare(query: CompareParameters) -> ResultComparison:
    """Why one of two results is above the other.

    The question as for `/api/v1/search`; each factor's value for both, and what the difference does to the order.
    """
    if query.is_empty:
        raise BadQuestion("name the question whose results are compared")
    return get_services().searcher.compare(to_request(query), query.one, query.other)


def _before_everything(inputs: Inputs) -> Response | None:
    """Fetch a picture's address once."""
    asked = _asked(inputs)
    kept = keep_address(asked.address).picture if asked.address else ""
    return redirect(asked.url("/everything", picture=kept, address="")) if kept else None


@VIEWS.page(
    "/everything",
    "everything.html",
    Page(before=_before_everything, catch=UNUSABLE, caught=_unusable_picture),
    rate=search_rate,
)
def everything(query: SearchParameters) -> PictureRows:
    """Everything in a picture: results for the whole, and for each object in it.

    A part of the picture (`box`) is ignored; words and filters hold for all rows; `number` is the length of a row.
    """
    return ask_everything(query)


@VIEWS.json("POST", "/everything", rate=upload_rate)
def everything_in(query: SearchParameters, form: PictureForm) -> PictureRows:
    """Everything in a picture that is sent along.

    The parameters are the same; the picture is not kept.
    """
    return ask_everything(query, form.image.read() if form.image else None)


def ask_everything(parameters: SearchParameters, image: bytes | None = None) -> PictureRows:
    """The rows of a picture; `image` replaces any picture that the question names."""
    if image is None and not parameters.has_picture:
        raise BadQuestion("name a picture: of the collection, one sent before, or its address")
    number = parameters.number or ROW_LENGTH
    parameters = parameters.model_copy(update={"box": "", "region": "", "number": number})
    return get_services().searcher.everything(to_request(parameters, image))


def ask(parameters: SearchParameters, image: bytes | None = None) -> Answer:
    """Answer the question; `image` is sent along with it and replaces any picture that it names."""
    if parameters.is_empty and image is None:
        raise BadQuestion("ask with words, a picture, a part of a picture, filters, or any of them together")
    answering, request = get_services().answering, to_request(parameters, image)
    found = (answering.ask if parameters.complete else answering.begin)(request, asking(parameters))
    current_app.extensions["omma-metrics"].observe_search(found.took, len(found.warnings))
    log_search(found, parameters.model_copy(update={"like": request.like or ""}))
    return found


def asking(parameters: SearchParameters) -> Asking:
    """Who asks: the goal of the question, the one chosen last in this session, the languages of the browser."""
    last = session.get(GOAL)
    languages = dict.fromkeys(language.partition("-")[0].lower() for language in request.accept_languages.values())
    return Asking(parameters.goal or None, last if last in TITLES else None, tuple(languages) or ("en",))


def to_request(parameters: SearchParameters, image: bytes | None = None) -> SearchRequest:
    """The question as query.search takes it."""
    services = get_services()
    if image is None and parameters.picture:
        image = services.uploads.original(parameters.picture)
    has_bytes = image is not None
    return SearchRequest(
        image=image,
        address=None if has_bytes else parameters.address or None,
        like=services.full_id(parameters.like) if parameters.like and not has_bytes else None,
        box=parameters.fractions(),
        region=parameters.region or None,
        text=parameters.text,
        filters=parameters.filters(),
        more=[services.full_id(one) for one in parameters.more],
        less=[services.full_id(one) for one in parameters.less],
        page=parameters.page,
        number=parameters.number or services.settings.web_number,
        no_cutoff=parameters.everything,
        diversity=parameters.diversity,
        dsl=parameters.dsl,
    )


def keep(data: bytes) -> KeptPicture:
    """Check bytes by decoding them, and keep them for further questions."""
    kept = get_services().uploads.keep(data)
    return KeptPicture(picture=kept.id, width=kept.width, height=kept.height, format=kept.format, seconds=kept.seconds)


def keep_address(address: str) -> KeptPicture:
    """Fetch a picture by the fetcher's rules (public addresses only), and keep it."""
    return keep(fetch(address.strip(), get_services().settings).data)
