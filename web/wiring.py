"""The real rooms behind the page."""

from collections import Counter
from collections.abc import Mapping
from functools import partial

from opensearchpy import OpenSearch
from opensearchpy.exceptions import NotFoundError as MissingError

from engine.broker import connect_redis
from engine.client import connect, guard
from engine.settings import Settings
from engine.store import Store
from mappings.versions import alias
from query.document import show
from query.ids import full_id
from query.search import Searcher
from ranking.clicks.log import Log
from ranking.clicks.ubi import Behaviour
from ranking.judgements.store import Judgements
from web.ingesting import Ingesting
from web.overview import overview, status
from web.readiness import WarmUp
from web.services import Services
from web.uploads import Uploads
from workers import dispatch

CHECK_SECONDS = 2  # a check that takes longer is a server that is not ready


def open_services(settings: Settings) -> Services:
    """Everything that the routes call, connected on first use."""
    client, redis = connect(settings), connect_redis(settings)
    behaviour = Behaviour(client, settings)
    searcher, ingest = Searcher(settings), Ingesting(settings, client, redis)
    return Services(
        settings=settings,
        searcher=searcher,
        store=Store(settings),
        ingest=ingest,
        judgements=Judgements(client, settings),
        uploads=Uploads(settings),
        show=lambda document: show(client, settings, full_id(client, settings, document)),
        overview=partial(overview, client, settings),
        status=partial(status, settings),
        full_id=partial(full_id, client, settings),
        warm_up_state=WarmUp(searcher.warm_up),
        checks={"opensearch": partial(_check_engine, client), "redis": redis.ping},
        log=Log(behaviour),
        forget=behaviour.forget_client,
        gauges=partial(_gauges, client, settings, ingest),
    )


def _check_engine(client: OpenSearch) -> None:
    with guard():
        client.cluster.health(params={"request_timeout": CHECK_SECONDS})


def _gauges(client: OpenSearch, settings: Settings, ingest: Ingesting) -> Mapping[tuple[str, str], float]:
    """Values by metric name and label value."""
    states = Counter(job.state for job in ingest.jobs())
    queues = dispatch.queue_lengths(settings)
    return {
        ("omma_documents", ""): _count(client, alias(settings)),
        ("omma_quarantined", ""): ingest.refused(1, 1).total,
        **{("omma_queue_length", name): float(length) for name, length in queues.items()},
        **{("omma_jobs", state): float(number) for state, number in states.items()},
    }


def _count(client: OpenSearch, index: str) -> float:
    try:
        with guard():
            return float(client.count(index=index)["count"])
    except MissingError:
        return 0.0
