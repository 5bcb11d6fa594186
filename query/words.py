"""The language of words: `cat "old town" +red -dog category:pets size:"large"`.

* `cat`: may be there; the more of them, the better.
* `"old town"`: must be there as it stands.
* `+red`, `+"old town"`: must be there; `-dog`, `-"old town"`: must not.
* `name:value`, `name:"some value"`: a filter; `-name:value` leaves out what has the value.

A quote that is never closed ends with the text. A colon belongs to the word where no name stands before it (`16:9`), nothing
follows it (`Title: x`), or an address does (`https://...`); `"quotes"` make a colon plain, too.
"""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field

from factors.words import Term, Words

QUOTES = str.maketrans("“”„‟«»＂", '"' * 7)
TOKEN = re.compile(
    r'(?P<sign>[+-]?)(?:(?P<name>[^\W\d][\w.-]*):(?!//)(?="[^"]|[^\s"]))?(?:"(?P<quoted>[^"]*)(?:"|$)|(?P<plain>[^\s"]+))'
)

Filters = dict[str, list[str]]


@dataclass(frozen=True, slots=True)
class Parsed:
    """Words for the factors, filters that must hold, and filters that must not."""

    words: Words = field(default_factory=Words)
    filters: Filters = field(default_factory=dict)
    excluded: Filters = field(default_factory=dict)


def parse(text: str, check: Callable[[str], None] = lambda name: None) -> Parsed:
    """Read the words of a question. `check` raises BadQuestion for a field name that is not known.

    Nothing else is ever raised, whatever the text.
    """
    should: list[Term] = []
    must: list[Term] = []
    must_not: list[Term] = []
    filters: Filters = {}
    excluded: Filters = {}
    for match in TOKEN.finditer(_clean(text)):
        value = (match["quoted"] if match["quoted"] is not None else match["plain"]).strip()
        if match["name"] and value:
            check(match["name"].casefold())
            (excluded if match["sign"] == "-" else filters).setdefault(match["name"].casefold(), []).append(value)
        elif any(character.isalnum() for character in value):
            term = Term(value, phrase=match["quoted"] is not None and len(value.split()) > 1)
            required = match["sign"] == "+" or match["quoted"] is not None
            (must_not if match["sign"] == "-" else must if required else should).append(term)
    words = Words(_once(should), _once(must), _once(must_not))
    return Parsed(words, filters, excluded)


def _clean(text: str) -> str:
    """One kind of quote, one kind of blank, and nothing that a terminal or JSON would stumble over."""
    kept = (" " if unicodedata.category(c) in ("Cc", "Cs", "Co", "Zl", "Zp") else c for c in text)
    return "".join(kept).translate(QUOTES)


def _once(terms: list[Term]) -> tuple[Term, ...]:
    return tuple(dict.fromkeys(terms))
