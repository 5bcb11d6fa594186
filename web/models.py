"""Answers that more than one part of the page or the command line reads."""

from pydantic import BaseModel, Field

from query.answer import Facet


class Sample(BaseModel):
    """A picture of the collection to begin with."""

    id: str
    title: str = ""
    width: int = 0
    height: int = 0


class Overview(BaseModel):
    """What there is to search: counts, and some pictures to begin with."""

    documents: int
    collections: list[Facet] = []
    categories: list[Facet] = []
    samples: list[Sample] = []


class Status(BaseModel):
    """How much there is and what waits; a figure whose server does not answer is empty."""

    documents: int | None
    quarantined: int | None
    missing: dict[str, int] | None = Field(description="Documents on which an extractor failed, by extractor")
    queues: dict[str, int] | None = Field(description="Batches that wait for a worker, by queue")
    left_out: list[str] = Field([], description="Parts of plugins that are broken or take no part, each with the reason")


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
    original: str = Field("", description="Id of the bytes in the store, where there are any")


class RefusedList(BaseModel):
    """What is in quarantine, latest first."""

    total: int
    page: int
    entries: list[Refused]
