"""What was done with results, and whether that may be known."""

from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from pydantic import BaseModel, Field

from ranking.clicks.ubi import Event
from web import visits
from web.api.problems import PROBLEMS
from web.api.reply import reply

EVENTS_API = APIBlueprint("events_api", __name__, url_prefix="/api", abp_tags=[Tag(name="events")], abp_responses=PROBLEMS)
MOST_EVENTS = 200


class EventsBody(BaseModel):
    """Impressions and clicks of one page."""

    events: list[Event] = Field(max_length=MOST_EVENTS)


class Taken(BaseModel):
    """How many were logged: none without consent."""

    taken: int


class ConsentBody(BaseModel):
    """Whether searches and clicks of this browser may be logged."""

    agree: bool


class Consent(BaseModel):
    """What holds now; `forgotten` is how many records were deleted."""

    agreed: bool
    forgotten: int = 0


@EVENTS_API.post("/events", responses={200: Taken})
def take(body: EventsBody) -> Response:
    """Log impressions and clicks.
    Only of visitors who agreed; a program agrees by an `X-Omma-Client` header with a random id of its own (8 to 64 letters).
    """
    return reply(Taken(taken=visits.log_events(body.events)))


@EVENTS_API.post("/consent", responses={200: Consent})
def consent(body: ConsentBody) -> Response:
    """Agree to the logging of searches and clicks, or take it back.
    Taking it back deletes everything that was logged of this browser.
    """
    return reply(decide(agreed=body.agree))


def decide(*, agreed: bool) -> Consent:
    """Keep a decision."""
    if agreed and not visits.refuses():
        visits.agree()
        return Consent(agreed=True)
    return Consent(agreed=False, forgotten=visits.withdraw())
