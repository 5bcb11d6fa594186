"""JSON twins of judging."""

from typing import Literal

from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from flask_openapi3.types import ResponseDict
from pydantic import BaseModel, Field

from engine.errors import BadQuestion
from ranking.judgements import files
from ranking.judgements.judgement import BEST, Judgement
from web import judging
from web.api.problems import PROBLEMS
from web.api.reply import reply
from web.judging import JudgingOverview, Sheet
from web.limits import limiter, search_rate
from web.parameters import SearchParameters
from web.services import get_services

JUDGING_API = APIBlueprint("judging_api", __name__, url_prefix="/api", abp_tags=[Tag(name="judging")], abp_responses=PROBLEMS)
MIMES = {"jsonl": "application/x-ndjson", "qrels": "text/plain", "quepid": "text/csv"}
EXPORTED: ResponseDict = {
    200: {"description": "The file", "content": {m: {"schema": {"type": "string"}} for m in MIMES.values()}}
}


class SheetParameters(SearchParameters):
    """A question, and who judges."""

    rater: str = Field("", max_length=40, description="By default the name that was given in the page.")


class JudgementBody(BaseModel):
    """What somebody thinks of a result."""

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
    """What holds now: the grade given before, or none."""

    grade: int | None


class ExportParameters(BaseModel):
    """Which file."""

    format: Literal["jsonl", "qrels", "quepid", "topics"] = "jsonl"


@JUDGING_API.get("/judge", responses={200: Sheet})
@limiter.limit(search_rate)
def sheet(query: SheetParameters) -> Response:
    """Results to judge for a question, in blind order."""
    return reply(judging.sheet(query, _rater(query.rater)))


@JUDGING_API.put("/judge", responses={200: Judgement})
def judge(body: JudgementBody) -> Response:
    """Keep a grade; a later one of the same rater takes its place."""
    return reply(judging.judge(body.topic, body.document, body.grade, _rater(body.rater)))


@JUDGING_API.delete("/judge", responses={200: Undone})
def undo(body: UndoBody) -> Response:
    """Take back the last grade of a result: what was said before it holds again."""
    before = get_services().judgements.undo(body.topic, body.document, _rater(body.rater))
    return reply(Undone(grade=before.grade if before else None))


@JUDGING_API.get("/judgements", responses={200: JudgingOverview})
def judgements() -> Response:
    """Questions that were judged, and how far people agree (Cohen's and Fleiss' kappa)."""
    return reply(judging.overview())


@JUDGING_API.get("/judgements/export", responses=EXPORTED)
def export(query: ExportParameters) -> Response:
    """All judgements as a file: JSON Lines, TREC qrels, or Quepid's CSV; or the questions as JSON Lines."""
    kept = get_services().judgements
    if query.format == "topics":
        text, name = files.as_topics(kept.topics()), "topics.jsonl"
    else:
        said = sorted(kept.all(), key=lambda j: (j.topic, j.document, j.rater))
        text, name = files.as_text(query.format, kept.topics(), said)
    response = Response(text, mimetype=MIMES.get(query.format, "application/x-ndjson"))
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _rater(named: str) -> str:
    """BadQuestion where nobody said who judges."""
    who = named.strip() or judging.rater()
    if not judging.NAME.match(who):
        raise BadQuestion("say who judges (`rater`), in 1 to 40 letters")
    return who
