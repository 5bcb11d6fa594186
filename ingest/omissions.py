"""What a source left out, counted and named; none of it ends the job."""

from collections.abc import Iterator

from pydantic import BaseModel, Field, TypeAdapter

MAX_EXAMPLES = 5  # named per kind; the others are only counted
MAX_KINDS = 50
MAX_LENGTH = 300  # characters of an example
OTHERS = "other things left out"
NOT_UNDERSTOOD = "values that were not understood"


class Omission(BaseModel):
    """What was left out, how often, and the first few by name."""

    what: str = Field(description="What was left out, in words")
    number: int = Field(0, description="How many of them")
    examples: list[str] = Field([], description="The first few, by name")

    def __str__(self) -> str:
        """One line for people."""
        more = ", ..." if self.number > len(self.examples) == MAX_EXAMPLES else ""
        return f"{self.what}: {self.number} ({', '.join(self.examples)}{more})"


OMISSIONS = TypeAdapter(list[Omission])


class Omissions:
    """Omissions by kind, in bounded memory, however many files a source has."""

    def __init__(self) -> None:
        """Nothing is left out."""
        self._by_kind: dict[str, Omission] = {}

    def add(self, what: str, example: str, number: int = 1) -> None:
        """Count `number` things of this kind; the first examples are kept, each once."""
        kind = what if what in self._by_kind or len(self._by_kind) < MAX_KINDS else OTHERS
        note = self._by_kind.setdefault(kind, Omission(what=kind))
        note.number += number
        shown = example.encode("utf-8", "backslashreplace").decode()[:MAX_LENGTH]  # names of files may be no Unicode
        if len(note.examples) < MAX_EXAMPLES and shown not in note.examples:
            note.examples.append(shown)

    def __iter__(self) -> Iterator[Omission]:
        """The kinds, in the order of their first example."""
        yield from self._by_kind.values()

    def as_json(self) -> str:
        """The form in which a job keeps them."""
        return OMISSIONS.dump_json(list(self._by_kind.values())).decode()


def omissions_of(text: str) -> list[Omission]:
    """Inverse of `Omissions.as_json`; none for empty text."""
    return OMISSIONS.validate_json(text) if text else []
