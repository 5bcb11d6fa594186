"""A user's own questions: a folder of plain files.

topics.jsonl        one question a line (ranking.judgements.judgement.Topic); pictures by path, relative to the folder
judgements.jsonl    one judgement a line, or
qrels.txt           TREC's lines: topic, iteration, document, grade
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

from engine.errors import ConfigurationError
from evaluation.questions import Posed
from ranking.judgements import files
from ranking.judgements.grades import by_topic
from ranking.judgements.judgement import Judgement, Topic

TOPICS, JUDGEMENTS, QRELS, PICTURES = "topics.jsonl", "judgements.jsonl", "qrels.txt", "pictures"


def posed(folder: Path) -> Iterator[Posed]:
    """Every topic of the folder that was judged; what was not judged is not known."""
    grades = by_topic(judgements(folder))
    for topic in map(Topic.named, files.read_topics(folder / TOPICS)):
        if topic.id in grades:
            picture = picture_of(folder, topic)
            family = topic.picture or topic.like or topic.id
            yield Posed(topic.set or folder.name, topic, grades[topic.id], family, picture, complete=False)


def judgements(folder: Path) -> list[Judgement]:
    """Those of the folder; ConfigurationError where there are none."""
    for name, read in ((JUDGEMENTS, files.read_jsonl), (QRELS, files.read_qrels)):
        if (folder / name).exists():
            return list(read(folder / name))
    raise ConfigurationError(f"{folder} has neither {JUDGEMENTS} nor {QRELS}")


def picture_of(folder: Path, topic: Topic) -> bytes | None:
    """The bytes that a topic asks with; ConfigurationError where the file is missing, or lies elsewhere."""
    if not topic.picture:
        return None
    path = (folder / topic.picture).resolve()
    if not path.is_relative_to(folder.resolve()) or not path.is_file():
        raise ConfigurationError(f"question {topic.id} asks with {topic.picture}, which is no file of {folder}")
    return path.read_bytes()


def write(folder: Path, topics: Iterable[tuple[Topic, bytes | None]], said: Iterable[Judgement]) -> tuple[int, int]:
    """The same folder anew: topics with their pictures, judgements; how many of each."""
    (folder / PICTURES).mkdir(parents=True, exist_ok=True)
    kept = []
    for topic, picture in topics:
        if picture is not None:
            (folder / topic.picture).write_bytes(picture)
        kept.append(topic)
    files.write_topics(folder / TOPICS, kept)
    told = list(said)
    files.write_jsonl(folder / JUDGEMENTS, told)
    return len(kept), len(told)
