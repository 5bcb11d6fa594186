"""From the parameters of an address to an answer: where the picture is kept, and how long everything took."""

from flask import current_app

from engine.errors import BadQuestion
from ingest.fetch import fetch
from query.answer import Answer
from query.compare import ResultComparison
from query.request import SearchRequest
from web.models import KeptPicture
from web.parameters import SearchParameters
from web.services import get_services
from web.visits import log_search


def ask(parameters: SearchParameters, image: bytes | None = None) -> Answer:
    """Answer the question; `image` are bytes sent along with it, instead of any picture that it names."""
    if parameters.is_empty and image is None:
        raise BadQuestion("ask with words, a picture, a part of a picture, filters, or any of them together")
    parameters = _with_full_id(parameters)
    answer = get_services().searcher.search(to_request(parameters, image))
    current_app.extensions["omma-metrics"].observe_search(answer.took, len(answer.warnings))
    log_search(answer, parameters)
    return answer


def _with_full_id(parameters: SearchParameters) -> SearchParameters:
    """The same question with the whole id of the document that it names; NotFoundError, BadQuestion."""
    return parameters.model_copy(update={"like": get_services().full_id(parameters.like)}) if parameters.like else parameters


def compare(parameters: SearchParameters, one: str, other: str) -> ResultComparison:
    """Why one of two results of the question is above the other."""
    if parameters.is_empty:
        raise BadQuestion("name the question whose results are compared")
    return get_services().searcher.compare(to_request(parameters), one, other)


def to_request(parameters: SearchParameters, image: bytes | None = None) -> SearchRequest:
    """The question as the query room reads it."""
    services = get_services()
    if image is None and parameters.picture:
        image = services.uploads.original(parameters.picture)
    named = image is not None
    return SearchRequest(
        image=image,
        address=None if named else parameters.address or None,
        like=None if named else parameters.like or None,
        box=parameters.fractions(),
        region=parameters.region or None,
        text=parameters.text,
        filters=parameters.filters(),
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
    """Fetch a picture by the rules of the fetcher (public addresses only), and keep it."""
    return keep(fetch(address.strip(), get_services().settings).data)
