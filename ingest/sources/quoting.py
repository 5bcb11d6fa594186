"""Quoting other than that of RFC 4180, rewritten to it line by line: backslashes before quotes, and other quotation marks.

Databases write `"27\\" monitor"`, some programs quote with apostrophes, and word processors make “typographic” quotes.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import islice

PAIRS = ("''", "“”", "„“", "„”", "””", "«»", "»«", "‘’")  # opening, closing
ESCAPED = re.compile(r"\\([\\\"])")
SAMPLE_LINES = 100_000  # in which a backslash before a quote is looked for


@dataclass(frozen=True, slots=True)
class Quoting:
    """`pair`: the opening and the closing quotation mark. `has_escapes`: a backslash stands before a quote that is data."""

    pair: str = '""'
    has_escapes: bool = False


def find_quoting(header: str, lines: Iterable[str], delimiter: str) -> Quoting | None:
    """The quoting, if it is not that of RFC 4180: all names of the header are in other quotes, or quotes have backslashes."""
    names = [name.strip() for name in header.lstrip("\ufeff").strip().split(delimiter)]
    for pair in PAIRS:
        if all(len(name) > 1 and name[0] == pair[0] and name[-1] == pair[1] for name in names):
            return Quoting(pair)
    mark = re.escape(delimiter)
    inside = re.compile(rf'(?:^|{mark}) *"[^"]*\\"(?! *(?:{mark}|$))')
    has_escapes = any('\\"' in line and inside.search(line.rstrip()) for line in islice(lines, SAMPLE_LINES))
    return Quoting(has_escapes=True) if has_escapes else None


def standard_lines(lines: Iterable[str], quoting: Quoting, delimiter: str) -> Iterator[str]:
    """The lines in the quoting of RFC 4180."""
    if quoting.has_escapes:
        yield from (ESCAPED.sub(_unescaped, line) if "\\" in line else line for line in lines)
        return
    opening, closing = (re.escape(one) for one in quoting.pair)
    mark = re.escape(delimiter)
    begins = re.compile(rf"(^\ufeff?|{mark})( *){opening}")
    ends = re.compile(rf"{closing}( *)(?={mark}|[\r\n]*$)")
    yield from map(partial(_requoted, begins=begins, ends=ends, closing=quoting.pair[1]), lines)


def _unescaped(match: re.Match[str]) -> str:
    return '""' if match.group(1) == '"' else match.group(1)


def _requoted(line: str, begins: re.Pattern[str], ends: re.Pattern[str], closing: str) -> str:
    """Quotes beside delimiters become those of RFC 4180; a doubled closing one is data, and so are straight ones."""
    found = ends.sub(r'"\1', begins.sub(r'\1\2"', line.replace('"', '""')))
    return found.replace(2 * closing, closing)
