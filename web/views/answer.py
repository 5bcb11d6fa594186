"""The whole answer to a picture question: for programs at once, for a page part by part as they are ready."""

import json
import logging
from collections.abc import Iterable, Iterator

from flask import Response, render_template, stream_with_context
from pydantic import Field

from engine.errors import OmmaError
from query.answer import Answer, AnswerPart
from web.access import limiter, search_rate, upload_rate
from web.inputs import read_inputs
from web.parameters import SearchParameters
from web.services import get_services
from web.view import Views
from web.views.search import PictureForm, ask, asking, to_request

logger = logging.getLogger(__name__)
VIEWS = Views("answer")


class AwaitedParameters(SearchParameters):
    """A question, and the search whose results its parts are made from."""

    query_id: str = Field("", max_length=64, pattern=r"^[0-9a-f-]*$", description="Of the answer that names the parts.")


@VIEWS.json("GET", "/ask", rate=search_rate)
def whole(query: SearchParameters) -> Answer:
    """Answer a question with every part, also those that take longer.

    The same as `/api/v1/search` with `complete`: what the picture is asked for (`intent`), and the parts that answer it.
    """
    return ask(query.model_copy(update={"complete": True}))


@VIEWS.json("POST", "/ask", rate=upload_rate)
def whole_about(query: SearchParameters, form: PictureForm) -> Answer:
    """Answer a question about a picture that is sent along, with every part.

    The parameters are the same; the picture is not kept.
    """
    return ask(query.model_copy(update={"complete": True}), form.image.read() if form.image else None)


@VIEWS.pages.get("/search/parts")
@limiter.limit(search_rate)
def awaited() -> Response:
    """The parts that take longer, as server-sent events: `part` with name and HTML for each, then `done`."""
    query = read_inputs({"query": AwaitedParameters}, {})["query"]
    assert isinstance(query, AwaitedParameters)
    question = query.question()
    made = get_services().answering.waiting(query.query_id, to_request(question), asking(question))
    response = Response(stream_with_context(_events(made, question)), mimetype="text/event-stream")
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Accel-Buffering"] = "no"  # a proxy must pass each part on at once
    return response


def _events(parts: Iterable[AnswerPart], question: SearchParameters) -> Iterator[str]:
    """Each part as it is made; an error ends the parts, and says why."""
    try:
        for part in parts:
            html = render_template("parts/answer_part.html", part=part, asked=question)
            yield _event("part", {"name": part.name, "title": part.title, "html": html})
    except OmmaError as error:
        yield _event("trouble", {"message": str(error)})
    except Exception:  # the results are shown already: nobody else would see it
        logger.exception("the parts of an answer failed")
        yield _event("trouble", {"message": "Something went wrong on the server."})
    yield _event("done", {})


def _event(name: str, data: dict[str, str]) -> str:
    return f"event: {name}\ndata: {json.dumps(data)}\n\n"
