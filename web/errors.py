"""Errors, as a page for people and as problem+json (RFC 9457) for programs."""

import logging
from http import HTTPStatus

from flask import Flask, Response, make_response, render_template, request
from flask_openapi3.types import ResponseDict
from pydantic import BaseModel, Field, ValidationError
from werkzeug.exceptions import HTTPException

from engine.errors import EngineUnavailable, OmmaError
from web.parameters import describe

logger = logging.getLogger(__name__)

HINTS = {
    HTTPStatus.BAD_REQUEST: "Change the question and try again.",
    HTTPStatus.UNAUTHORIZED: "Sign in with the token of this server.",
    HTTPStatus.FORBIDDEN: "Reload the page and try again.",
    HTTPStatus.NOT_FOUND: "It may have been deleted or expired. Pictures that you search with are kept only for a while.",
    HTTPStatus.CONFLICT: "The operator can bring the index up to date with: omma reindex",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "Send a smaller picture, or fewer at once.",
    HTTPStatus.TOO_MANY_REQUESTS: "Wait a moment, then try again.",
    HTTPStatus.INTERNAL_SERVER_ERROR: "The operator finds the cause with: omma logs",
    HTTPStatus.SERVICE_UNAVAILABLE: "A part of the server is starting or down. The operator sees which with: omma status",
}

_PROBLEM = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}

PROBLEMS: ResponseDict = {
    status: {"description": status.phrase, "content": _PROBLEM}
    for status in (
        HTTPStatus.BAD_REQUEST,
        HTTPStatus.UNAUTHORIZED,
        HTTPStatus.FORBIDDEN,
        HTTPStatus.NOT_FOUND,
        HTTPStatus.CONFLICT,
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.SERVICE_UNAVAILABLE,
    )
}


class Problem(BaseModel):
    """An error, as RFC 9457 describes it (`application/problem+json`)."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    reason: str = Field("", description="A short stable code, where the error has one")


def install(app: Flask) -> None:
    """Register handlers for errors of Omma, errors of HTTP, and unexpected errors."""
    app.register_error_handler(OmmaError, _omma_error)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(ValidationError, invalid_parameters)
    app.register_error_handler(Exception, _unexpected)


def answer_problem(status: int, detail: str, reason: str = "") -> Response:
    """The problem as JSON or as a page, whichever the caller prefers."""
    problem = Problem(title=HTTPStatus(status).phrase, status=status, detail=detail, reason=reason)
    if wants_json():
        body = problem.model_dump_json(exclude={"reason"} if not reason else None)
        response = Response(body, status, mimetype="application/problem+json")
    else:
        page = render_template("error.html", problem=problem, hint=HINTS.get(HTTPStatus(status), ""))
        response = make_response(page, status)
    response.headers["Cache-Control"] = "no-store"
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        response.headers["Retry-After"] = "5"
    return response


def wants_json() -> bool:
    """Whether the caller is a program: it uses the API, or prefers JSON over HTML."""
    if request.path.startswith(("/api", "/healthz", "/readyz", "/metrics")):
        return True
    accepted = request.accept_mimetypes
    return bool(accepted["application/json"] > accepted["text/html"])


def invalid_parameters(error: ValidationError) -> Response:
    """The answer to parameters that do not fit their model; flask-openapi3 calls it, too."""
    return answer_problem(HTTPStatus.BAD_REQUEST, describe(error), "invalid-parameters")


def _omma_error(error: OmmaError) -> Response:
    if error.status >= HTTPStatus.INTERNAL_SERVER_ERROR and not isinstance(error, EngineUnavailable):
        logger.error("failed: %s %s", request.method, request.path, exc_info=error)
    return answer_problem(error.status, str(error), getattr(error, "reason", ""))


def _http_error(error: HTTPException) -> Response:
    if error.code is None or error.code < HTTPStatus.BAD_REQUEST:  # redirects, and responses raised by abort()
        return make_response(error.get_response())
    if error.response is not None:
        return make_response(error.response)
    response = answer_problem(error.code, error.description or "")
    for name, value in error.get_headers():
        if name.lower() not in {"content-type", "content-length"}:
            response.headers[name] = value
    return response


def _unexpected(error: Exception) -> Response:
    """Log an unexpected error with its traceback; the answer reveals no internals."""
    logger.error("failed: %s %s", request.method, request.path, exc_info=error)
    return answer_problem(HTTPStatus.INTERNAL_SERVER_ERROR, "Something went wrong on the server.")
