"""Authentication: everybody may use the page on the loopback; elsewhere, the token is required."""

import hmac
from http import HTTPStatus
from urllib.parse import urlsplit

from flask import Flask, current_app, redirect, request, session, url_for
from werkzeug.wrappers import Response as BaseResponse

from engine.settings import Settings
from web.errors import answer_problem, wants_json
from web.security import check_csrf

OPEN_ENDPOINTS = {
    "health.healthz",
    "session.sign_in",
    "session.open_session",
    "session_api.open_session",
    "static",
}


def install(app: Flask, settings: Settings) -> None:
    """Check every request: authentication first, then CSRF."""
    app.config["OMMA_TOKEN"] = settings.api_token.get_secret_value()
    app.before_request(_check)


def token_required() -> bool:
    """Whether this server requires a token."""
    return bool(current_app.config["OMMA_TOKEN"])


def is_token(candidate: str) -> bool:
    """Compare with the token in constant time."""
    return token_required() and hmac.compare_digest(
        candidate.encode("utf-8", "surrogatepass"), current_app.config["OMMA_TOKEN"].encode()
    )


def signed_in() -> bool:
    """Whether this request is authenticated by header or cookie, or no token is required."""
    return not token_required() or has_bearer() or session.get("signed_in") is True


def has_bearer() -> bool:
    """Whether the request carries the token in its `Authorization` header."""
    authorization = request.authorization
    if authorization is None or authorization.type != "bearer":
        return False
    return is_token(authorization.token or "")


def sign_in(candidate: str) -> bool:
    """Open a session if the token is right; whether it was."""
    if not is_token(candidate):
        return False
    session.clear()
    session["signed_in"] = True
    session.permanent = True
    return True


def safe_next(target: str) -> str:
    """The target if it is on this site; the front page otherwise."""
    parts = urlsplit(target)
    local = target.startswith("/") and not target.startswith(("//", "/\\")) and not parts.netloc
    return target if local and "\n" not in target and "\r" not in target else "/"


def _check() -> BaseResponse | None:
    if request.endpoint not in OPEN_ENDPOINTS and not signed_in():
        return _ask_to_sign_in()
    if not has_bearer():
        check_csrf()
    return None


def _ask_to_sign_in() -> BaseResponse:
    if request.method != "GET" or wants_json():
        response = answer_problem(HTTPStatus.UNAUTHORIZED, "This server requires its token.", "token")
        response.headers["WWW-Authenticate"] = 'Bearer realm="Omma"'
        return response
    return redirect(url_for("session.sign_in", next=_here()), HTTPStatus.SEE_OTHER)


def _here() -> str:
    query = request.query_string.decode("ascii", "replace")
    return f"{request.path}?{query}" if query else request.path
