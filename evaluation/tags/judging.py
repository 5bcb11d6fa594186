"""What counts as a right tag.

A tag is right if one of the hidden texts has all of its content words (in any order, in any number or case), or, in English, if
it is a WordNet synonym of something that the texts name, or a kind of it (`bird` for `a lark`) that is not trivially general.
A kind that more than a quarter of the pictures of the set are of says nothing, and is wrong.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from answers.tags.lexicon import TOO_GENERAL, english
from answers.tags.phrases import RELATED, Keys, phrases
from answers.tags.words import ENGLISH, chunks
from evaluation.tags.sets import TagQuestion
from factors.stop_words import stop_words

MAX_KIND_SHARE = 0.25  # of the pictures of a set that are of a kind, from which naming it says nothing
MAX_NAME = 3  # words of a name that WordNet is asked for


@dataclass(frozen=True)
class Truth:
    """The hidden texts of a picture; `trivial` are kinds that too many pictures of the set are of."""

    texts: Sequence[str]
    language: str
    trivial: frozenset[str] = field(default=frozenset())

    def is_right(self, keys: Keys, *, kinds: bool = True) -> bool:
        """Whether a tag with these words is right; `kinds`: also if it is a synonym, or a kind of what is named."""
        content = [key for key in keys if key not in self._stops]
        if content and any(words.issuperset(content) for words in self._words):
            return True
        return kinds and self.language == ENGLISH and self._is_kind(" ".join(keys))

    @cached_property
    def named(self) -> frozenset[str]:
        """The single things that the texts name: what recall is measured by."""
        found = {keys for text in self.texts for keys, _ in phrases(text, self.language) if len(keys) == 1}
        return frozenset(keys[0] for keys in found)

    @cached_property
    def kinds(self) -> frozenset[str]:
        """What the named things are kinds of."""
        return frozenset(kind for name in self._names for kind in english().kinds(name)) - TOO_GENERAL

    @cached_property
    def _names(self) -> frozenset[str]:
        runs = [[word.key for word in run] for text in self.texts for run in chunks(text, self.language)]
        return frozenset(
            " ".join(run[at : at + size])
            for run in runs
            for size in range(1, MAX_NAME + 1)
            for at in range(len(run) - size + 1)
        )

    @cached_property
    def _words(self) -> list[frozenset[str]]:
        """The words of each text."""
        return [frozenset(word.key for run in chunks(text, self.language) for word in run) for text in self.texts]

    @cached_property
    def _stops(self) -> frozenset[str]:
        return stop_words(RELATED.get(self.language, self.language))

    def _is_kind(self, phrase: str) -> bool:
        if phrase in self.trivial or phrase in TOO_GENERAL:
            return False
        meaning = english().synsets(phrase)[:1]
        return phrase in self.kinds or any(meaning and english().synsets(name)[:1] == meaning for name in self._names)


def truths(questions: Iterable[TagQuestion]) -> list[Truth]:
    """The truth of each question of one set."""
    plain = [Truth(one.texts, one.language) for one in questions]
    counts: dict[str, int] = {}
    for one in plain:
        for kind in one.kinds if one.language == ENGLISH else ():
            counts[kind] = counts.get(kind, 0) + 1
    english_ones = sum(one.language == ENGLISH for one in plain)
    trivial = frozenset(kind for kind, count in counts.items() if count > MAX_KIND_SHARE * english_ones)
    return [Truth(one.texts, one.language, trivial) for one in plain]
