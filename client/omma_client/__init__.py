"""A typed Python client of Omma's HTTP API."""

from omma_client.client import Client
from omma_client.errors import (
    BadRequest,
    Conflict,
    ConnectionFailed,
    JobFailed,
    JobTimeout,
    NotFound,
    OmmaError,
    Problem,
    TooManyRequests,
    Unauthorized,
    Unavailable,
    UnexpectedAnswer,
)
from omma_client.job import Job

__all__ = [
    "BadRequest",
    "Client",
    "Conflict",
    "ConnectionFailed",
    "Job",
    "JobFailed",
    "JobTimeout",
    "NotFound",
    "OmmaError",
    "Problem",
    "TooManyRequests",
    "Unauthorized",
    "Unavailable",
    "UnexpectedAnswer",
]
