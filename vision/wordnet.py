"""WordNet's nouns: synsets with names, glosses and hypernyms, read from the files of the package wordnet-base.

The format is that of wndb(5WN). A line of `data.noun` is `offset file type count (word id)* pointers (symbol offset ...)* |
gloss`, a line of `index.noun` is `lemma n senses pointers symbol* senses tagged offset*`, the most frequent sense first.
"""

import mmap
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from engine.errors import ConfigurationError

WORDNET_FOLDERS = (Path("/usr/share/wordnet"), Path("/usr/share/wordnet/dict"), Path("/usr/local/share/wordnet"))
HYPERNYM, CLASS_OF_INSTANCE = "@", "@i"  # symbols of pointers
# Hypernyms that are too general to describe a picture.
GENERAL_HYPERNYMS = {
    "entity", "physical entity", "abstraction", "object", "whole", "matter", "causal agent", "thing", "unit", "artifact",
    "instrumentality", "organism", "living thing", "psychological feature", "abstract entity", "physical object",
    "artefact", "being", "animate thing", "instrumentation", "group", "grouping", "substance", "part", "relation",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Synset:
    """Names of a synset, the offsets of its hypernyms, its gloss, and the number of its lexicographer's file.

    `is_instance`: it is one thing that has a name (Machu Picchu), and its hypernyms are classes of that thing.
    """

    offset: int
    names: tuple[str, ...]
    hypernyms: tuple[int, ...]
    gloss: str = ""
    file: int = 0
    is_instance: bool = False

    @property
    def id(self) -> str:
        """As ImageNet writes it: `n02099601`."""
        return f"n{self.offset:08d}"


def wordnet_folder() -> Path:
    """The folder of WordNet's files. Raise ConfigurationError if it is not installed."""
    for folder in WORDNET_FOLDERS:
        if (folder / "data.noun").exists():
            return folder
    raise ConfigurationError("WordNet is missing; install the package wordnet-base")


@lru_cache(maxsize=50_000)
def noun(offset: int) -> Synset:
    """The synset at a byte offset of `data.noun`; ConfigurationError without WordNet."""
    data = _mapped(wordnet_folder() / "data.noun")
    return parsed(data[offset : data.find(b"\n", offset)])


def parsed(line: bytes) -> Synset:
    """The synset of a line of `data.noun`."""
    fields, _, gloss = line.decode("ascii").partition(" | ")
    parts = fields.split()
    count = int(parts[3], 16)
    names = tuple(word.replace("_", " ") for word in parts[4 : 4 + 2 * count : 2])
    pointers = parts[5 + 2 * count :]  # four columns per pointer
    up = [(pointers[at], int(pointers[at + 1])) for at in range(0, len(pointers) - 3, 4) if pointers[at][0] == HYPERNYM]
    is_instance = any(symbol == CLASS_OF_INSTANCE for symbol, _ in up)
    return Synset(int(parts[0]), names, tuple(offset for _, offset in up), gloss.strip(), int(parts[1]), is_instance)


def all_synsets() -> Iterator[Synset]:
    """Every noun synset, in the order of the file; lines that begin with a blank are WordNet's licence."""
    with (wordnet_folder() / "data.noun").open("rb") as lines:
        yield from (parsed(line) for line in lines if not line.startswith(b" "))


def hypernyms_of(synset: Synset) -> Iterator[Synset]:
    """All hypernyms, nearest first, each once."""
    waiting, seen = list(synset.hypernyms), set()
    while waiting:
        offset = waiting.pop(0)
        if offset not in seen:
            seen.add(offset)
            found = noun(offset)
            yield found
            waiting += found.hypernyms


def senses(name: str) -> tuple[int, ...]:
    """Offsets of the synsets that a noun names, the most frequent first; none where WordNet lacks it."""
    if not name or not name.isascii():  # as all lemmas are
        return ()
    lemma, lines = name.lower().replace(" ", "_").encode(), _index(wordnet_folder() / "index.noun")
    at = bisect_left(lines, lemma, key=lambda line: line.split(b" ", 1)[0])
    if at == len(lines) or lines[at].split(b" ", 1)[0] != lemma:
        return ()
    fields = lines[at].split()
    return tuple(int(offset) for offset in fields[-int(fields[2]) :])


@lru_cache(maxsize=2)
def _index(file: Path) -> list[bytes]:
    """The lines of `index.noun`, sorted by lemma, without the licence."""
    return sorted(line for line in file.read_bytes().splitlines() if not line.startswith(b" "))


@lru_cache(maxsize=2)
def _mapped(file: Path) -> mmap.mmap:
    """A file in memory, page by page as it is read."""
    with file.open("rb") as opened:
        return mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ)
