"""The words of a question, parsed: what may, must and must not be there."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Term:
    """A word or a quoted phrase."""

    text: str
    phrase: bool = False


@dataclass(frozen=True, slots=True)
class Words:
    """`cat "old town" +red -dog`: `should` are optional, `must` and `must_not` are filters over all text fields.

    `field:value` terms are turned into filters by the parser (query/words.py) and do not appear here.
    """

    should: tuple[Term, ...] = ()
    must: tuple[Term, ...] = ()
    must_not: tuple[Term, ...] = ()

    def __bool__(self) -> bool:
        """Whether there is anything to look for."""
        return bool(self.should or self.must)

    @property
    def text(self) -> str:
        """All wanted words as one plain string, for analysed matching."""
        return " ".join(term.text for term in (*self.must, *self.should))
