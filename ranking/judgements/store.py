"""The judgements of an installation, and their topics: two indices of the engine, with undo."""

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import datetime

from opensearchpy import OpenSearch

from engine.errors import ConfigurationError, NotFoundError
from engine.settings import Settings
from engine.store import Store
from mappings.records import KEYWORD, STORED_ONLY, Json, Records
from ranking.judgements.judgement import Judgement, SourceName, Topic

JUDGEMENT_FIELDS: Json = {
    **dict.fromkeys(("topic", "document", "source", "rater"), KEYWORD), "grade": {"type": "byte"}, "time": {"type": "date"},
    "before": STORED_ONLY,
}  # fmt: skip
TOPIC_FIELDS: Json = {"topic": STORED_ONLY, "set": KEYWORD, "words": {"type": "text"}}
MAX_UNDO = 20  # earlier grades that are kept, by rater and document


ABOUT_ENTITIES = "entity-"  # judgements of what a picture was said to show, whose `document` is the id of an entity


class Judgements:
    """The indices `<prefix>-topics` and `<prefix>-judgements`; images of topics are in the store of originals.

    Judgements about other things than documents are in indices of their own, from which no order is learned.
    """

    def __init__(self, client: OpenSearch, settings: Settings, about: str = "") -> None:
        """Both are created by the first record. `about`: ABOUT_ENTITIES, or empty for documents."""
        prefix, replicas = f"{settings.index_prefix}-{about}", settings.index_replicas
        self._topics = Records(client, f"{prefix}topics", TOPIC_FIELDS, replicas)
        self._judgements = Records(client, f"{prefix}judgements", JUDGEMENT_FIELDS, replicas)
        self._store = Store(settings)

    def add_topic(self, topic: Topic, picture: bytes | None = None) -> Topic:
        """Store a topic and the bytes of its image; the topic with its id and the sha256 of the image."""
        if picture is not None:
            topic = topic.model_copy(update={"picture": self._store.put_question(picture)})
        named = topic.named()
        self._topics.put({named.id: {"topic": named.model_dump(mode="json"), "set": named.set, "words": named.text}})
        return named

    def topic(self, name: str) -> Topic:
        """The topic of an id; NotFoundError."""
        found = self._topics.some([name]) if name else {}
        if name not in found:
            raise NotFoundError(f"there is no question {name[:80]!r} to judge")
        return Topic.model_validate(found[name]["topic"])

    def topics(self) -> list[Topic]:
        """All of them, by id."""
        found = (Topic.model_validate(record["topic"]) for _, record in self._topics.all())
        return sorted(found, key=lambda topic: topic.id)

    def picture(self, topic: Topic) -> bytes | None:
        """The bytes that a topic asks with; None where it asks with none, NotFoundError where they are gone."""
        return self._store.question(topic.picture) if topic.picture else None

    def judge(self, judgements: Iterable[Judgement]) -> int:
        """Store judgements; a later one of the same rater replaces the earlier, which `undo` restores. Their number."""
        by_id = {_id(judgement): judgement for judgement in judgements}
        earlier = self._judgements.some(list(by_id))
        self._judgements.put({name: _record(judgement, earlier.get(name)) for name, judgement in by_id.items()})
        return len(by_id)

    def take(self, asked: Iterable[tuple[Topic, bytes | None]], judgements: Iterable[Judgement]) -> int:
        """Store topics with their images, and judgements for these or for known topics; the number of judgements.

        ConfigurationError, and nothing is stored, where a judgement is about an unknown topic.
        """
        new, judged = list(asked), list(judgements)
        known = {topic.id for topic in self.topics()} | {topic.id for topic, _ in new}
        if unknown := sorted({judgement.topic for judgement in judged} - known):
            raise ConfigurationError(
                f"{len(unknown)} questions are not known ({', '.join(unknown[:5])}...); name them by --topics"
            )
        renamed = {topic.id: self.add_topic(topic, picture).id for topic, picture in new}
        return self.judge([j.model_copy(update={"topic": renamed.get(j.topic, j.topic)}) for j in judged])

    def undo(self, topic: str, document: str, rater: str, source: SourceName = "person") -> Judgement | None:
        """Remove a rater's last judgement of a document; the one before it, which is restored, or None. NotFoundError."""
        name = _name(topic, document, source, rater)
        found = self._judgements.some([name])
        if name not in found:
            raise NotFoundError("there is no such judgement to take back")
        before = list(found[name]["before"]["list"])
        if not before:
            self._judgements.delete([name])
            return None
        last = Judgement.model_validate(before.pop())
        self._judgements.put({name: last.model_dump(mode="json") | {"before": {"list": before}}})
        return last

    def all(self, **terms: str) -> Iterator[Judgement]:
        """Every judgement with these fields (`topic`, `source`, `rater`), in no order."""
        wanted = [{"term": {name: value}} for name, value in terms.items() if value]
        for _, record in self._judgements.all({"bool": {"filter": wanted}}):
            yield Judgement.model_validate({name: value for name, value in record.items() if name != "before"})

    def since(self, moment: datetime | None) -> int:
        """The number of judgements after a moment, of any source."""
        return self._judgements.count({"range": {"time": {"gt": moment.isoformat()}}} if moment else None)

    def forget_marks(self, rater: str = "", before: datetime | None = None) -> int:
        """Delete the marks of a rater, or of all before a moment, and topics that nobody else judged; the number of marks."""
        wanted: list[Json] = [{"term": {"source": "marks"}}]
        wanted += [{"term": {"rater": rater}}] if rater else []
        wanted += [{"range": {"time": {"lt": before.isoformat()}}}] if before else []
        query: Json = {"bool": {"filter": wanted}}
        topics = {str(record["topic"]) for _, record in self._judgements.all(query)}
        count = self._judgements.forget(query) if topics else 0
        for topic in topics:
            if not self._judgements.count({"term": {"topic": topic}}):
                with suppress(NotFoundError):
                    self.forget(topic)
        return count

    def forget(self, topic: str) -> None:
        """Delete a topic, its judgements, and its picture where no other topic asks with it; NotFoundError."""
        gone = self.topic(topic)
        self._judgements.forget({"term": {"topic": topic}})
        self._topics.delete([topic])
        if gone.picture and not any(other.picture == gone.picture for other in self.topics() if other.id != topic):
            self._store.delete_question(gone.picture)


def _id(judgement: Judgement) -> str:
    return _name(judgement.topic, judgement.document, judgement.source, judgement.rater)


def _name(*parts: str) -> str:
    """One record per topic, document, source and rater."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]


def _record(judgement: Judgement, earlier: Json | None) -> Json:
    before: list[Json] = []
    if earlier is not None:
        last = {name: value for name, value in earlier.items() if name != "before"}
        before = [*earlier["before"]["list"], last][-MAX_UNDO:]
    return judgement.model_dump(mode="json") | {"before": {"list": before}}
