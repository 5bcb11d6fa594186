"""The query language: `cat "old town" +red -dog category:pets size:"large"`.

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
from dataclasses import dataclass, field, replace

from factors.words import Term, Words

QUOTES = str.maketrans("“”„‟«»＂", '"' * 7)
TOKEN = re.compile(
    r'(?P<sign>[+-]?)(?:(?P<name>[^\W\d][\w.-]*):(?!//)(?="[^"]|[^\s"]))?(?:"(?P<quoted>[^"]*)(?:"|$)|(?P<plain>[^\s"]+))'
)
MAX_QUERY_WORDS = 16  # the engine limits a query to 1,024 clauses, and each word is matched in some fifty fields

Filters = dict[str, list[str]]


@dataclass(frozen=True, slots=True)
class Parsed:
    """Words for the factors, filters that must hold, and filters that must not."""

    words: Words = field(default_factory=Words)
    filters: Filters = field(default_factory=dict)
    excluded: Filters = field(default_factory=dict)


def parse(text: str, check: Callable[[str], None] = lambda name: None) -> Parsed:
    """Read the words of a question. `check` raises BadQuestion for a field name that is not known.

    Raises nothing else, whatever the text.
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
    """The text with one kind of quote and of blank, without control characters."""
    kept = (" " if unicodedata.category(c) in ("Cc", "Cs", "Co", "Zl", "Zp") else c for c in text)
    return "".join(kept).translate(QUOTES)


def _once(terms: list[Term]) -> tuple[Term, ...]:
    return tuple(dict.fromkeys(terms))


def limited(wanted: Words) -> tuple[Words, bool]:
    """At most MAX_QUERY_WORDS words, and whether any were dropped: required words first, then others, from the beginning.

    Excluded terms are kept whole or not at all: a part of one would exclude more.
    """
    left = MAX_QUERY_WORDS
    parts: list[tuple[Term, ...]] = []
    for terms, whole in ((wanted.must, False), (wanted.should, False), (wanted.must_not, True)):
        kept = []
        for term in terms:
            found = _words_in(term.text)
            if left > 0 and len(found) > left and not whole:
                kept.append(replace(term, text=" ".join(found[:left])))
            elif len(found) <= left:
                kept.append(term)
            left -= len(found)
        parts.append(tuple(kept))
    must, should, must_not = parts
    return Words(should, must, must_not), left < 0


def _words_in(text: str) -> list[str]:
    """The words that analyzers find: `a,b` are two."""
    return "".join(c if unicodedata.category(c)[0] in "LMN" else " " for c in text).split()
