"""Signing in and out with the token of the server."""

from flask import redirect, render_template, request, session, url_for
from flask_wtf.csrf import generate_csrf
from pydantic import BaseModel, Field
from werkzeug.wrappers import Response

from engine.errors import OmmaError
from web import access
from web.access import sign_in_rate
from web.view import Inputs, Page, Rendered, Views

VIEWS = Views("session")


class TokenBody(BaseModel):
    """The token of this server."""

    token: str = Field(max_length=1000)


class Session(BaseModel):
    """Whether the caller is signed in, and the token that a browser sends along with changing requests."""

    signed_in: bool
    token_required: bool
    csrf_token: str


class WrongToken(OmmaError):
    """The token is not this server's."""

    status = 401
    reason = "token"


def _target(_: object = None) -> str:
    """Where a browser goes after signing in; a place on this site."""
    return access.safe_next(request.values.get("next", "/"))


def _already_signed_in(_: Inputs) -> Response | None:
    return redirect(_target()) if access.signed_in() else None


def _wrong_token(error: OmmaError, _: Inputs) -> Rendered:
    return render_template("sign_in.html", target=_target(), problem=str(error)), error.status


@VIEWS.page("/sign-in", "sign_in.html", Page(before=_already_signed_in, context=lambda: {"target": _target()}))
def sign_in() -> Session:
    """Whether the caller is signed in.

    Also the token that a browser's scripts send as `X-CSRFToken` with every changing request.
    """
    return _state()


@VIEWS.action("/sign-in", _target, Page(catch=(WrongToken,), caught=_wrong_token), rate=sign_in_rate)
def open_session(body: TokenBody) -> Session:
    """Exchange the token for a signed cookie.

    Programs need no cookie: they send the token as `Authorization: Bearer`.
    """
    if access.token_required() and not access.sign_in(body.token.strip()):
        raise WrongToken("This is not the token of this server.")
    return _state()


@VIEWS.action("/sign-out", lambda _: url_for("search.home"))
def sign_out() -> Session:
    """Delete the cookie."""
    session.clear()
    return _state()


def _state() -> Session:
    return Session(signed_in=access.signed_in(), token_required=access.token_required(), csrf_token=generate_csrf())
