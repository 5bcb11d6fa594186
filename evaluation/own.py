"""A user's own questions, from a folder of plain files (ranking/judgements/exchange.py)."""

from collections.abc import Iterator
from pathlib import Path

from evaluation.questions import Posed
from ranking.judgements import exchange
from ranking.judgements.grades import by_topic


def posed(folder: Path) -> Iterator[Posed]:
    """Every topic of the folder that was judged; of documents that were not judged nothing is known."""
    told = exchange.read_folder(folder)
    grades = by_topic(told.judgements)
    for topic, picture in told.topics:
        if topic.id in grades:
            family = topic.picture or topic.like or topic.id
            yield Posed(topic.set or folder.name, topic, grades[topic.id], family, picture, complete=False)
