"""Topics and judgements in plain files: a folder, or one file as JSON Lines, TREC qrels or Quepid's CSV.

A file is read whole before anything of it is used; an invalid line is a ConfigurationError that names file and line.
"""

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeVar

from pydantic import BaseModel, ValidationError

from engine.errors import ConfigurationError
from ranking.judgements.judgement import BEST, Judgement, SourceName, Topic

Format = Literal["jsonl", "qrels", "quepid"]
FORMATS: tuple[Format, ...] = ("jsonl", "qrels", "quepid")
SUFFIXES: Mapping[str, Format] = {".jsonl": "jsonl", ".qrels": "qrels", ".txt": "qrels", ".csv": "quepid"}
QUEPID = ("query", "docid", "rating")
QREL_COLUMNS = 4
TOPICS, JUDGEMENTS, QRELS, PICTURES = "topics.jsonl", "judgements.jsonl", "qrels.txt", "pictures"  # names in a folder
Asked = tuple[Topic, bytes | None]  # a topic, and the bytes of the image that it asks with
Model = TypeVar("Model", bound=BaseModel)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class JudgedTopics:
    """Topics with their images, and judgements of documents for them."""

    topics: list[Asked]
    judgements: list[Judgement]


def read_folder(folder: Path) -> JudgedTopics:
    """`topics.jsonl` (pictures by path, relative to the folder), and `judgements.jsonl` or `qrels.txt`."""
    if not (folder / TOPICS).exists():
        raise ConfigurationError(f"{folder} has no {TOPICS}")
    return JudgedTopics([_asked(topic, folder) for topic in read_topics(folder / TOPICS)], _judgements(folder))


def read_file(path: Path, topics: Path | None, kind: Format | None, source: SourceName) -> JudgedTopics:
    """A file of judgements, and a file of topics where the first has none."""
    own, judgements = read(path, kind, source)
    named = read_topics(topics) if topics else []
    return JudgedTopics([_asked(topic, topics.parent if topics else path.parent) for topic in [*own, *named]], judgements)


def write_folder(folder: Path, topics: Iterable[Asked], judgements: Iterable[Judgement]) -> tuple[int, int]:
    """Write a folder that `read_folder` reads; the number of topics and of judgements."""
    (folder / PICTURES).mkdir(parents=True, exist_ok=True)
    kept, judged = [], list(judgements)
    for topic, picture in topics:
        if picture is not None:
            (folder / topic.picture).write_bytes(picture)
        kept.append(topic)
    write_topics(folder / TOPICS, kept)
    write_jsonl(folder / JUDGEMENTS, judged)
    return len(kept), len(judged)


def _judgements(folder: Path) -> list[Judgement]:
    if (folder / JUDGEMENTS).exists():
        return read_jsonl(folder / JUDGEMENTS)
    if (folder / QRELS).exists():
        return read_qrels(folder / QRELS)
    raise ConfigurationError(f"{folder} has neither {JUDGEMENTS} nor {QRELS}")


def _asked(topic: Topic, folder: Path) -> Asked:
    """A topic with the bytes of its image; ConfigurationError where the file is missing or outside the folder."""
    if not topic.picture:
        return topic, None
    path = (folder / topic.picture).resolve()
    if not path.is_relative_to(folder.resolve()) or not path.is_file():
        raise ConfigurationError(f"question {topic.id} asks with {topic.picture}, which is no file of {folder}")
    return topic, path.read_bytes()


def format_of(path: Path) -> Format:
    """The format by the file's suffix; ConfigurationError for an unknown one."""
    found = SUFFIXES.get(path.suffix.lower())
    if found is None:
        raise ConfigurationError(f"the suffix of {path.name} is unknown; name its format: {', '.join(FORMATS)}")
    return found


def read(path: Path, kind: Format | None = None, source: SourceName = "person") -> tuple[list[Topic], list[Judgement]]:
    """Judgements, and the topics in the file (Quepid's queries). `source` is that of formats without one."""
    chosen = kind or format_of(path)
    if chosen == "jsonl":
        return [], read_jsonl(path)
    if chosen == "qrels":
        return [], read_qrels(path, source)
    return read_quepid(path, source)


def write(path: Path, topics: Sequence[Topic], judgements: Iterable[Judgement], kind: Format | None = None) -> None:
    """Write judgements in one format; Quepid's names topics by their words, so topics without words are left out."""
    _put(path, as_text(kind or format_of(path), topics, judgements)[0])


def as_text(kind: Format, topics: Sequence[Topic], judgements: Iterable[Judgement]) -> tuple[str, str]:
    """The text of a file in a format, and a name for it."""
    if kind == "jsonl":
        return as_jsonl(judgements), "judgements.jsonl"
    if kind == "qrels":
        return as_qrels(judgements), "judgements.qrels"
    return as_quepid(topics, judgements), "judgements.csv"


def read_topics(path: Path) -> list[Topic]:
    """Topics, one a line, each with an id."""
    return [topic.named() for topic in _json_lines(path, Topic)]


def write_topics(path: Path, topics: Iterable[Topic]) -> None:
    """Write topics, one a line."""
    _put(path, as_topics(topics))


def as_topics(topics: Iterable[Topic]) -> str:
    """Topics as JSON Lines, without default values."""
    return "".join(topic.model_dump_json(exclude_defaults=True) + "\n" for topic in topics)


def read_jsonl(path: Path) -> list[Judgement]:
    """JSON Lines with all fields of a judgement."""
    return list(_json_lines(path, Judgement))


def write_jsonl(path: Path, judgements: Iterable[Judgement]) -> None:
    """Write judgements, one a line."""
    _put(path, as_jsonl(judgements))


def as_jsonl(judgements: Iterable[Judgement]) -> str:
    """Judgements as JSON Lines."""
    return "".join(judgement.model_dump_json() + "\n" for judgement in judgements)


def read_qrels(path: Path, source: SourceName = "person") -> list[Judgement]:
    """TREC: `topic iteration document grade`; grades below 0 (junk, by custom) count as 0."""

    def judged(line: str) -> Judgement:
        parts = line.split()
        if len(parts) != QREL_COLUMNS:
            raise ValueError(f"{len(parts)} columns instead of topic, iteration, document, grade")
        return Judgement(topic=parts[0], document=parts[2], grade=max(0, int(parts[3])), source=source, rater=path.stem)

    return list(_lines(path, judged))


def as_qrels(judgements: Iterable[Judgement]) -> str:
    """TREC: `topic 0 document grade`; the id of a topic must have no blanks."""
    return "".join(f"{'_'.join(j.topic.split())} 0 {j.document} {j.grade}\n" for j in judgements)


def read_quepid(path: Path, source: SourceName = "person") -> tuple[list[Topic], list[Judgement]]:
    """Quepid: `query,docid,rating`, with further columns that are not read; an empty rating is no judgement."""
    rows = csv.DictReader(io.StringIO(_text(path), newline=""))
    missing = [name for name in QUEPID if name not in (rows.fieldnames or ())]
    if missing:
        raise ConfigurationError(f"{path.name} has no column {', '.join(missing)}; Quepid's are {', '.join(QUEPID)}")
    topics: dict[str, Topic] = {}
    judgements = []
    for row in rows:
        text, document, rating = ((row[name] or "").strip() for name in QUEPID)
        if not rating:
            continue
        topic = topics.setdefault(text, Topic(text=text).named())
        judgements.append(
            _checked(path, rows.line_num, lambda t=topic, d=document, r=rating: _judged(t.id, d, r, source, path.stem))  # type: ignore[misc]
        )
    return list(topics.values()), judgements


def as_quepid(topics: Iterable[Topic], judgements: Iterable[Judgement]) -> str:
    """Quepid's columns; judgements of topics without words are left out, as Quepid names a query by its words."""
    texts = {topic.named().id: topic.text for topic in topics if topic.text}
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(QUEPID)
    writer.writerows([texts[j.topic], j.document, j.grade] for j in judgements if j.topic in texts)
    return out.getvalue()


def _judged(topic: str, document: str, rating: str, source: SourceName, rater: str) -> Judgement:
    if not document:
        raise ValueError("no document is named")
    number = float(rating)
    if number != int(number):
        raise ValueError(f"{rating} is no grade: grades are whole numbers, 0 to {BEST}")
    return Judgement(topic=topic, document=document, grade=int(number), source=source, rater=rater)


def _json_lines(path: Path, model: type[Model]) -> Iterator[Model]:
    return _lines(path, model.model_validate_json)


def _lines(path: Path, made: Callable[[str], T]) -> Iterator[T]:
    """The value of every line that is not blank."""
    for number, line in enumerate(_text(path).split("\n"), start=1):
        if line.strip():
            yield _checked(path, number, lambda line=line: made(line))  # type: ignore[misc]


def _checked(path: Path, number: int, made: Callable[[], T]) -> T:
    try:
        return made()
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise ConfigurationError(f"{path.name}, line {number}: {f'{where}: ' if where else ''}{first['msg']}") from error
    except ValueError as error:
        raise ConfigurationError(f"{path.name}, line {number}: {error}") from error


def _text(path: Path) -> str:
    """The file as UTF-8, with or without a mark of byte order."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{path.name} is not UTF-8 (byte {error.start})") from error
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror}") from error


def _put(path: Path, text: str) -> None:
    """Replace a file in one step."""
    temporary = path.with_name(f".{path.name}.part")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)
