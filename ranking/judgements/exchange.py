"""Folders and files of judgements as a whole: questions with their pictures, and what was said of them."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from engine.errors import ConfigurationError
from ranking.judgements import files
from ranking.judgements.files import Format
from ranking.judgements.judgement import Judgement, SourceName, Topic

TOPICS, JUDGEMENTS, QRELS, PICTURES = "topics.jsonl", "judgements.jsonl", "qrels.txt", "pictures"
Asked = tuple[Topic, bytes | None]  # a question, and the bytes of the picture that it asks with


@dataclass(frozen=True, slots=True)
class Told:
    """What was read."""

    topics: list[Asked]
    judgements: list[Judgement]


def read_folder(folder: Path) -> Told:
    """`topics.jsonl` (pictures by path, relative to the folder), and `judgements.jsonl` or `qrels.txt`."""
    if not (folder / TOPICS).exists():
        raise ConfigurationError(f"{folder} has no {TOPICS}")
    return Told([_asked(topic, folder) for topic in files.read_topics(folder / TOPICS)], _judgements(folder))


def read_file(path: Path, topics: Path | None, kind: Format | None, source: SourceName) -> Told:
    """One file of judgements, and one of topics where the first does not tell them."""
    own, judgements = files.read(path, kind, source)
    named = files.read_topics(topics) if topics else []
    return Told([_asked(topic, topics.parent if topics else path.parent) for topic in [*own, *named]], judgements)


def write_folder(folder: Path, topics: Iterable[Asked], judgements: Iterable[Judgement]) -> tuple[int, int]:
    """The same folder anew; how many topics and judgements."""
    (folder / PICTURES).mkdir(parents=True, exist_ok=True)
    kept, said = [], list(judgements)
    for topic, picture in topics:
        if picture is not None:
            (folder / topic.picture).write_bytes(picture)
        kept.append(topic)
    files.write_topics(folder / TOPICS, kept)
    files.write_jsonl(folder / JUDGEMENTS, said)
    return len(kept), len(said)


def _judgements(folder: Path) -> list[Judgement]:
    if (folder / JUDGEMENTS).exists():
        return files.read_jsonl(folder / JUDGEMENTS)
    if (folder / QRELS).exists():
        return files.read_qrels(folder / QRELS)
    raise ConfigurationError(f"{folder} has neither {JUDGEMENTS} nor {QRELS}")


def _asked(topic: Topic, folder: Path) -> Asked:
    """With its picture's bytes; ConfigurationError where the file is missing, or lies elsewhere."""
    if not topic.picture:
        return topic, None
    path = (folder / topic.picture).resolve()
    if not path.is_relative_to(folder.resolve()) or not path.is_file():
        raise ConfigurationError(f"question {topic.id} asks with {topic.picture}, which is no file of {folder}")
    return topic, path.read_bytes()
