"""Quarantine: pictures that could not be used, with reasons; try them again, or drop them."""

from typing import Any

from flask import url_for
from pydantic import BaseModel, Field

from web.services import RefusedList, get_services
from web.view import Page, Views

VIEWS = Views("quarantine")


class QuarantineQuery(BaseModel):
    """A page of the quarantine."""

    page: int = Field(1, ge=1, le=10_000)
    number: int = Field(48, ge=1, le=1000, description="Entries on a page.")
    collection: str = Field("", max_length=200, description="Only entries of this collection.")
    reason: str = Field("", max_length=100, description="Only entries with this reason, such as `truncated`.")


class EntriesBody(BaseModel):
    """Names entries of the quarantine."""

    entries: list[str] = Field([], max_length=1000, description="Ids of entries.")


class Counted(BaseModel):
    """How many entries were changed."""

    count: int


def _list(_: Any) -> str:
    return url_for("quarantine.quarantine")


@VIEWS.page("/quarantine", "quarantine.html", Page(variable="refused"))
def quarantine(query: QuarantineQuery) -> RefusedList:
    """Pictures that could not be used, with reasons, latest first."""
    return get_services().ingest.refused(query.page, query.number, query.collection, query.reason)


@VIEWS.action("/quarantine/retry", _list)
def retry(body: EntriesBody) -> Counted:
    """Try these entries again."""
    return Counted(count=get_services().ingest.retry(body.entries))


@VIEWS.action("/quarantine/drop", _list)
def drop(body: EntriesBody) -> Counted:
    """Delete these entries."""
    return Counted(count=get_services().ingest.drop(body.entries))
