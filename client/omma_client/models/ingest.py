"""Answers of the section "Ingest" of Omma's HTTP API.

Written by `omma docs` from the server's models, and compared with them by a test: change those instead.
"""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel


class Failure(BaseModel):
    """One item that could not be indexed."""

    reference: str
    reason: str
    message: str = ""


class Omission(BaseModel):
    """What was left out, how often, and the first few by name."""

    # What was left out, in words
    what: str
    # How many of them
    number: int = 0
    # The first few, by name
    examples: list[str] = []


class Progress(BaseModel):
    """Progress of a job; done means that discovered = indexed + unchanged + quarantined."""

    id: str
    source: str
    collection: str
    # waiting, reading, running, done, failed or interrupted
    state: str
    discovered: int = 0
    indexed: int = 0
    unchanged: int = 0
    quarantined: int = 0
    # Images that models processed
    extracted: int = 0
    # Files that are not images, or that the source skips
    skipped: int = 0
    # Files that were skipped, and values that were not understood
    left_out: list[Omission] = []
    # Items done per second
    rate: float = 0.0
    # Known once the whole source is read
    seconds_left: float | None = None
    # The latest
    failures: list[Failure] = []
    # Places in the index that the source no longer has
    withdrawn: int = 0
    # Why the job failed, or empty
    message: str = ""
    # What the job waits for, or empty
    waiting_for: str = ""
    # When it continues at the latest; null: until somebody acts
    waiting_until: datetime | None = None
    started: datetime
    ended: datetime | None = None


class IngestOptions(BaseModel):
    """Sources that the page can ingest, and all jobs, latest first."""

    demo: bool
    roots: list[str]
    # What can lie under the roots
    accepted: list[str] = []
    jobs: list[Progress]


class Started(BaseModel):
    """An ingest that has begun."""

    # Its id
    job: str
