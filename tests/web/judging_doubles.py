"""A double of the store of judgements."""

from collections.abc import Iterable, Iterator

from engine.errors import NotFoundError
from ranking.judgements.judgement import Judgement, Topic


class FakeJudgements:
    """Judgements in memory."""

    def __init__(self) -> None:
        self.asked: dict[str, Topic] = {}
        self.given: dict[tuple[str, str, str], list[Judgement]] = {}

    def add_topic(self, topic: Topic, picture: bytes | None = None) -> Topic:
        """Only remembered."""
        return self.asked.setdefault(topic.named().id, topic.named())

    def topic(self, name: str) -> Topic:
        """As remembered."""
        if name not in self.asked:
            raise NotFoundError(f"there is no question {name!r} to judge")
        return self.asked[name]

    def topics(self) -> list[Topic]:
        """As remembered."""
        return list(self.asked.values())

    def judge(self, judgements: Iterable[Judgement]) -> int:
        """Only remembered."""
        new = list(judgements)
        for j in new:
            self.given.setdefault((j.topic, j.document, j.rater), []).append(j)
        return len(new)

    def undo(self, topic: str, document: str, rater: str, source: str = "person") -> Judgement | None:
        """The one before."""
        found = self.given.get((topic, document, rater), [])
        if not found:
            raise NotFoundError("there is no such judgement to take back")
        found.pop()
        return found[-1] if found else None

    def all(self, **terms: str) -> Iterator[Judgement]:
        """The last of each."""
        last = (found[-1] for found in self.given.values() if found)
        return (j for j in last if all(getattr(j, name) == value for name, value in terms.items() if value))
