"""Judging: results of a question in blind order, grades by people, and export of the judgements."""

import random
import re
from collections import Counter
from collections.abc import Sequence
from http import HTTPStatus
from typing import Literal

from flask import Response, redirect, render_template, request, session
from flask_openapi3.types import ResponseDict
from pydantic import BaseModel, Field
from werkzeug.wrappers import Response as BaseResponse

from engine.errors import BadQuestion
from query.answer import Result
from ranking.judgements import files
from ranking.judgements.judgement import BEST, GRADES, Agreement, Judgement, Topic, agreement
from web import access
from web.access import search_rate
from web.parameters import SearchParameters
from web.services import get_services
from web.view import Inputs, Page, Views
from web.views.events import topic_of
from web.views.search import to_request

VIEWS = Views("judging")
RATER = "rater"
NAME = re.compile(r"^[^\s\x00-\x1f\x7f](?:[^\x00-\x1f\x7f]{0,38}[^\s\x00-\x1f\x7f])?$")
TOP_RESULTS, DEPTH, DEPTH_STEP = 20, 60, 8  # judged: the first 20 results, then every 8th down to the 60th
MIMES = {"jsonl": "application/x-ndjson", "qrels": "text/plain", "quepid": "text/csv"}
EXPORTED: ResponseDict = {
    200: {"description": "The file", "content": {m: {"schema": {"type": "string"}} for m in MIMES.values()}}
}


class SheetParameters(SearchParameters):
    """A question, and who judges."""

    rater: str = Field("", max_length=40, description="By default the name that was given in the page.")


class JudgementBody(BaseModel):
    """A grade for a result."""

    topic: str = Field(max_length=64)
    document: str = Field(min_length=1, max_length=64)
    grade: int = Field(ge=0, le=BEST, description="0 unrelated, 1 hardly related, 2 related, 3 good, 4 perfect")
    rater: str = Field("", max_length=40)


class UndoBody(BaseModel):
    """A judgement to take back."""

    topic: str = Field(max_length=64)
    document: str = Field(min_length=1, max_length=64)
    rater: str = Field("", max_length=40)


class Undone(BaseModel):
    """The grade that holds now: the one given before, or none."""

    grade: int | None


class ExportParameters(BaseModel):
    """The format of the file."""

    format: Literal["jsonl", "qrels", "quepid", "topics"] = "jsonl"


class Judged(BaseModel):
    """A result to judge; nothing shows where a ranker placed it."""

    id: str
    title: str = ""
    width: int = 0
    height: int = 0
    grade: int | None = Field(None, description="The grade that this rater gave before")


class Sheet(BaseModel):
    """A question and the results to judge, in an order of this rater's own."""

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
    """All questions that were judged, and the agreement between raters."""

    topics: list[TopicRow]
    agreement: Agreement


def _ask_for_name(_: Inputs) -> BaseResponse | None:
    """Ask a browser once for the name of its rater."""
    if session.get(RATER):
        return None
    return Response(render_template("judge_name.html", asked=SearchParameters(), target=request.full_path))


@VIEWS.page("/judge", "judge.html", Page("sheet", before=_ask_for_name, context=lambda: {"grades": GRADES}), rate=search_rate)
def sheet(query: SheetParameters) -> Sheet:
    """Results to judge for a question, in blind order.

    The order is the same for a rater every time, and differs between raters.
    """
    who = _rater(query.rater)
    query = query.model_copy(update={"more": [], "less": []})  # the question itself is judged, not one that marks moved
    if query.is_empty:
        raise BadQuestion("judging begins with a question: words, a picture, or both")
    request = to_request(query).model_copy(update={"page": 1, "number": DEPTH, "no_cutoff": True})
    answer, kept = get_services().searcher.search(request), get_services().judgements
    topic = kept.add_topic(topic_of(answer, query), request.image)
    grades = {j.document: j.grade for j in kept.all(topic=topic.id, rater=who) if j.source == "person"}
    documents = [_judged(result, grades.get(result.id)) for result in blind(answer.results, f"{topic.id} {who}")]
    return Sheet(topic=topic, rater=who, documents=documents, done=sum(d.grade is not None for d in documents))


@VIEWS.json("PUT", "/judge")
def judge(body: JudgementBody) -> Judgement:
    """Keep a grade; it replaces an earlier one of the same rater."""
    topic = get_services().judgements.topic(body.topic)
    judgement = Judgement(topic=topic.id, document=body.document, grade=body.grade, rater=_rater(body.rater))
    get_services().judgements.judge([judgement])
    return judgement


@VIEWS.json("DELETE", "/judge")
def undo(body: UndoBody) -> Undone:
    """Take back the last grade of a result; the grade before it holds again."""
    before = get_services().judgements.undo(body.topic, body.document, _rater(body.rater))
    return Undone(grade=before.grade if before else None)


@VIEWS.pages.post("/judge/name")
def name() -> BaseResponse:
    """Remember who judges in this browser."""
    given = request.form.get("name", "").strip()
    if not NAME.match(given):
        raise BadQuestion("a rater has a name of 1 to 40 letters")
    session[RATER] = given
    session.permanent = True
    return redirect(access.safe_next(request.form.get("next", "/judgements")), HTTPStatus.SEE_OTHER)


@VIEWS.page("/judgements", "judgements.html", Page("overview"))
def judgements() -> JudgingOverview:
    """Questions that were judged, the most judged first, and the agreement between raters (Cohen's and Fleiss' kappa)."""
    kept = get_services().judgements
    given = list(kept.all())
    counts, raters = Counter(j.topic for j in given), {(j.topic, j.rater) for j in given if j.source == "person"}
    rows = [
        TopicRow(topic=t, judgements=counts[t.id], raters=sorted(name for topic, name in raters if topic == t.id))
        for t in kept.topics()
    ]
    return JudgingOverview(topics=sorted(rows, key=lambda row: -row.judgements), agreement=agreement(given))


@VIEWS.json("GET", "/judgements/export", responses=EXPORTED)
def export(query: ExportParameters) -> Response:
    """All judgements as a file: JSON Lines, TREC qrels, or Quepid's CSV; or the questions as JSON Lines."""
    kept = get_services().judgements
    if query.format == "topics":
        text, file = files.as_topics(kept.topics()), "topics.jsonl"
    else:
        given = sorted(kept.all(), key=lambda j: (j.topic, j.document, j.rater))
        text, file = files.as_text(query.format, kept.topics(), given)
    response = Response(text, mimetype=MIMES.get(query.format, "application/x-ndjson"))
    response.headers["Content-Disposition"] = f'attachment; filename="{file}"'
    return response


def blind(results: Sequence[Result], seed: str) -> list[Result]:
    """The first results and a few deeper ones, shuffled."""
    chosen = [*results[:TOP_RESULTS], *results[TOP_RESULTS:DEPTH:DEPTH_STEP]]
    random.Random(seed).shuffle(chosen)  # noqa: S311  (an order, no secret)
    return chosen


def _rater(named: str) -> str:
    """The rater's name in the request, else in the browser's session; BadQuestion where there is none."""
    who = named.strip() or str(session.get(RATER, ""))
    if not NAME.match(who):
        raise BadQuestion("say who judges (`rater`), in 1 to 40 letters")
    return who


def _judged(result: Result, grade: int | None) -> Judged:
    return Judged(id=result.id, title=result.title, width=result.width, height=result.height, grade=grade)
