"""The interface between the views and the other rooms: one object, which tests assemble from doubles."""

import logging
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import IO, Protocol

from flask import Flask, current_app
from pydantic import BaseModel, Field

from answers.answering import Asking
from answers.camera.frame import CameraFrame, Mode
from answers.entities import Identification
from answers.entities.entity import Entity
from answers.tag import Tags
from engine.settings import Settings
from ingest.jobs import Progress
from ingest.withdrawal import Missing
from query.answer import Answer, AnswerPart, Facet, PictureRows, ResultComparison
from query.archive import Archive
from query.document import DocumentView
from query.request import SearchRequest
from ranking.clicks.log import Log
from ranking.judgements.judgement import Judgement, SourceName, Topic
from web.uploads import Uploads

logger = logging.getLogger(__name__)


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
    ranking: dict[str, str] = Field(
        {}, description="What orders and cuts results: `order`, `cutoff` and `adapted` of the status"
    )


class Status(BaseModel):
    """How much there is and what waits; a figure whose server does not answer is empty."""

    documents: int | None
    quarantined: int | None
    missing: dict[str, int] | None = Field(description="Documents on which an extractor failed, by extractor")
    queues: dict[str, int] | None = Field(description="Batches that wait for a worker, by queue")
    left_out: list[str] = Field([], description="Parts of plugins that are broken or take no part, each with the reason")
    order: str | None = Field(None, description="What orders results, and why")
    cutoff: str | None = Field(None, description="By what results are cut")
    adapted: str | None = Field(None, description="When Omma adapted to the collection, and with what outcome")


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


class WarmUp:
    """Loads models once, in a thread, so that the first request does not wait; `problem` is empty once they are loaded."""

    def __init__(self, warm_up: Callable[[], None]) -> None:
        """`warm_up` blocks until everything is loaded, and may raise."""
        self._warm_up = warm_up
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self.problem = "models are loading"

    def start(self) -> None:
        """Start loading, unless it runs or is done; after a failure, start again."""
        with self._lock:
            if not self.problem or (self._thread and self._thread.is_alive()):
                return
            self._thread = threading.Thread(target=self._run, name="warm-up", daemon=True)
            self._thread.start()

    def wait(self, seconds: float) -> bool:
        """Wait for the running warm-up, at most so many seconds; return whether the models are loaded."""
        if self._thread:
            self._thread.join(seconds)
        return not self.problem

    def _run(self) -> None:
        try:
            self._warm_up()
        except Exception as error:  # whatever it is, /readyz reports it and the next check tries again
            logger.exception("warm-up failed")
            self.problem = f"warm-up failed: {error}"
        else:
            self.problem = ""


class CanSearch(Protocol):
    """query.search.Searcher."""

    def search(self, request: SearchRequest) -> Answer:
        """Answer a question."""

    def everything(self, request: SearchRequest) -> PictureRows:
        """Results for the whole picture and for each object in it."""

    def archive(self, request: SearchRequest) -> Archive:
        """Where and when the pictures that meet the filters were taken."""

    def compare(self, request: SearchRequest, one: str, other: str) -> ResultComparison:
        """Why one of two results is above the other; NotFoundError."""

    def warm_up(self) -> None:
        """Load everything that the first question needs."""


class CanSee(Protocol):
    """answers.camera.camera.Camera."""

    def warm_up(self) -> None:
        """Begin to load what the first frame needs, and return at once."""

    def see(self, data: bytes, session_id: str, mode: Mode) -> CameraFrame:
        """What a frame shows; BadPicture."""


class CanAnswer(Protocol):
    """answers.answering.Answering."""

    def begin(self, request: SearchRequest, asking: Asking) -> Answer:
        """The answer with the parts that are made at once, and the names of the others."""

    def ask(self, request: SearchRequest, asking: Asking) -> Answer:
        """The answer with every part."""

    def waiting(self, query_id: str, request: SearchRequest, asking: Asking) -> Iterator[AnswerPart]:
        """The parts that take longer, of an answer that was begun."""


class CanStore(Protocol):
    """engine.store.Store, as far as pages read it."""

    def original(self, document_id: str) -> bytes:
        """The bytes as they came; NotFoundError."""

    def thumbnail(self, document_id: str) -> bytes:
        """WebP; NotFoundError."""


class CanIngest(Protocol):
    """Jobs and quarantine; web.wiring.Ingesting."""

    def start(self, spec: str, collection: str, missing: Missing) -> str:
        """Begin to ingest a source; the job's id."""

    def start_uploads(self, pictures: Mapping[str, IO[bytes]], collection: str) -> str:
        """Begin to ingest pictures sent by name; the job's id."""

    def jobs(self) -> list[Progress]:
        """All jobs, latest first."""

    def progress(self, job_id: str) -> Progress:
        """How far one job is; NotFoundError."""

    def refused(self, page: int, number: int, collection: str = "", reason: str = "") -> RefusedList:
        """A page of the quarantine, latest first, of that collection and reason."""

    def refused_entry(self, entry_id: str) -> Refused:
        """One entry of the quarantine; NotFoundError."""

    def retry(self, entries: Sequence[str]) -> int:
        """Try these entries again; return the number of those that exist."""

    def drop(self, entries: Sequence[str]) -> int:
        """Delete these entries; return the number of those that existed."""


class CanJudge(Protocol):
    """ranking.judgements.store.Judgements."""

    def add_topic(self, topic: Topic, picture: bytes | None = None) -> Topic:
        """Keep a question; return it with its id."""

    def topic(self, name: str) -> Topic:
        """The question of that id; NotFoundError."""

    def topics(self) -> list[Topic]:
        """All questions."""

    def judge(self, judgements: Iterable[Judgement]) -> int:
        """Keep judgements; return their number."""

    def undo(self, topic: str, document: str, rater: str, source: SourceName = "person") -> Judgement | None:
        """Take back the last judgement; return the one before it, which holds again; NotFoundError."""

    def all(self, **terms: str) -> Iterator[Judgement]:
        """Every judgement with these fields."""


class CanIdentify(Protocol):
    """What a question shows, and the judgements of visitors about it; web.wiring.Identifying."""

    @property
    def judgements(self) -> CanJudge:
        """Judgements whose documents are entities."""

    def identify(self, request: SearchRequest, language: str) -> Identification:
        """The entity that the question shows."""

    def entity(self, name: str) -> Entity:
        """The entity of an id; NotFoundError where there is none, or no longer."""


@dataclass(frozen=True)
class Services:
    """Everything that routes call. `checks` raise when a thing is not ready; `gauges` are read at each scrape."""

    settings: Settings
    searcher: CanSearch
    camera: CanSee
    answering: CanAnswer
    store: CanStore
    ingest: CanIngest
    judgements: CanJudge
    uploads: Uploads
    show: Callable[[str], DocumentView]
    entities: CanIdentify
    overview: Callable[[], Overview]
    status: Callable[[], Status]
    warm_up_state: WarmUp
    checks: Mapping[str, Callable[[], object]] = field(default_factory=dict)
    gauges: Callable[[], Mapping[tuple[str, str], float]] = dict
    tags: Callable[[SearchRequest, Sequence[str]], Tags] = lambda request, languages: Tags()  # of a picture, in languages
    full_id: Callable[[str], str] = str  # the id that begins with these letters; NotFoundError
    log: Log | None = None  # where searches and clicks go; None: nowhere
    forget: Callable[[str], int] = lambda _: 0  # delete everything logged for a visitor; the number of records


def get_services() -> Services:
    """The services of the application that answers this request."""
    return services_of(current_app)


def services_of(app: Flask) -> Services:
    """The services that `create_app` gave to the application."""
    services = app.extensions["omma"]
    assert isinstance(services, Services)
    return services
