"""Answers of the section "Quarantine" of Omma's HTTP API.

Written by `omma docs` from the server's models, and compared with them by a test: change those instead.
"""

from __future__ import annotations

from pydantic import BaseModel


class Counted(BaseModel):
    """How many entries were changed."""

    count: int


class Refused(BaseModel):
    """A picture that could not be used."""

    id: str
    source: str = ""
    reference: str = ""
    collection: str = ""
    reason: str
    message: str = ""
    time: str = ""
    job: str = ""
    # Id of the bytes in the store, where there are any
    original: str = ""


class RefusedList(BaseModel):
    """What is in quarantine, latest first."""

    total: int
    page: int
    entries: list[Refused]
