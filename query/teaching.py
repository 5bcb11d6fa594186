"""Training examples: every judged question is asked as a search asks it now."""

from collections.abc import Callable, Iterable, Iterator, Mapping

from opensearchpy import OpenSearch

from engine.errors import InputError, NotFoundError
from query.request import SearchRequest
from query.search import Searcher
from ranking.clicks.teaching import clicked
from ranking.judgements.grades import by_topic
from ranking.judgements.judgement import Topic
from ranking.judgements.store import Judgements
from ranking.learning.examples import Example

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
