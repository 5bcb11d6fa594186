"""The form by which visitors agree to logging, or take it back."""

from http import HTTPStatus

from flask import Blueprint, redirect, request
from werkzeug.wrappers import Response

from web import auth
from web.api.events import decide

CONSENT = Blueprint("consent", __name__)


@CONSENT.post("/consent")
def consent() -> Response:
    """Keep the decision, and go back to where it was made."""
    decide(agreed=request.form.get("agree") == "yes")
    return redirect(auth.safe_next(request.form.get("next", "/")), HTTPStatus.SEE_OTHER)
