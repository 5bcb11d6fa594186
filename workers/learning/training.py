"""Learning from an installation's own questions: the training examples, when a training is due, and the training itself.

Workers do it in the background, `omma rank train` on demand; no request of the page trains.
"""

import logging
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

from opensearchpy import OpenSearch
from redis import Redis

from engine.connections import Context
from engine.errors import ConfigurationError, InputError, NotFoundError
from engine.settings import Settings
from query.encoder import CanEncode
from query.request import SearchRequest
from query.search import Searcher
from ranking.clicks.models import clicked
from ranking.judgements.judgement import Topic, by_topic
from ranking.judgements.store import Judgements
from ranking.learning.examples import Example
from ranking.learning.train import retrain

MAX_TRAINING_SECONDS = 4 * 3600  # after which a training counts as lost, and another process may train
MIN_QUESTIONS = 10  # judged or clicked ones, without which no model is trained
logger = logging.getLogger(__name__)


def learn(context: Context) -> str:
    """Train if that is due and no other process trains; returns the outcome in words."""
    redis, settings = context.redis, context.settings
    if not is_due(redis, Judgements(context.client, settings), settings):
        return "not due"
    lock = redis.lock(_key(settings, "training"), timeout=MAX_TRAINING_SECONDS)
    if not lock.acquire(blocking=False):
        return "another process is training"
    try:
        redis.set(_key(settings, "looked"), time.time())
        return train(context)
    finally:
        lock.release()


def is_due(redis: Redis, store: Judgements, settings: Settings) -> bool:
    """Whether the last attempt is OMMA_RANK_HOURS old, or OMMA_RANK_JUDGEMENTS judgements were made since then."""
    stamp = redis.get(_key(settings, "looked"))
    last = float(str(stamp)) if stamp is not None else None
    if last is None or time.time() - last >= 3600 * settings.rank_hours:
        return True
    return store.since(datetime.fromtimestamp(last, UTC)) >= settings.rank_judgements


def train(context: Context, extractor: Callable[[], CanEncode] | None = None) -> str:
    """Train on all judgements and clicks; returns the outcome in words. `extractor` is that of `Searcher`."""
    messages: list[str] = []
    searcher = Searcher(context, extractor)
    found = examples_of_installation(searcher, context.client, messages.append)
    if len(found) < MIN_QUESTIONS:
        return f"{len(found)} questions are too few to learn from ({MIN_QUESTIONS})"
    try:
        retrain(found, context.settings, tell=messages.append, weights=searcher.fingerprints())
    except ConfigurationError as error:
        messages.append(str(error))
    for message in messages:
        logger.info("%s", message)
    return messages[-1]


def _key(settings: Settings, name: str) -> str:
    return f"{settings.index_prefix}:rank:{name}"


def examples_of_installation(searcher: Searcher, client: OpenSearch, tell: Callable[[str], None]) -> list[Example]:
    """Examples of all judged topics, asked again, and of clicked searches, as they were served."""
    judged = _judged(searcher, Judgements(client, searcher.settings), tell)
    return [*judged, *clicked(client, searcher.settings)]


def _judged(searcher: Searcher, store: Judgements, tell: Callable[[str], None]) -> Iterator[Example]:
    """An example of every judged topic; a topic that can no longer be asked is skipped and reported."""
    grades = by_topic(store.all())
    for topic in map(Topic.named, store.topics()):
        judged = grades.get(topic.id)
        if not judged:
            continue
        try:
            candidate_set = searcher.candidate_set(SearchRequest.of_topic(topic, store.picture(topic)))
        except (InputError, NotFoundError) as error:
            tell(f"question {topic.id} is left out: {error}")
            continue
        yield Example(topic=topic.id, candidate_set=candidate_set, grades=dict(judged), family=_family(topic), set=topic.set)


def _family(topic: Topic) -> str:
    """The picture of a topic, else its id: questions about one picture stay on one side of a split."""
    return topic.picture or topic.like or topic.id
