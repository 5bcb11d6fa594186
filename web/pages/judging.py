"""Judging results, and what was judged."""

from http import HTTPStatus

from flask import Blueprint, redirect, render_template, request
from werkzeug.wrappers import Response

from ranking.judgements.judgement import GRADES
from web import auth, judging
from web.limits import limiter, search_rate
from web.parameters import SearchParameters, read_parameters

JUDGING = Blueprint("judging", __name__)


@JUDGING.get("/judge")
@limiter.limit(search_rate)
def judge() -> str:
    """A question beside its results, in blind order; first of all, who judges."""
    asked = read_parameters(request.args, request.args.getlist("filter"))
    if not judging.rater():
        return render_template("judge_name.html", asked=SearchParameters(), target=request.full_path)
    sheet = judging.sheet(asked, judging.rater())
    return render_template("judge.html", asked=asked, sheet=sheet, grades=GRADES)


@JUDGING.post("/judge/name")
def name() -> Response:
    """Remember who judges."""
    judging.name_rater(request.form.get("name", ""))
    return redirect(auth.safe_next(request.form.get("next", "/judgements")), HTTPStatus.SEE_OTHER)


@JUDGING.get("/judgements")
def judgements() -> str:
    """Questions that were judged, how far people agree, and files to take away."""
    return render_template("judgements.html", asked=SearchParameters(), overview=judging.overview(), rater=judging.rater())
