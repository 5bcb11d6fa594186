"""Signing in with the token of the server, for people with a browser."""

from http import HTTPStatus

from flask import Blueprint, redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response

from web import auth
from web.limits import limiter, sign_in_rate

SESSION = Blueprint("session", __name__)


@SESSION.get("/sign-in")
def sign_in() -> str | Response:
    """Ask for the token."""
    target = auth.safe_next(request.args.get("next", "/"))
    if auth.signed_in():
        return redirect(target)
    return render_template("sign_in.html", target=target)


@SESSION.post("/sign-in")
@limiter.limit(sign_in_rate)
def open_session() -> Response | tuple[str, int]:
    """Check the token; the browser then carries a signed cookie, never the token itself."""
    target = auth.safe_next(request.form.get("next", "/"))
    if not auth.token_required() or auth.sign_in(request.form.get("token", "").strip()):
        return redirect(target, HTTPStatus.SEE_OTHER)
    page = render_template("sign_in.html", target=target, problem="This is not the token of this server.")
    return page, HTTPStatus.UNAUTHORIZED


@SESSION.post("/sign-out")
def sign_out() -> Response:
    """Forget the browser."""
    session.clear()
    return redirect(url_for("search.home"), HTTPStatus.SEE_OTHER)
