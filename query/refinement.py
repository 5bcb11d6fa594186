"""Words that split the results, to narrow them down by: read from the results, ordered by how much each tells.

A word tells the more, the more even the split is that it makes: the entropy of its share of the results, in bits (Shannon, A
Mathematical Theory of Communication, 1948). What nearly all or nearly none of the results have splits nothing.
"""

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from statistics import median
from typing import Any

from factors.base import Factor, TextUse
from factors.confirmed import MAX_LETTERS, MIN_LETTERS, STOP, folded
from factors.stop_words import stop_words
from factors.text import Words
from query.answer import Refinement
from query.engine_calls import check_shards

Json = dict[str, Any]
MAX_READ = 100  # results whose words are read: the best ones
MAX_REFINEMENTS = 10
MIN_SHARE, MAX_SHARE = 0.05, 0.9  # of the results that have a word
MANY_LANGUAGES = 4  # of the median result, from which its text is taken for translations
MIN_RESULTS = 2  # that have a word, and that lack it
ALIKE = 0.8  # Jaccard index of the results that have two words, from which both make the same split
ENDINGS = ("", "s", "es", "d", "ed", "ing", "e", "n", "en")  # that an inflected form adds to a word
MIN_STEM, MAX_ENDING = 5, 2  # letters that forms of one word share at least, and that each may have in place of the other's
MAX_WORDS_KEPT = 20_000  # of all answers: folding a word takes longer than finding it
MAX_FORMS = 5  # of one word that are excluded with it
GENERIC = frozenset("image images img jpeg jpg photo photograph photos picture pictures png webp".split())  # noqa: SIM905
# A word as the engine's standard tokenizer splits text: `don't`, `img_12` and `www.example.com` are one each.
TOKEN = re.compile(r"\w+(?:['’.:]\w+)*")
POSSESSIVE = re.compile(r"['’]s$")


@dataclass(slots=True)
class _Found:
    """A word or name: the results that have it (by place), the factors that offer it, and how often each form occurs."""

    results: set[int] = field(default_factory=set)
    factors: set[str] = field(default_factory=set)
    forms: Counter[str] = field(default_factory=Counter)

    def add(self, other: "_Found") -> None:
        """Take in another form of the same word."""
        self.results |= other.results
        self.factors |= other.factors
        self.forms += other.forms


@dataclass(frozen=True, slots=True)
class _Read:
    """One text of a result, and its words as they stand, in lower case."""

    place: int
    factor: str
    use: TextUse
    forms: tuple[str, ...]


def words_body(ids: Sequence[str], factors: Sequence[Factor]) -> Json:
    """The request for the words of the best results."""
    read = list(ids[:MAX_READ])
    paths = sorted({path for factor in factors for path in factor.refining_fields()})
    query: Json = {"bool": {"filter": [{"ids": {"values": read}}]}}
    return {"size": len(read), "_source": [*paths, "languages"], "track_total_hits": False, "query": query}


def refinements(response: Json, factors: Sequence[Factor], asked: Words) -> list[Refinement]:
    """The words that split these results, the most telling first; RefusedError where the engine refused the request."""
    check_shards(response)
    documents = [hit["_source"] for hit in response["hits"]["hits"]]
    number = len(documents)
    own = [folded(word) for term in (*asked.must, *asked.should, *asked.must_not) for word in term.text.split()]
    offered = _any_language(documents)
    found = _found([text for at, document in enumerate(documents) for text in _texts(at, document, factors, offered)])
    stops = STOP | GENERIC | _stops(documents)
    splitting = [
        (key, one)
        for key, one in _merged(found).items()
        if one.factors and _splits(len(one.results), number) and key not in stops and not _is_asked(key, own)
    ]
    # Where a name and its words make the same split, the name says more.
    telling = sorted(splitting, key=lambda pair: (-_entropy(len(pair[1].results) / number), -pair[0].count(" "), pair[0]))
    return [_refinement(one) for one in _distinct([one for _, one in telling])]


def _splits(having: int, number: int) -> bool:
    """Whether neither nearly all nor nearly none of the results have it."""
    return min(having, number - having) >= MIN_RESULTS and MIN_SHARE <= having / number <= MAX_SHARE


def _entropy(share: float) -> float:
    """Of a split into this share and the rest, in bits; 1 for halves."""
    return -sum(part * math.log2(part) for part in (share, 1 - share) if part)


def _any_language(documents: Sequence[Json]) -> TextUse:
    """The use of text in any language: few languages to a result are those of its readers, many are translations."""
    numbers = [len(document.get("languages") or ()) for document in documents]
    return "counted" if numbers and median(numbers) >= MANY_LANGUAGES else "words"


def _texts(place: int, document: Json, factors: Sequence[Factor], any_language: TextUse) -> Iterator[_Read]:
    """Every text of a result in which words are searched."""
    for factor in factors:
        for path, use in factor.refining_fields().items():
            for text in _values(document, path):
                meant = any_language if use == "any language" else use
                yield _Read(place, factor.name, meant, tuple(TOKEN.findall(text.lower())))


def _values(document: Mapping[str, Any], path: str) -> list[str]:
    """The texts of a field; `path` has dots where it is within an object."""
    value: Any = document
    for part in path.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return [value] if isinstance(value, str) else [str(text) for text in value or ()]


def _stops(documents: Iterable[Json]) -> frozenset[str]:
    """Stop words of English and of the documents' languages."""
    languages = {language for document in documents for language in document.get("languages") or ()}
    return frozenset().union(*(map(_folded, stop_words(language)) for language in {"en", *languages}))


def _found(texts: Sequence[_Read]) -> dict[str, _Found]:
    """Every word and name of the texts, by its folded form; those that no factor offers are counted all the same."""
    found: dict[str, _Found] = {}
    for text in texts:
        is_name = text.use == "names" and len(text.forms) > 1
        offered = text.use == "words" or (text.use == "names" and not is_name)
        for form in {*text.forms}:
            if key := _key(form):
                _note(found, key, form, text, offered=offered)
        if is_name:
            _note(found, folded(" ".join(text.forms)), " ".join(text.forms), text, offered=True)
    if names := [key for key in found if " " in key]:
        for text in texts:
            written = f" {' '.join(map(_folded, text.forms))} "
            for name in (name for name in names if f" {name} " in written):
                found[name].results.add(text.place)
    return found


def _note(found: dict[str, _Found], key: str, form: str, text: _Read, *, offered: bool) -> None:
    one = found.get(key) or found.setdefault(key, _Found())
    one.results.add(text.place)
    one.forms[form] += 1
    if offered:
        one.factors.add(text.factor)


@lru_cache(maxsize=MAX_WORDS_KEPT)
def _key(form: str) -> str:
    """The folded word; empty for an address, a file name, a number, and a word that is too short or too long to be offered."""
    word = POSSESSIVE.sub("", form)
    is_word = word.isalnum() and MIN_LETTERS <= len(word) <= MAX_LETTERS and any(map(str.isalpha, word))
    return _folded(form) if is_word else ""


_folded = lru_cache(maxsize=MAX_WORDS_KEPT)(folded)


def _is_asked(word: str, own: Sequence[str]) -> bool:
    """Whether the question has all words of it."""
    return all(any(is_form(part, asked) for asked in own) for part in word.split())


def _merged(found: Mapping[str, _Found]) -> dict[str, _Found]:
    """Forms of one word together, under the form that most results have."""
    kept: dict[str, dict[str, _Found]] = {}  # by their first letters, so that few pairs are compared
    for word in sorted(found, key=lambda word: (-len(found[word].results), word)):
        near = kept.setdefault(word[:MIN_LETTERS], {})
        same = next((other for other in near if is_form(word, other)), word)
        near.setdefault(same, _Found()).add(found[word])
    return {word: one for near in kept.values() for word, one in near.items()}


def is_form(one: str, other: str) -> bool:
    """Whether two folded words are inflected forms of one word; names of several words are so only where they are equal.

    The language is not known, so that no stemmer fits: one adds an ending to the other, or both have short endings after the
    same beginning.
    """
    if one == other or " " in one or " " in other:
        return one == other
    short, long = sorted((POSSESSIVE.sub("", one), POSSESSIVE.sub("", other)), key=len)
    if long.startswith(short):
        return long[len(short) :] in ENDINGS
    if short.endswith("y") and long == f"{short[:-1]}ies":
        return True
    stem = next(at for at, letters in enumerate(zip(short, long, strict=False)) if letters[0] != letters[1])
    return stem >= MIN_STEM and len(long) - stem <= MAX_ENDING


def _distinct(telling: Sequence[_Found]) -> list[_Found]:
    """The first ones, without those that split the results like one before them."""
    kept: list[_Found] = []
    for one in telling:
        if len(kept) < MAX_REFINEMENTS and not any(_alike(one.results, other.results) for other in kept):
            kept.append(one)
    return kept


def _alike(one: set[int], other: set[int]) -> bool:
    return len(one & other) >= ALIKE * len(one | other)


def _refinement(found: _Found) -> Refinement:
    forms = sorted(found.forms, key=lambda form: (-found.forms[form], form))[:MAX_FORMS]
    terms = [f'"{form}"' if " " in form else form for form in forms]
    excluded = " ".join(f"-{term}" for term in terms)
    factors = sorted(found.factors)
    return Refinement(word=forms[0], count=len(found.results), factors=factors, require=f"+{terms[0]}", exclude=excluded)
