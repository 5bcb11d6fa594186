"""Judged questions of people's own: of a folder of plain files (ranking/judgements/exchange.py), or of the installation."""

from collections.abc import Callable, Iterator
from pathlib import Path

from engine.errors import NotFoundError
from evaluation.evaluation_set import Posed
from ranking.judgements import exchange
from ranking.judgements.grades import by_topic
from ranking.judgements.judgement import Topic
from ranking.judgements.store import Judgements


def of_folder(folder: Path) -> Iterator[Posed]:
    """Every topic of the folder that was judged; nothing is known of documents without a judgement."""
    read = exchange.read_folder(folder)
    grades = by_topic(read.judgements)
    for topic, picture in read.topics:
        if topic.id in grades:
            yield _posed(topic, grades[topic.id], picture, folder.name)


def of_store(store: Judgements, tell: Callable[[str], None]) -> Iterator[Posed]:
    """Every topic of the installation that was judged; one whose image is gone is left out and reported."""
    grades = by_topic(store.all())
    for topic in map(Topic.named, store.topics()):
        if topic.id not in grades:
            continue
        try:
            picture = store.picture(topic)
        except NotFoundError as error:
            tell(f"question {topic.id} is left out: {error}")
            continue
        yield _posed(topic, grades[topic.id], picture, "judged")


def _posed(topic: Topic, grades: dict[str, int], picture: bytes | None, default: str) -> Posed:
    family = topic.picture or topic.like or topic.id
    return Posed(topic.set or default, topic, dict(grades), family, picture, complete=False)
