"""Judging: what is shown to whom in which order, blind, and keeping what they say."""

import random
import re
from collections import Counter
from collections.abc import Sequence

from flask import session
from pydantic import BaseModel, Field

from engine.errors import BadQuestion
from query.answer import Answer, Result
from ranking.judgements.agreement import Agreement, agreement
from ranking.judgements.judgement import Judgement, Topic
from web.asking import to_request
from web.parameters import SearchParameters
from web.services import get_services

RATER = "rater"
NAME = re.compile(r"^[^\s\x00-\x1f\x7f](?:[^\x00-\x1f\x7f]{0,38}[^\s\x00-\x1f\x7f])?$")
TOP, DEEPER, EVERY = 20, 60, 8  # results that are judged: the first ones, and now and then one from farther below


class Judged(BaseModel):
    """A result to judge: nothing tells where a ranker put it."""

    id: str
    title: str = ""
    width: int = 0
    height: int = 0
    grade: int | None = Field(None, description="What this rater said of it before")


class Sheet(BaseModel):
    """A question and what is to be judged for it, in an order that is this rater's own."""

    topic: Topic
    rater: str
    documents: list[Judged]
    done: int


class TopicRow(BaseModel):
    """A question that was judged."""

    topic: Topic
    judgements: int
    raters: list[str]


class JudgingOverview(BaseModel):
    """All questions that were judged, and how far people agree."""

    topics: list[TopicRow]
    agreement: Agreement


def rater() -> str:
    """Who judges in this browser; empty before a name was given."""
    return str(session.get(RATER, ""))


def name_rater(name: str) -> str:
    """Remember who judges; BadQuestion where it is no name."""
    if not NAME.match(name.strip()):
        raise BadQuestion("a rater has a name of 1 to 40 letters")
    session[RATER] = name.strip()
    session.permanent = True
    return rater()


def sheet(parameters: SearchParameters, who: str) -> Sheet:
    """Keep the question, and put its results into a blind order: the same for a rater every time, and no other's."""
    if parameters.is_empty:
        raise BadQuestion("judging begins with a question: words, a picture, or both")
    request = to_request(parameters).model_copy(update={"page": 1, "number": DEEPER, "no_cutoff": True})
    answer = get_services().searcher.search(request)
    topic = get_services().judgements.add_topic(_topic(answer, parameters), request.image)
    said = {j.document: j.grade for j in get_services().judgements.all(topic=topic.id, rater=who) if j.source == "person"}
    documents = [_judged(result, said.get(result.id)) for result in blind(answer.results, f"{topic.id} {who}")]
    return Sheet(topic=topic, rater=who, documents=documents, done=sum(d.grade is not None for d in documents))


def blind(results: Sequence[Result], seed: str) -> list[Result]:
    """The first results and a few deeper ones, shuffled."""
    chosen = [*results[:TOP], *results[TOP:DEEPER:EVERY]]
    random.Random(seed).shuffle(chosen)  # noqa: S311  (an order, no secret)
    return chosen


def judge(topic: str, document: str, grade: int, who: str) -> Judgement:
    """Keep a grade; NotFoundError for a question that nobody asked."""
    known = get_services().judgements.topic(topic)
    judgement = Judgement(topic=known.id, document=document, grade=grade, rater=who)
    get_services().judgements.judge([judgement])
    return judgement


def overview() -> JudgingOverview:
    """Questions with what was said of them, the most judged first."""
    kept = get_services().judgements
    said = list(kept.all())
    counts, raters = Counter(j.topic for j in said), {(j.topic, j.rater) for j in said if j.source == "person"}
    rows = [
        TopicRow(topic=t, judgements=counts[t.id], raters=sorted(name for topic, name in raters if topic == t.id))
        for t in kept.topics()
    ]
    return JudgingOverview(topics=sorted(rows, key=lambda row: -row.judgements), agreement=agreement(said))


def _topic(answer: Answer, parameters: SearchParameters) -> Topic:
    picture = "" if parameters.like else answer.question.picture or ""
    return Topic(
        text=parameters.text, picture=picture, like=parameters.like, box=answer.question.box, filters=parameters.filters()
    )


def _judged(result: Result, grade: int | None) -> Judged:
    return Judged(id=result.id, title=result.title, width=result.width, height=result.height, grade=grade)
