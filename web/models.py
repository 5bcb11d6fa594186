"""What the page adds to the JSON of the other rooms."""

from pydantic import BaseModel, Field

from ingest.jobs import Progress
from query.answer import Facet


class Problem(BaseModel):
    """An error, as RFC 9457 describes it (`application/problem+json`)."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    reason: str = Field("", description="A short stable code, where the error has one")


class Sample(BaseModel):
    """A picture of the collection to begin with."""

    id: str
    title: str = ""
    width: int = 0
    height: int = 0


class Overview(BaseModel):
    """What there is to search."""

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


class KeptPicture(BaseModel):
    """A picture that can be asked with by its id until its time is over."""

    picture: str = Field(description="sha256; the `picture` parameter of a search")
    width: int
    height: int
    format: str
    seconds: int = Field(description="How long it is kept after its last use")


class IngestOptions(BaseModel):
    """What the page can ingest from, and the jobs so far, latest first."""

    demo: bool
    roots: list[str]
    jobs: list[Progress]


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


class Started(BaseModel):
    """An ingest that has begun."""

    job: str


class Counted(BaseModel):
    """How many entries something was done with."""

    count: int


class Session(BaseModel):
    """Whether the caller is known, and the token that forms and scripts of a browser send along."""

    signed_in: bool
    token_required: bool
    csrf_token: str


class Health(BaseModel):
    """Whether the process answers, and each thing it needs: `ok`, or what is wrong."""

    status: str
    checks: dict[str, str] = {}
