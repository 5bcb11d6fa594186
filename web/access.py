"""Who may use the page, and how often: the token, and rate limits by address."""

import hmac
import time
from http import HTTPStatus
from urllib.parse import urlsplit

from flask import Flask, Response, current_app, redirect, request, session, url_for
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from werkzeug.wrappers import Response as BaseResponse

from engine.connections import tls_options
from engine.settings import Settings
from web.errors import answer_problem, wants_json
from web.security import check_csrf, is_loopback

# Answered without the token.
OPEN_ENDPOINTS = {
    "health.healthz",
    "session.sign_in",
    "session.open_session",
    "session_api.open_session",
    "static",
}
BATCH_ENDPOINTS = {"ingest.start_upload", "ingest_api.start_upload"}  # take many pictures at once
PROXY_HEADERS = ("Forwarded", "X-Forwarded-For", "X-Real-IP", "Via")  # of any proxy, also one that the settings do not name

limiter = Limiter(get_remote_address, default_limits=[lambda: _rate("OMMA_RATE")])


def require_token(app: Flask, settings: Settings) -> None:
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
    """Open a session if the token is right; return whether it is."""
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
        return _demand_token()
    if not has_bearer():
        check_csrf()
    return None


def _demand_token() -> BaseResponse:
    if request.method != "GET" or wants_json():
        response = answer_problem(HTTPStatus.UNAUTHORIZED, "This server requires its token.", "token")
        response.headers["WWW-Authenticate"] = 'Bearer realm="Omma"'
        return response
    return redirect(url_for("session.sign_in", next=_current_target()), HTTPStatus.SEE_OTHER)


def _current_target() -> str:
    query = request.query_string.decode("ascii", "replace")
    return f"{request.path}?{query}" if query else request.path


def limit_rates(app: Flask, settings: Settings) -> None:
    """Install the limits of the settings; static files and health are not counted."""
    app.config.update(
        OMMA_BATCH_BYTES=settings.upload_batch,
        OMMA_RATE=settings.rate_limit,
        OMMA_RATE_SEARCH=settings.rate_limit_search,
        OMMA_RATE_UPLOAD=settings.rate_limit_upload,
        OMMA_RATE_SIGN_IN=settings.rate_limit_sign_in,
        OMMA_RATE_OWNER=settings.rate_limit_owner,
        OMMA_LOCAL=is_loopback(settings.web_host) and not settings.web_proxies,
        RATELIMIT_KEY_PREFIX=settings.index_prefix,
        RATELIMIT_IN_MEMORY_FALLBACK_ENABLED=True,
    )
    app.config.setdefault("RATELIMIT_STORAGE_URI", settings.redis_address)
    app.config.setdefault("RATELIMIT_STORAGE_OPTIONS", tls_options(settings))
    limiter.init_app(app)
    app.before_request(_allow_batches)
    app.after_request(_add_retry_after)


def search_rate() -> str:
    """The limit of searches for one address."""
    return _rate("OMMA_RATE_SEARCH")


def upload_rate() -> str:
    """The limit of pictures sent or fetched for one address."""
    return _rate("OMMA_RATE_UPLOAD")


def sign_in_rate() -> str:
    """The limit of tokens tried by one address; not raised for the owner, or a token could be guessed."""
    return str(current_app.config["OMMA_RATE_SIGN_IN"])


def is_owner() -> bool:
    """Whether the request is the owner's: it carries the token or, where none is required, comes from this machine itself."""
    if token_required():
        return signed_in()
    return bool(current_app.config["OMMA_LOCAL"]) and _is_direct()


def _is_direct() -> bool:
    """Whether the request comes from the loopback, and no proxy added a header of its own."""
    return is_loopback(request.remote_addr or "") and not any(name in request.headers for name in PROXY_HEADERS)


def _rate(name: str) -> str:
    """The rate of that name, multiplied for the owner."""
    amount, _, unit = str(current_app.config[name]).partition("/")
    return f"{int(amount) * (current_app.config['OMMA_RATE_OWNER'] if is_owner() else 1)}/{unit}"


def _allow_batches() -> None:
    """Raise the size limit for requests that add many pictures; runs before anything reads the form."""
    if request.endpoint in BATCH_ENDPOINTS:
        request.max_content_length = current_app.config["OMMA_BATCH_BYTES"]


def _add_retry_after(response: Response) -> Response:
    """Add Retry-After to an answer that refuses a request for its rate."""
    limit = limiter.current_limit
    if response.status_code == HTTPStatus.TOO_MANY_REQUESTS and limit:
        response.headers["Retry-After"] = str(max(1, round(limit.reset_at - time.time())))
    return response
