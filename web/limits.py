"""How often one address may ask: counted in Redis for all processes, in memory while Redis is away."""

import time
from http import HTTPStatus

from flask import Flask, Response, current_app, request
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address

from engine.broker import redis_url, tls_options
from engine.settings import Settings
from web import auth
from web.security import is_loopback

FORWARDED = ("Forwarded", "X-Forwarded-For", "X-Real-IP", "Via")  # a proxy stands between, whatever the settings say
BATCH_ENDPOINTS = {"ingest.start_upload", "ingest_api.start_upload"}

limiter = Limiter(get_remote_address, default_limits=[lambda: _rate("OMMA_RATE")])


def install(app: Flask, settings: Settings) -> None:
    """Count by the settings; static files and health are free."""
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
    app.config.setdefault("RATELIMIT_STORAGE_URI", redis_url(settings))
    app.config.setdefault("RATELIMIT_STORAGE_OPTIONS", tls_options(settings))
    limiter.init_app(app)
    app.before_request(_allow_batches)
    app.after_request(_say_when)


def search_rate() -> str:
    """Searches by one address."""
    return _rate("OMMA_RATE_SEARCH")


def upload_rate() -> str:
    """Pictures sent or fetched by one address."""
    return _rate("OMMA_RATE_UPLOAD")


def sign_in_rate() -> str:
    """Tokens tried by one address; the same for everybody, or a token could be guessed."""
    return str(current_app.config["OMMA_RATE_SIGN_IN"])


def is_owner() -> bool:
    """Whether the owner of this server asks: with the token, where there is one, else from this machine itself."""
    if auth.token_required():
        return auth.signed_in()
    return bool(current_app.config["OMMA_LOCAL"]) and _is_direct()


def _is_direct() -> bool:
    """Whether the request comes from the loopback, with no proxy on its way that names itself."""
    return is_loopback(request.remote_addr or "") and not any(name in request.headers for name in FORWARDED)


def _rate(name: str) -> str:
    """The rate of that name, multiplied for the owner."""
    amount, _, unit = str(current_app.config[name]).partition("/")
    return f"{int(amount) * (current_app.config['OMMA_RATE_OWNER'] if is_owner() else 1)}/{unit}"


def _allow_batches() -> None:
    """Adding many pictures at once may send more bytes than one question; before anything reads the form."""
    if request.endpoint in BATCH_ENDPOINTS:
        request.max_content_length = current_app.config["OMMA_BATCH_BYTES"]


def _say_when(response: Response) -> Response:
    """Whoever asked too often is told when to come back."""
    limit = limiter.current_limit
    if response.status_code == HTTPStatus.TOO_MANY_REQUESTS and limit:
        response.headers["Retry-After"] = str(max(1, round(limit.reset_at - time.time())))
    return response
