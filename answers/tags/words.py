"""Words of linked text, and the forms by which they are compared: without case, accents, script and number."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from answers.tags.lexicon import english
from factors.confirmed import folded
from mappings.analysis import primary
from query.refinement import POSSESSIVE

ENGLISH = "en"
MAX_LETTERS = 400  # of a snippet that is read: what it says first is what it is about
MAX_WORD = 40  # letters of a word; a longer one is none
CACHED_WORDS = 50_000
# Vowel signs and the like, which are parts of words in many scripts, and no letters to `re`.
MARKS = "".join(letter for letter in map(chr, range(0x300, 0x10000)) if unicodedata.category(letter)[0] == "M")
LETTER = rf"(?:[^\W\d_]|[{MARKS}])"
# What phrases do not cross. A dot or comma within a number or word does not end a phrase.
BREAK = re.compile(rf"""[^\w\s{MARKS}'’.,:/&-]+|[.,:/&-]+(?=\s|$)|(?<=\s)[.,:/&-]+|(?<!\d)[/](?!\d)|[\n]""")
# A number, a word with its inner apostrophes and dots; a hyphen joins two words.
WORD = re.compile(rf"\d+(?:[.,]\d+)*|{LETTER}+(?:['’.]{LETTER}+)*")
CODE = re.compile(r"(?=[A-Z0-9-]*[A-Z])(?=[A-Z0-9-]*\d)[A-Z0-9]+(?:-[A-Z0-9]+)*")  # `SKU-1234`, `DMC-FZ50`
IDEOGRAPHS = re.compile("[\u3400-\u9fff\uf900-\ufaff]")  # each may be a word, none is set apart
UNITS = {  # unit -> base unit and how many of it
    "kg": ("g", 1000.0), "mg": ("g", 0.001), "l": ("ml", 1000.0), "cl": ("ml", 10.0), "dl": ("ml", 100.0),
    "m": ("mm", 1000.0), "cm": ("mm", 10.0), "km": ("mm", 1_000_000.0), "g": ("g", 1.0), "ml": ("ml", 1.0), "mm": ("mm", 1.0),
}  # fmt: skip
# Cyrillic and Greek letters in Latin ones (as in ISO 9 without its diacritics, and ELOT 743).
_LATIN = """
а=a б=b в=v г=g д=d е=e ё=e ж=z з=z и=i й=j к=k л=l м=m н=n о=o п=p р=r с=s т=t у=u ф=f х=h ц=c ч=c ш=s щ=sc ъ= ы=y ь= э=e
ю=u я=a і=i ї=i є=e ґ=g ђ=d ј=j љ=lj њ=nj ћ=c џ=dz ў=u ќ=k ѓ=g ѕ=z α=a β=v γ=g δ=d ε=e ζ=z η=i θ=th ι=i κ=k λ=l μ=m ν=n ξ=x
ο=o π=p ρ=r σ=s τ=t υ=y φ=f χ=ch ψ=ps ω=o ς=s ά=a έ=e ή=i ί=i ό=o ύ=y ώ=o ϊ=i ϋ=y
"""
LATIN = dict(pair.split("=") for pair in _LATIN.split())
TRANSLITERATION = str.maketrans(LATIN)


@dataclass(frozen=True, slots=True)
class Word:
    """A word as it stands, and its key: equal for forms of one word in one language. `joined`: no blank is before it."""

    text: str
    key: str
    joined: bool = False


def chunks(text: str, language: str) -> Iterator[list[Word]]:
    """The words of each run of text that no punctuation breaks."""
    for run in BREAK.split(text[:MAX_LETTERS]):
        if words := list(_words(run, language)):
            yield words


def _words(run: str, language: str) -> Iterator[Word]:
    """Words, codes as one each, and ideographs as one each."""
    place, end = 0, -1
    while place < len(run):
        found = CODE.match(run, place) if place != end else None
        found = found or WORD.match(run, place)
        if found is None:
            place += 1
            continue
        for text in _parts(found[0]):
            if len(text) <= MAX_WORD:
                yield Word(text, key(text, language), joined=bool(IDEOGRAPHS.match(text)))
        place = end = found.end()


def _parts(text: str) -> list[str]:
    """A word, or its ideographs."""
    return list(text) if IDEOGRAPHS.match(text) else [text]


@lru_cache(maxsize=CACHED_WORDS)
def key(word: str, language: str) -> str:
    """By which forms of a word are equal: no case, accents and possessive, Latin letters; the singular, in English."""
    if CODE.fullmatch(word):
        return word.replace("-", "").lower()
    bare = POSSESSIVE.sub("", word).lower()
    if primary(language) == ENGLISH:
        return english().lemma(folded(bare).replace("’", "'"))
    return folded(unicodedata.normalize("NFC", bare).translate(TRANSLITERATION))


def quantities(keys: tuple[str, ...]) -> frozenset[tuple[float, str]]:
    """The numbers among the words, each with its base unit: `1 kg` is `1000 g`, and `500 g` is neither."""
    found = set()
    for at, one in enumerate(keys):
        if one[:1].isdigit() and (number := _number(one)) is not None:
            unit, times = UNITS.get(keys[at + 1] if at + 1 < len(keys) else "", ("", 1.0))
            found.add((round(number * times, 6), unit))
    return frozenset(found)


def _number(text: str) -> float | None:
    try:
        return float(text.replace(",", "."))
    except ValueError:
        return None
