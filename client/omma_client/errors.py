"""Every error that the client raises.

OmmaError
├── ConnectionFailed     the server cannot be reached, or broke off
├── UnexpectedAnswer     the answer is not what this version of the client knows; update one of the two
├── JobFailed            the job ended without reading its source to the end
├── JobTimeout           the job did not end in the given time; it goes on
└── Problem              the server refused (RFC 9457): `status`, `detail`, and a short stable `reason` where there is one
    ├── BadRequest       400, 413, 415, 422: a parameter or a picture cannot be used
    ├── Unauthorized     401, 403: the token is missing or wrong
    ├── NotFound         404: no such picture, job or entry
    ├── Conflict         409: the index was made by other models; the operator runs `omma reindex`
    ├── TooManyRequests  429: `retry_after` seconds until the next request may succeed
    └── Unavailable      503: a part of the server is starting or down; `retry_after` as above
"""

from collections.abc import Mapping

import httpx


class OmmaError(Exception):
    """The root of the tree."""


class ConnectionFailed(OmmaError):
    """The server cannot be reached, or broke off."""


class UnexpectedAnswer(OmmaError):
    """The answer is not what this version of the client knows."""


class JobFailed(OmmaError):
    """The job ended without reading its source to the end; the message is the server's."""


class JobTimeout(OmmaError):
    """The job did not end in the given time; it goes on."""


class Problem(OmmaError):
    """The server refused the request."""

    def __init__(self, status: int, detail: str, reason: str = "", retry_after: float | None = None) -> None:
        """`reason` is a short stable code, or empty; `retry_after` is in seconds."""
        super().__init__(detail)
        self.status, self.detail, self.reason, self.retry_after = status, detail, reason, retry_after


class BadRequest(Problem):
    """A parameter or a picture cannot be used."""


class Unauthorized(Problem):
    """The token is missing or wrong."""


class NotFound(Problem):
    """No such picture, job or entry."""


class Conflict(Problem):
    """The index was made by other models."""


class TooManyRequests(Problem):
    """Too many requests in a time."""


class Unavailable(Problem):
    """A part of the server is starting or down."""


BY_STATUS: Mapping[int, type[Problem]] = {
    400: BadRequest,
    401: Unauthorized,
    403: Unauthorized,
    404: NotFound,
    409: Conflict,
    413: BadRequest,
    415: BadRequest,
    422: BadRequest,
    429: TooManyRequests,
    503: Unavailable,
}


def problem(response: httpx.Response) -> Problem:
    """The error that a response reports."""
    try:
        body = response.json()
    except ValueError:
        body = {}
    body = body if isinstance(body, dict) else {}
    detail = str(body.get("detail") or f"the server answered {response.status_code} {response.reason_phrase}")
    after = response.headers.get("Retry-After", "")
    kind = BY_STATUS.get(response.status_code, Problem)
    return kind(response.status_code, detail, str(body.get("reason", "")), float(after) if after.isdecimal() else None)
