"""Training examples: the candidate sets of questions with grades for their documents, and their split."""

import gzip
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from engine.errors import ConfigurationError
from ranking.candidate_set import CandidateSet
from ranking.judgements.judgement import Grade

Part = Literal["train", "validation", "test"]
SHARES: tuple[tuple[Part, int], ...] = (("train", 70), ("validation", 85), ("test", 100))  # up to which percent


class Example(BaseModel):
    """The candidate set of one question, and grades by document.

    `complete`: a document without a grade is unrelated; otherwise it was not judged, and is not learned from. Questions of one
    `family` (about the same image) are on one side of every split. Graded documents that are not in the table were proposed by
    no factor: measures count them as not found. `variant`: the form of the collection that was asked (no text, ...).
    """

    model_config = ConfigDict(frozen=True)

    topic: str
    candidate_set: CandidateSet
    grades: dict[str, Grade]
    complete: bool = False
    family: str = ""
    set: str = ""
    variant: str = ""
    part: Part | None = None  # where data sets have a split of their own

    @property
    def side(self) -> Part:
        """The side of the split."""
        return self.part or side_of(self.family or self.topic)

    def slices(self) -> Iterator[str]:
        """The kinds of question that it belongs to, each of which is measured by itself."""
        yield f"intent: {self.candidate_set.query_features.intent}"
        yield f"category: {self.candidate_set.query_features.category or 'not known'}"
        if self.set:
            yield f"set: {self.set}" + (f", {self.variant}" if self.variant else "")


def side_of(family: str) -> Part:
    """The side of a family's questions, by a hash of its name: it does not depend on the other examples."""
    percent = int(hashlib.sha256(family.encode()).hexdigest()[:8], 16) % 100
    return next(part for part, below in SHARES if percent < below)


def useful(example: Example) -> bool:
    """Whether documents have different grades: otherwise there is no order to learn."""
    found = {example.grades.get(document, 0 if example.complete else -1) for document in example.candidate_set.table} - {-1}
    return len(found) > 1


def digest(examples: Iterable[Example]) -> str:
    """A hash of the examples, which does not depend on their order."""
    marks = sorted(hashlib.sha256(example.model_dump_json().encode()).hexdigest() for example in examples)
    return hashlib.sha256("".join(marks).encode()).hexdigest()


def write(path: Path, examples: Iterable[Example]) -> int:
    """Write one line per example, compressed where the name ends in `.gz`, in one step; the number of examples."""
    temporary, count = path.with_name(f".{path.name}.part"), 0
    temporary.parent.mkdir(parents=True, exist_ok=True)
    with gzip.open(temporary, "wt") if path.suffix == ".gz" else temporary.open("w") as file:
        for example in examples:
            file.write(example.model_dump_json() + "\n")
            count += 1
    temporary.replace(path)
    return count


def read(path: Path) -> Iterator[Example]:
    """Inverse of `write`; ConfigurationError names the invalid line."""
    try:
        with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as file:
            for number, line in enumerate(file, start=1):
                try:
                    yield Example.model_validate_json(line)
                except ValidationError as error:
                    raise ConfigurationError(f"{path.name}, line {number} is no example: {error.errors()[0]['msg']}") from error
    except (OSError, UnicodeDecodeError, EOFError) as error:
        raise ConfigurationError(f"{path} cannot be read: {error}") from error


def by_side(examples: Iterable[Example]) -> Mapping[Part, list[Example]]:
    """The three sides of the split."""
    sides: dict[Part, list[Example]] = {"train": [], "validation": [], "test": []}
    for example in examples:
        sides[example.side].append(example)
    return sides
