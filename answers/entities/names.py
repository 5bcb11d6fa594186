"""Names as they are compared: folded, so that case, accents, articles and punctuation do not count; and the names in a text."""

import re
import unicodedata
from collections.abc import Iterator

from mappings.analysis import FOLDED

MAX_NAME_WORDS = 5  # of a name that is looked for in a text
MAX_TEXT = 400  # characters of one text that are read: names stand at its beginning
MAX_NAME = 120  # characters of a folded name
MIN_PLURAL = 4  # letters of a word from which a final s may be that of a plural
ARTICLES = frozenset(
    {"a", "an", "the", "some", "two", "le", "la", "les", "un", "une", "el", "los", "las", "der", "die", "das", "ein"}
)
SEPARATORS = re.compile(r"[^\w&+]+")
ASCII_MARKS = re.compile("[\u0300-\u036f]")


def folded(name: str) -> str:
    """A name in lower case, without accents, punctuation and leading articles; empty where no letter or digit is left."""
    apart = unicodedata.normalize("NFKD", name[: 4 * MAX_NAME].casefold().translate(FOLDED))
    words = SEPARATORS.sub(" ", unicodedata.normalize("NFC", ASCII_MARKS.sub("", apart))).replace("_", " ").split()
    while len(words) > 1 and words[0] in ARTICLES:
        words = words[1:]
    text = " ".join(words)[:MAX_NAME].strip()
    return text if any(letter.isalnum() for letter in text) else ""


def singular(name: str) -> str:
    """A folded name whose last word has lost the s of an English plural."""
    *_, last = name.split(" ")
    is_plural = len(last) >= MIN_PLURAL and last.endswith("s") and not last.endswith(("ss", "us", "is"))
    return name[:-1] if is_plural else name


def names_in(text: str) -> Iterator[tuple[str, float]]:
    """Every run of at most five words of a text, folded, with its share of the text's words: 1.0 is the whole text."""
    words = folded(text[:MAX_TEXT]).split()
    for length in range(min(MAX_NAME_WORDS, len(words)), 0, -1):
        for start in range(len(words) - length + 1):
            name, share = " ".join(words[start : start + length]), length / len(words)
            yield name, share
            if (one := singular(name)) != name:
                yield one, share


def by_language(texts: dict[str, str], language: str) -> tuple[str, str]:
    """Language and text that a reader gets: their language, one of the same kind (`pt` for `pt-BR`), English, or the first."""
    base = language.partition("-")[0].lower()
    near = next((tag for tag in texts if tag.partition("-")[0].lower() == base), "")
    for tag in (language, near, "en", next(iter(texts), "")):
        if texts.get(tag):
            return tag, texts[tag]
    return "", ""
