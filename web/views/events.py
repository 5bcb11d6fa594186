"""Consent to the logging of searches, impressions and clicks; and the logging.

A visitor is a random number in the signed cookie, which exists only while consent is given. Neither address nor user agent is
kept.
"""

import re
import uuid
from collections.abc import Sequence
from contextlib import suppress

from flask import current_app, request, session
from pydantic import BaseModel, Field

from engine.errors import NotFoundError
from mappings.versions import alias
from query.answer import Answer, Goal
from ranking.clicks.models import is_robot
from ranking.clicks.ubi import Event, event_record, goal_record, query_record
from ranking.judgements.judgement import Judgement, Topic
from web import access
from web.parameters import SearchParameters
from web.services import CanJudge, get_services
from web.view import Views

VIEWS = Views("events")
VISITOR, HEADER, GOAL = "visitor", "X-Omma-Client", "goal"
PROGRAM_ID = re.compile(r"^[A-Za-z0-9_-]{8,64}$")
MAX_EVENTS = 200
MARK_GRADES = {"more": 3, "less": 0}  # good, unrelated: a mark does not say perfect


class EventsBody(BaseModel):
    """Impressions and clicks of one page."""

    events: list[Event] = Field(max_length=MAX_EVENTS)


class Taken(BaseModel):
    """How many events were logged: none without consent."""

    taken: int


class ConsentBody(BaseModel):
    """Whether searches and clicks of this browser may be logged."""

    agree: bool


class MarkBody(SearchParameters):
    """A question, and a mark of one of its results."""

    mark: str = Field(
        pattern=r"^(more|less|none):[0-9a-f]{64}$",
        description="`more:ID`: more like this picture; `less:ID`: less like it; `none:ID`: take its mark back.",
    )


class Marks(BaseModel):
    """The marks of a question."""

    more: list[str]
    less: list[str]
    address: str = Field(description="Of the page that answers the question with these marks")
    logged: bool = Field(description="Whether the mark was kept as a judgement: only of visitors who agreed")


class GoalBody(SearchParameters):
    """A question, and what its picture is asked for."""

    goal: Goal
    query_id: str = Field("", max_length=64, pattern=r"^[0-9a-f-]*$", description="Of the answer that the goal is chosen in.")


class ChosenGoal(BaseModel):
    """The goal of a question."""

    goal: Goal
    address: str = Field(description="Of the page that answers the question for this goal")
    logged: bool = Field(description="Whether it was kept as a label of the search: only of visitors who agreed")


class Consent(BaseModel):
    """The present decision; `forgotten` is the number of deleted records."""

    agreed: bool
    forgotten: int = 0


@VIEWS.json("POST", "/events")
def take(body: EventsBody) -> Taken:
    """Log impressions and clicks.

    Only of visitors who agreed; a program agrees by an `X-Omma-Client` header with a random id of its own (8 to 64 letters).
    """
    return Taken(taken=log_events(body.events))


@VIEWS.action("/mark", lambda marks: marks.address)
def mark(body: MarkBody) -> Marks:
    """Mark a result "more like this" or "less like this", or take its mark back.

    Marks are the parameters `more` and `less` of a search. That of a visitor who agreed to the logging of searches and clicks
    is also kept as a judgement of the question without its marks: grade 3 for `more`, 0 for `less`.
    """
    how, _, document = body.mark.partition(":")
    marked = body.marked(body.mark)
    return Marks(more=marked.more, less=marked.less, address=marked.url(), logged=log_mark(body, how, document))


@VIEWS.action("/goal", lambda chosen: chosen.address)
def goal(body: GoalBody) -> ChosenGoal:
    """Say what a picture is asked for, where Omma guessed something else.

    The answer then leads with what answers that. The goal counts a little in the guesses of the same session, too. Of a visitor
    who agreed to the logging of searches and clicks it is also kept as a label of the search.
    """
    session[GOAL] = body.goal
    return ChosenGoal(goal=body.goal, address=body.question().url(goal=body.goal), logged=log_goal(body.query_id, body.goal))


@VIEWS.action("/consent", lambda _: access.safe_next(request.form.get("next", "/")))
def consent(body: ConsentBody) -> Consent:
    """Agree to the logging of searches and clicks, or withdraw consent.

    Withdrawing deletes everything that was logged for this browser.
    """
    if body.agree and not refuses():
        agree()
        return Consent(agreed=True)
    return Consent(agreed=False, forgotten=withdraw())


def visitor() -> str:
    """The client id under which this search may be logged; empty otherwise. A program agrees by naming itself in a header."""
    settings = get_services().settings
    if settings.events == "off" or get_services().log is None or refuses() or is_robot(request.user_agent.string):
        return ""
    named = request.headers.get(HEADER, "")
    if PROGRAM_ID.match(named):
        return named
    if settings.events == "on" and VISITOR not in session:
        agree()
    return str(session.get(VISITOR, ""))


def refuses() -> bool:
    """Whether the browser asks that nothing be recorded (Do Not Track, Global Privacy Control)."""
    return request.headers.get("DNT") == "1" or request.headers.get("Sec-GPC") == "1"


def asks_consent() -> bool:
    """Whether the page should ask for consent: it is required, and was neither given nor refused."""
    settings = get_services().settings
    return settings.events == "consent" and VISITOR not in session and "declined" not in session and not refuses()


def may_withdraw() -> bool:
    """Whether this browser has given consent."""
    return VISITOR in session


def agree() -> None:
    """Give this browser a client id."""
    session.pop("declined", None)
    session[VISITOR] = uuid.uuid4().hex
    session.permanent = True


def withdraw() -> int:
    """Withdraw consent, delete everything logged for this client, return the number of deleted records."""
    known = session.pop(VISITOR, "")
    session["declined"] = True
    session.permanent = True
    return get_services().forget(str(known)) if known else 0


def log_search(answer: Answer, parameters: SearchParameters) -> None:
    """Log an answer that was served, if its visitor agreed; never raises and never waits."""
    log, client = get_services().log, visitor()
    if log is None or not client or answer.candidate_set is None or not answer.candidate_set.table:
        return
    if parameters.is_marked:  # its results answer another question than the topic, which has no marks
        return
    record = query_record(
        client=client, topic=topic_of(answer, parameters).named(), ranker=answer.ranker, candidate_set=answer.candidate_set,
        shown=[result.id for result in answer.results], index=alias(get_services().settings),
        teams={result.id: result.team for result in answer.results if result.team},
        goal=answer.intent.goal if answer.intent else "",
    )  # fmt: skip
    log.search(answer.query_id, record)
    current_app.extensions["omma-metrics"].lost(log.dropped)


def log_events(events: Sequence[Event]) -> int:
    """Log what was done with results; the number of logged events."""
    log, client = get_services().log, visitor()
    if log is None or not client:
        return 0
    for event in events:
        # One record per visitor, search, document and action: an event that is sent twice counts once.
        log.event(f"{client}-{event.query_id}-{event.document}-{event.action}", event_record(event, client))
    return len(events)


def log_goal(query_id: str, chosen: Goal) -> bool:
    """Keep a chosen goal as a label of its search, if the visitor agreed and the search was logged."""
    log, client = get_services().log, visitor()
    if log is None or not client or not query_id:
        return False
    log.event(f"{client}-{query_id}-goal", goal_record(query_id, chosen, client))
    return True


def log_mark(parameters: SearchParameters, how: str, document: str) -> bool:
    """Keep a mark as a judgement, or take it back, if its visitor agreed and the question is more than its marks."""
    services, client = get_services(), visitor()
    asked = parameters.model_copy(update={"more": [], "less": []})
    if not client or asked.is_empty or asked.address or asked.region:
        return False
    topic = kept_topic(services.judgements, asked)
    if how in MARK_GRADES:
        services.judgements.judge(
            [Judgement(topic=topic.id, document=document, grade=MARK_GRADES[how], source="marks", rater=client)]
        )
        return True
    with suppress(NotFoundError):
        services.judgements.undo(topic.id, document, client, "marks")
    return True


def kept_topic(judgements: CanJudge, asked: SearchParameters) -> Topic:
    """Keep the question, with its picture, for judgements about it; the topic with its id. NotFoundError."""
    picture = "" if asked.like else asked.picture
    topic = Topic(text=asked.text, like=asked.like, box=asked.fractions(), filters=asked.filters())
    return judgements.add_topic(topic, get_services().uploads.original(picture) if picture else None)


def topic_of(answer: Answer, parameters: SearchParameters) -> Topic:
    """The question in the form of judgements, without an id."""
    picture = "" if parameters.like else answer.question.picture or ""
    return Topic(
        text=parameters.text, picture=picture, like=parameters.like, box=answer.question.box, filters=parameters.filters()
    )
