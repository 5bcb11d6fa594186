"""A judgement, and the question that it is about."""

import hashlib
from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

BEST = 4
Grade = Annotated[int, Field(ge=0, le=BEST)]
GRADES = ("unrelated", "hardly related", "related", "good", "perfect")  # 0..4
SourceName = Literal["person", "clicks", "generated"]


class Topic(BaseModel):
    """A question that documents are judged for (TREC's word for it), so that it can be asked again.

    `picture` names the bytes asked with: the sha256 of a picture in the store, or a file's path, relative to the file of
    topics.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field("", description="Empty: made from the rest")
    text: str = ""
    picture: str = ""
    like: str = Field("", description="Id of a document asked with")
    box: list[float] | None = None
    filters: dict[str, list[str]] = {}
    set: str = Field("", description="The question set that it belongs to")

    def named(self) -> "Topic":
        """With an id: the given one, or the first letters of a hash of what is asked, which is the same every time."""
        if self.id:
            return self
        asked = self.model_dump_json(exclude={"id", "set"}).encode()
        return self.model_copy(update={"id": hashlib.sha256(asked).hexdigest()[:16]})


class Judgement(BaseModel):
    """How well a document answers a topic, 0 (unrelated) to 4 (perfect); who said so, and when."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    topic: str
    document: str
    grade: Grade
    source: SourceName = "person"
    rater: str = ""
    time: datetime = Field(default_factory=lambda: datetime.now(UTC))
