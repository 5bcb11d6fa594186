"""Learning from an installation's own questions: what there is to learn from, and when it is due. Never in a request."""

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime

from opensearchpy import OpenSearch
from redis import Redis

from engine.connections import Context
from engine.errors import ConfigurationError, InputError, NotFoundError
from engine.settings import Settings
from query.request import SearchRequest
from query.search import Searcher
from ranking.clicks.models import clicked
from ranking.judgements.judgement import Topic, by_topic
from ranking.judgements.store import Judgements
from ranking.learning.examples import Example
from ranking.learning.train import retrain

Picture = Callable[[Topic], bytes | None]  # the image bytes of a topic; None where it has no image


def request_of(topic: Topic, picture: bytes | None) -> SearchRequest:
    """The question; BadQuestion where a topic makes no sense."""
    return SearchRequest(
        image=picture, like=topic.like or None, box=topic.box, text=topic.text, filters=topic.filters, no_cutoff=True
    )


def examples(
    searcher: Searcher, topics: Iterable[Topic], grades: Mapping[str, Mapping[str, int]], picture: Picture,
    tell: Callable[[str], None] = print,
) -> Iterator[Example]:  # fmt: skip
    """A training example of every judged topic; a topic that can no longer be asked is skipped and reported."""
    for topic in map(Topic.named, topics):
        judged = grades.get(topic.id)
        if not judged:
            continue
        try:
            candidate_set = searcher.candidate_set(request_of(topic, picture(topic)))
        except (InputError, NotFoundError) as error:
            tell(f"question {topic.id} is left out: {error}")
            continue
        yield Example(topic=topic.id, candidate_set=candidate_set, grades=dict(judged), family=_family(topic), set=topic.set)


def _family(topic: Topic) -> str:
    """Questions about one picture stay on one side of a split."""
    return topic.picture or topic.like or topic.id


def of_installation(searcher: Searcher, client: OpenSearch, tell: Callable[[str], None]) -> list[Example]:
    """Examples of all judged topics, asked anew, and of clicked searches, as they were served."""
    store = Judgements(client, searcher.settings)
    judged = list(examples(searcher, store.topics(), by_topic(store.all()), store.picture, tell))
    return [*judged, *clicked(client, searcher.settings)]


logger = logging.getLogger(__name__)
LONGEST = 4 * 3600  # seconds after which a training that was lost no longer keeps others out
FEWEST = 10  # judged or clicked questions that are worth a training


def due(redis: Redis, store: Judgements, settings: Settings) -> bool:
    """Whether enough was judged since the last look, or enough time went by and anything was judged at all."""
    seen = redis.get(_key(settings, "looked"))
    last = float(str(seen)) if seen is not None else None
    if last is None or time.time() - last >= 3600 * settings.rank_hours:
        return True
    return store.since(datetime.fromtimestamp(last, UTC)) >= settings.rank_judgements


def learn(context: Context, *, force: bool = False) -> str:
    """Train if it is due, one at a time; what came of it, in words."""
    redis, settings = context.redis, context.settings
    if not force and not due(redis, Judgements(context.client, settings), settings):
        return "not due"
    lock = redis.lock(_key(settings, "training"), timeout=LONGEST)
    if not lock.acquire(blocking=False):
        return "another process is training"
    try:
        redis.set(_key(settings, "looked"), time.time())
        return _train(context)
    finally:
        lock.release()


def _train(context: Context) -> str:
    said: list[str] = []
    searcher = Searcher(context)
    examples = of_installation(searcher, context.client, said.append)
    if len(examples) < FEWEST:
        return f"{len(examples)} questions are too few to learn from ({FEWEST})"
    try:
        retrain(examples, context.settings, tell=said.append, weights=searcher.fingerprints())
    except ConfigurationError as error:
        said.append(str(error))
    for line in said:
        logger.info("%s", line)
    return said[-1]


def _key(settings: Settings, name: str) -> str:
    return f"{settings.index_prefix}:rank:{name}"
