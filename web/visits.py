"""Who agreed that searches and clicks are logged, and logging them.

A visitor is a random number in the signed cookie, there as long as consent is. No address and no user agent is kept.
"""

import re
import uuid
from collections.abc import Sequence

from flask import current_app, request, session

from mappings.versions import alias
from query.answer import Answer
from ranking.clicks.filter import is_robot
from ranking.clicks.ubi import Event, event_record, query_record
from ranking.judgements.judgement import Topic
from web.parameters import SearchParameters
from web.services import get_services

VISITOR, HEADER = "visitor", "X-Omma-Client"
PROGRAM = re.compile(r"^[A-Za-z0-9_-]{8,64}$")


def visitor() -> str:
    """Whose search this is, if it may be logged; empty otherwise. A program agrees by naming its client in a header."""
    settings = get_services().settings
    if settings.events == "off" or get_services().log is None or refuses() or is_robot(request.user_agent.string):
        return ""
    named = request.headers.get(HEADER, "")
    if PROGRAM.match(named):
        return named
    if settings.events == "on" and VISITOR not in session:
        agree()
    return str(session.get(VISITOR, ""))


def refuses() -> bool:
    """Whether the browser says for its user that nothing be recorded (Do Not Track, Global Privacy Control)."""
    return request.headers.get("DNT") == "1" or request.headers.get("Sec-GPC") == "1"


def asks_consent() -> bool:
    """Whether the page should ask: where consent counts, is not given, and was not refused."""
    settings = get_services().settings
    return settings.events == "consent" and VISITOR not in session and "declined" not in session and not refuses()


def may_withdraw() -> bool:
    """Whether there is a consent to take back."""
    return VISITOR in session


def agree() -> None:
    """From now on this browser is a visitor."""
    session.pop("declined", None)
    session[VISITOR] = uuid.uuid4().hex
    session.permanent = True


def withdraw() -> int:
    """From now on it is none, and all that was logged of it is deleted; how many records."""
    known = session.pop(VISITOR, "")
    session["declined"] = True
    session.permanent = True
    return get_services().forget(str(known)) if known else 0


def log_search(answer: Answer, parameters: SearchParameters) -> None:
    """Log an answer that was served, if its visitor agreed; never an error, never a wait."""
    log, client = get_services().log, visitor()
    if log is None or not client or answer.candidate_set is None or not answer.candidate_set.table:
        return
    record = query_record(
        client=client, topic=topic_of(answer, parameters), ranker=answer.ranker, candidate_set=answer.candidate_set,
        shown=[result.id for result in answer.results], index=alias(get_services().settings),
        teams={result.id: result.team for result in answer.results if result.team},
    )  # fmt: skip
    log.search(answer.query_id, record)
    current_app.extensions["omma-metrics"].lost(log.dropped)


def log_events(events: Sequence[Event]) -> int:
    """Log what was done with results; how many were taken."""
    log, client = get_services().log, visitor()
    if log is None or not client:
        return 0
    for event in events:
        # One record per visitor, search, document and action: what is sent twice counts once.
        log.event(f"{client}-{event.query_id}-{event.document}-{event.action}", event_record(event, client))
    return len(events)


def topic_of(answer: Answer, parameters: SearchParameters) -> Topic:
    """The question as judgements know it."""
    picture = "" if parameters.like else answer.question.picture or ""
    return Topic(
        text=parameters.text, picture=picture, like=parameters.like, box=answer.question.box, filters=parameters.filters()
    ).named()
