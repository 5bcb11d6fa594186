"""JSON twins of signing in and out."""

from http import HTTPStatus

from flask import Response, session
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from flask_wtf.csrf import generate_csrf
from pydantic import BaseModel, Field

from web import auth
from web.api.problems import PROBLEMS
from web.api.reply import reply
from web.errors import answer_problem
from web.limits import limiter, sign_in_rate
from web.models import Session

SESSION_API = APIBlueprint("session_api", __name__, url_prefix="/api", abp_tags=[Tag(name="session")], abp_responses=PROBLEMS)


class TokenBody(BaseModel):
    """The token of this server."""

    token: str = Field(max_length=1000)


@SESSION_API.get("/sign-in", responses={200: Session})
def state() -> Response:
    """Whether the caller is known.
    Also the token that a browser's scripts send as `X-CSRFToken` with every changing request.
    """
    return reply(_state())


@SESSION_API.post("/sign-in", responses={200: Session})
@limiter.limit(sign_in_rate)
def open_session(body: TokenBody) -> Response:
    """Exchange the token for a cookie.
    Programs need no cookie: they send the token as `Authorization: Bearer`.
    """
    if auth.token_required() and not auth.sign_in(body.token.strip()):
        return answer_problem(HTTPStatus.UNAUTHORIZED, "This is not the token of this server.", "token")
    return reply(_state())


@SESSION_API.post("/sign-out", responses={200: Session})
def sign_out() -> Response:
    """Forget the cookie."""
    session.clear()
    return reply(_state())


def _state() -> Session:
    return Session(signed_in=auth.signed_in(), token_required=auth.token_required(), csrf_token=generate_csrf())
