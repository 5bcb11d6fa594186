"""How often one address may ask: counted in Redis for all processes, in memory while Redis is away."""

import time
from http import HTTPStatus

from flask import Flask, Response, current_app, request
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address

from engine.broker import redis_url, tls_options
from engine.settings import Settings

BATCH_ENDPOINTS = {"ingest.start_upload", "ingest_api.start_upload"}

limiter = Limiter(get_remote_address, default_limits=[lambda: current_app.config["OMMA_RATE"]])


def install(app: Flask, settings: Settings) -> None:
    """Count by the settings; static files and health are free."""
    app.config.update(
        OMMA_BATCH_BYTES=settings.upload_batch,
        OMMA_RATE=settings.rate_limit,
        OMMA_RATE_SEARCH=settings.rate_limit_search,
        OMMA_RATE_UPLOAD=settings.rate_limit_upload,
        OMMA_RATE_SIGN_IN=settings.rate_limit_sign_in,
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
    return str(current_app.config["OMMA_RATE_SEARCH"])


def upload_rate() -> str:
    """Pictures sent or fetched by one address."""
    return str(current_app.config["OMMA_RATE_UPLOAD"])


def sign_in_rate() -> str:
    """Tokens tried by one address."""
    return str(current_app.config["OMMA_RATE_SIGN_IN"])


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
