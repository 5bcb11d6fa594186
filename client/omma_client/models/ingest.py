"""Answers of the section "Ingest" of Omma's HTTP API.

Written by `omma docs` from the server's models, and compared with them by a test: change those instead.
"""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel


class Failure(BaseModel):
    """One item that could not be used."""

    reference: str
    reason: str
    message: str = ""


class Progress(BaseModel):
    """How far a job is; done means that discovered = indexed + unchanged + quarantined."""

    id: str
    source: str
    collection: str
    # waiting, reading, running, done, failed or interrupted
    state: str
    discovered: int = 0
    indexed: int = 0
    unchanged: int = 0
    quarantined: int = 0
    # Pictures that models looked at
    extracted: int = 0
    # Files that are no pictures, or of a kind that the source leaves out
    skipped: int = 0
    # Items done per second
    rate: float = 0.0
    # Once the source is read to its end: before, nobody knows
    seconds_left: float | None = None
    # The latest
    failures: list[Failure] = []
    # Why the job failed, where it did
    message: str = ""
    # What keeps the job from going on, if anything does
    waiting_for: str = ""
    # When it goes on at the latest; none: until somebody acts
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
