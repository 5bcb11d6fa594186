"""What WordNet knows of English words: their part of speech, basic form, kinds and antonyms (Miller, 1995).

Without WordNet (the package wordnet-base) every word counts as a noun, which is what an unknown word most likely is.
"""

from collections import Counter
from collections.abc import Iterator
from functools import cached_property, lru_cache
from pathlib import Path

from engine.errors import ConfigurationError
from vision.wordnet import GENERAL_HYPERNYMS, hypernyms_of, noun, senses, wordnet_folder

PARTS = {"1": "noun", "2": "verb", "3": "adjective", "4": "adverb", "5": "adjective"}  # by the first digit after `%`
# Endings of inflected forms, and what stands in their place in the basic form (`morphy` of WordNet).
NOUN_ENDINGS = (("s", ""), ("ses", "s"), ("ves", "f"), ("xes", "x"), ("zes", "z"), ("ches", "ch"), ("shes", "sh"), ("ies", "y"))
VERB_ENDINGS = (("s", ""), ("ies", "y"), ("es", "e"), ("es", ""), ("ed", "e"), ("ed", ""), ("ing", "e"), ("ing", ""))
NAMING_SHARE = 0.2  # of a word's uses as a noun, from which it may name a thing
FEW_USES = 10.0  # below which the counts say little, and any noun may name a thing
MIN_LETTERS = 3  # of a word whose ending is taken off
UNCOUNTED = 0.5  # uses of a word in a part of speech that WordNet lists without having met it
THINGS = frozenset(("05", "06", "13", "20"))  # subjects of WordNet: animals, artefacts, food, plants
FAMILIAR = 3  # uses of a noun from which people name a kind by it
KINGDOMS = frozenset(("animal", "food", "plant"))  # WordNet has them among the roots of its subjects
MAX_KINDS = 3  # of a thing, the nearest
TOO_GENERAL = GENERAL_HYPERNYMS | frozenset(
    """
    brass commodity container covering creation design device equipment implement means produce representation solid structure
    way
    """.split()  # noqa: SIM905
)
CACHED_WORDS = 20_000


class Lexicon:
    """WordNet's files, read when first asked; safe to share between threads."""

    def __init__(self, folder: Path | None) -> None:
        """`folder` has WordNet's files; None where it is not installed."""
        self._folder = folder
        self.lemma = lru_cache(maxsize=CACHED_WORDS)(self._lemma)
        self.names_things = lru_cache(maxsize=CACHED_WORDS)(self._names_things)
        self.modifies = lru_cache(maxsize=CACHED_WORDS)(self._modifies)
        self.familiar_kinds = lru_cache(maxsize=CACHED_WORDS)(self._familiar_kinds)
        self.kinds = lru_cache(maxsize=CACHED_WORDS)(self._kinds)

    def _lemma(self, word: str) -> str:
        """The singular of a noun (`wolves`: `wolf`); any other word as it is."""
        if word in self._exceptions:
            return self._exceptions[word]
        if self.synsets(word) or len(word) < MIN_LETTERS:
            return word
        return next((stem for stem in _stems(word, NOUN_ENDINGS) if self.synsets(stem)), _regular(word))

    def _names_things(self, word: str) -> bool:
        """Whether a word may be the head of a noun phrase: mostly a noun, or unknown, as names are."""
        uses = self._uses(word)
        noun, total = uses.get("noun", 0.0), sum(uses.values())
        return not uses or noun >= NAMING_SHARE * total or (noun > 0 and total < FEW_USES)

    def _modifies(self, word: str) -> bool:
        """Whether a word may stand before a noun as a part of its phrase: an adjective or a noun."""
        uses = self._uses(word)
        return not uses or uses.get("noun", 0.0) + uses.get("adjective", 0.0) >= NAMING_SHARE * sum(uses.values())

    def _familiar_kinds(self, phrase: str) -> tuple[str, ...]:
        """The nearest kinds of a thing that people name: `bird` for `lark`, not `oscine`; none of what is no thing."""
        meanings = self.synsets(phrase)[:1]
        if not meanings:
            return ()
        found = [(one.names[0].lower(), f"{one.file:02d}") for one in hypernyms_of(noun(meanings[0]))]
        things = [(name, subject) for name, subject in found if subject in THINGS or name in KINGDOMS]
        familiar = [name for name, subject in things if self._uses_of_meaning[name, subject] >= FAMILIAR]
        return tuple([name for name in dict.fromkeys(familiar) if name not in TOO_GENERAL][:MAX_KINDS])

    def synsets(self, phrase: str) -> tuple[int, ...]:
        """The meanings of a noun or name, the most usual first; empty for an unknown one."""
        return senses(phrase) if self._folder else ()

    def _kinds(self, phrase: str) -> frozenset[str]:
        """Names of what the most usual meaning of a noun is a kind of, at any distance."""
        meanings = self.synsets(phrase)[:1]
        if not meanings:
            return frozenset()
        return frozenset(name.lower() for synset in hypernyms_of(noun(meanings[0])) for name in synset.names)

    def are_synonyms(self, one: str, other: str) -> bool:
        """Whether two nouns share a meaning."""
        return bool({*self.synsets(one)} & {*self.synsets(other)})

    def antonyms(self, word: str) -> frozenset[str]:
        """The opposites of an adjective or noun."""
        return self._antonyms.get(word, frozenset())

    def _uses(self, word: str) -> dict[str, float]:
        """How often a word was met in each part of speech, as itself or as an inflected form; empty for an unknown word."""
        found: dict[str, float] = {}
        for part, words in self._words.items():
            forms = {word, *_stems(word, NOUN_ENDINGS if part == "noun" else VERB_ENDINGS if part == "verb" else ())}
            if part == "noun" and word in self._exceptions:
                forms.add(self._exceptions[word])
            if known := forms & words:
                found[part] = max(self._counts.get((one, part), 0) for one in known) + UNCOUNTED
        return found

    @cached_property
    def _words(self) -> dict[str, frozenset[str]]:
        files = {"noun": "noun", "verb": "verb", "adjective": "adj", "adverb": "adv"}
        return {part: frozenset(line[0] for line in self._lines(f"index.{name}")) for part, name in files.items()}

    @cached_property
    def _counts(self) -> dict[tuple[str, str], int]:
        """(word, part of speech) -> how often it was met in the texts that WordNet's authors tagged."""
        counts: Counter[tuple[str, str]] = Counter()
        for sense, _, count in self._lines("cntlist.rev"):
            word, _, rest = sense.partition("%")
            counts[word, PARTS[rest[0]]] += int(count)
        return counts

    @cached_property
    def _uses_of_meaning(self) -> Counter[tuple[str, str]]:
        """(noun, number of a subject) -> how often it was met with a meaning of that subject."""
        counts: Counter[tuple[str, str]] = Counter()
        for sense, _, count in self._lines("cntlist.rev"):
            word, _, rest = sense.partition("%")
            part, subject = rest.split(":")[:2]
            if PARTS[part] == "noun":
                counts[word.replace("_", " "), subject] += int(count)
        return counts

    @cached_property
    def _exceptions(self) -> dict[str, str]:
        """Irregular plural -> singular."""
        return {line[0]: line[1] for line in self._lines("noun.exc")}

    @cached_property
    def _antonyms(self) -> dict[str, frozenset[str]]:
        """Adjective or noun -> its opposites; the pointer `!` joins single words of two meanings."""
        found: dict[str, set[str]] = {}
        for name in ("data.adj", "data.noun"):
            names = {line[0]: line[4 : 4 + 2 * int(line[3], 16) : 2] for line in self._lines(name)}
            for line in self._lines(name):
                for at, symbol in enumerate(line):
                    if symbol == "!" and line[at + 1] in names:
                        source, target = int(line[at + 3][:2], 16), int(line[at + 3][2:], 16)
                        one, other = (_word(names[line[0]], source), _word(names[line[at + 1]], target))
                        found.setdefault(one, set()).add(other)
        return {word: frozenset(others) for word, others in found.items()}

    def _lines(self, name: str) -> Iterator[list[str]]:
        """The columns of a file, without the licence at its beginning and without glosses."""
        if self._folder is None:
            return
        with (self._folder / name).open(encoding="ascii") as file:
            for line in file:
                if not line.startswith("  ") and (columns := line.partition(" | ")[0].split()):
                    yield columns


def _word(names: list[str], number: int) -> str:
    """The word of a meaning that a pointer names, counted from 1; without the mark of its place in a phrase (`(p)`)."""
    return names[max(0, number - 1)].partition("(")[0].lower()


def _stems(word: str, endings: tuple[tuple[str, str], ...]) -> Iterator[str]:
    for ending, instead in endings:
        if word.endswith(ending) and len(word) - len(ending) + len(instead) >= MIN_LETTERS:
            yield word[: -len(ending)] + instead


def _regular(word: str) -> str:
    """The singular of an unknown word, such as a brand's product: only a plain `s` is taken off."""
    return word[:-1] if word.endswith("s") and not word.endswith(("ss", "us", "is")) and len(word) > MIN_LETTERS else word


@lru_cache(maxsize=1)
def english() -> Lexicon:
    """The lexicon of this process."""
    try:
        return Lexicon(wordnet_folder())
    except ConfigurationError:
        return Lexicon(None)
