"""The services of the page, connected to the other rooms: search, ingest, judgements, the state of the servers."""

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial
from typing import IO, Any

from opensearchpy import OpenSearch
from opensearchpy.exceptions import NotFoundError as MissingError
from redis.exceptions import RedisError

from answers.answering import Answering
from answers.camera.camera import Camera
from answers.entities import Identification, identify
from answers.entities.entity import Entity
from answers.entities.store import Entities
from answers.tags import tags_for
from engine.connections import Context, guard
from engine.errors import EngineUnavailable, OmmaError
from engine.settings import Settings
from ingest.delete import drop_entries
from ingest.jobs import Progress
from ingest.quarantine import Entry
from ingest.withdrawal import Missing
from mappings.versions import alias, count
from query.answer import Facet
from query.document import show
from query.engine_calls import Calls, full_id
from query.request import SearchRequest
from query.search import Searcher
from ranking.clicks.log import Log
from ranking.clicks.ubi import Behaviour
from ranking.judgements.store import ABOUT_ENTITIES, Judgements
from vision.feature_extractor import get_feature_extractor
from web.services import Overview, Refused, RefusedList, Sample, Services, Status, WarmUp
from web.uploads import Uploads
from workers.dispatch import Dispatcher
from workers.overview import FIGURES

LISTED_JOBS = 50
NOTHING_INDEXED = "nothing is identified: nothing is indexed yet (`omma ingest`)"
SAMPLES = 24
FACET_VALUES = 30
SAMPLES_CHANGE_SECONDS = 600  # the front page shows the same pictures for that long: going back to it finds them again
RANKING = ("order", "cutoff", "adapted")  # figures of the status that the front page shows, too
HEALTH_TIMEOUT = 2  # seconds after which a server counts as not ready


def open_services(settings: Settings) -> Services:
    """The services over one context; each server is connected to when it is first used."""
    context = Context(settings)
    client, behaviour = context.client, Behaviour(context.client, settings)
    searcher, ingest, judgements = Searcher(context), Ingesting(context), Judgements(client, settings)
    entities, answering = Identifying(context, searcher), Answering(context, searcher)
    return Services(
        settings=settings,
        searcher=searcher,
        camera=Camera(context),
        answering=answering,
        store=context.store,
        ingest=ingest,
        judgements=judgements,
        uploads=Uploads(settings),
        show=lambda document: show(context, full_id(client, settings, document)),
        entities=entities,
        overview=partial(overview, context),
        status=partial(status, context),
        tags=partial(tags_for, searcher),
        full_id=partial(full_id, client, settings),
        warm_up_state=WarmUp(answering.warm_up),
        checks={"opensearch": partial(_check_engine, client), "redis": context.redis.ping},
        log=Log(behaviour),
        forget=lambda visitor: sum(
            forget(visitor) for forget in (behaviour.forget_client, judgements.forget_marks, entities.judgements.forget_marks)
        ),
        gauges=partial(_gauges, client, settings, ingest),
    )


def _check_engine(client: OpenSearch) -> None:
    with guard():
        client.cluster.health(params={"request_timeout": HEALTH_TIMEOUT})


def _gauges(client: OpenSearch, settings: Settings, ingest: "Ingesting") -> Mapping[tuple[str, str], float]:
    """Values of web.metrics.GAUGE_LABELS by metric name and label value."""
    states = Counter(job.state for job in ingest.jobs())
    queues = ingest.queue_lengths()
    return {
        ("omma_documents", ""): float(count(client, alias(settings))),
        ("omma_quarantined", ""): ingest.refused(1, 1).total,
        **{("omma_queue_length", name): float(length) for name, length in queues.items()},
        **{("omma_jobs", state): float(number) for state, number in states.items()},
    }


def overview(context: Context) -> Overview:
    """Counts, facets and samples, by one request; an index that does not exist counts as empty. EngineUnavailable."""
    client, settings = context.client, context.settings
    try:
        with guard():
            answer = client.search(index=alias(settings), body=_overview_body(int(time.time() // SAMPLES_CHANGE_SECONDS)))
    except MissingError:
        return Overview(documents=0)
    hits, found = answer["hits"], answer["aggregations"]
    return Overview(
        documents=hits["total"]["value"],
        collections=_facets(found["collections"]),
        categories=_facets(found["categories"]),
        samples=[Sample(id=hit["_id"], **hit["_source"]) for hit in hits["hits"]],
        ranking={name: text for name in RANKING if (text := _figure(name, context)) is not None},
    )


def _overview_body(seed: int) -> dict[str, Any]:
    random_order = {"random_score": {"seed": seed, "field": "_seq_no"}}
    return {
        "size": SAMPLES,
        "track_total_hits": True,
        "_source": ["title", "width", "height"],
        "query": {"function_score": {"query": {"match_all": {}}, **random_order}},
        "aggs": {
            "collections": {"terms": {"field": "collections", "size": FACET_VALUES}},
            "categories": {"terms": {"field": "category", "size": FACET_VALUES}},
        },
    }


def _facets(aggregation: dict[str, Any]) -> list[Facet]:
    return [Facet(value=bucket["key"], count=bucket["doc_count"]) for bucket in aggregation["buckets"]]


def status(context: Context) -> Status:
    """All figures; one whose server does not answer is None, so that the others are still shown."""
    return Status.model_validate({name: _figure(name, context) for name in Status.model_fields})


def _figure(name: str, context: Context) -> Any:
    try:
        return FIGURES[name](context)
    except OmmaError:
        return None


class Identifying:
    """Says what questions show; implements web.services.CanIdentify."""

    def __init__(self, context: Context, searcher: Searcher) -> None:
        """Connects to nothing by itself."""
        self._searcher = searcher
        self._entities = Entities(context, lambda: get_feature_extractor(context.settings))
        self.judgements = Judgements(context.client, context.settings, ABOUT_ENTITIES)

    def identify(self, request: SearchRequest, language: str) -> Identification:
        """The entity that the question shows, in the reader's language; errors of a search."""
        if not self._searcher.fingerprints():
            return Identification(warnings=[NOTHING_INDEXED])
        values = self._searcher.run(request, until="group")
        found = identify(self._searcher, values, language=language)
        return found.model_copy(update={"warnings": [*values[Calls].warnings, *found.warnings]})

    def entity(self, name: str) -> Entity:
        """The entity of an id; NotFoundError."""
        return self._entities.get(name)


class Ingesting:
    """Starts jobs, reports their progress, and reads the quarantine; implements web.services.CanIngest."""

    def __init__(self, context: Context) -> None:
        """Connects to nothing by itself."""
        self._context = context
        self._dispatcher = Dispatcher(context)
        self._jobs, self._quarantine = self._dispatcher.jobs, self._dispatcher.quarantine

    def queue_lengths(self) -> dict[str, int]:
        """Number of waiting tasks, by queue."""
        return self._dispatcher.queue_lengths()

    def start(self, spec: str, collection: str, missing: Missing) -> str:
        """Let a worker read the source; return the job's id at once."""
        return self._dispatcher.request(spec, collection, missing=missing)

    def start_uploads(self, pictures: Mapping[str, IO[bytes]], collection: str) -> str:
        """Put the pictures into the store, one by one, and queue them for the workers; return the job's id."""
        read = ((name, file.read()) for name, file in pictures.items())
        return self._dispatcher.start_uploads(read, collection)

    def jobs(self) -> list[Progress]:
        """The latest jobs, latest first."""
        try:
            return self._jobs.list(LISTED_JOBS)
        except RedisError as error:
            raise _unavailable(error) from error

    def progress(self, job_id: str) -> Progress:
        """How far one job is; NotFoundError."""
        try:
            return self._jobs.progress(job_id)
        except RedisError as error:
            raise _unavailable(error) from error

    def refused(self, page: int, number: int, collection: str = "", reason: str = "") -> RefusedList:
        """A page of the quarantine, latest first, of that collection and reason."""
        total, entries = self._quarantine.list(page=page, number=number, collection=collection, reason=reason)
        return RefusedList(total=total, page=page, entries=[_refused(entry) for entry in entries])

    def refused_entry(self, entry_id: str) -> Refused:
        """One entry; NotFoundError."""
        return _refused(self._quarantine.get(entry_id))

    def retry(self, entries: Sequence[str]) -> int:
        """Try these entries again; return the number of those that exist."""
        found = self._quarantine.some(entries)
        self._dispatcher.retry(found)
        return len(found)

    def drop(self, entries: Sequence[str]) -> int:
        """Delete these entries, with bytes that nothing else needs; return the number of those that existed."""
        return drop_entries(self._context.client, self._context.settings, list(entries))


def _refused(entry: Entry) -> Refused:
    return Refused(
        id=entry.id,
        source=entry.source,
        reference=entry.reference,
        collection=entry.collection,
        reason=entry.reason,
        message=entry.message,
        time=entry.time,
        job=entry.job,
        original=entry.original,
    )


def _unavailable(error: RedisError) -> EngineUnavailable:
    return EngineUnavailable(f"Redis cannot be reached ({error}); see `omma status`")
