"""Phrases of a text: noun phrases of up to five words, and the kinds of things that they name."""

from collections.abc import Iterator, Sequence

from answers.tags.lexicon import english
from answers.tags.words import ENGLISH, Word, chunks
from factors.stop_words import stop_words
from query.refinement import GENERIC

MAX_WORDS = 5  # of a phrase
RELATED = {"nb": "no", "nn": "no", "ast": "es", "an": "es", "gl": "gl", "vec": "it", "af": "nl"}  # whose stop words serve
LINKS = frozenset(("of", "for", "the", "de", "&"))  # that join the parts of an English name
# Nouns that say where or how much, and not what.
_VAGUE = """
another area back background bit bottom bunch close closeup couple day edge end foreground front group kind left lot many
middle number one other others pair part piece place right scene set several shot side some something sort thing time top
two type various view way
"""
VAGUE = GENERIC | frozenset(_VAGUE.split())
Keys = tuple[str, ...]


def phrases(text: str, language: str) -> Iterator[tuple[Keys, str]]:
    """The noun phrases of a text: keys of the words, and the phrase as it stands. In other languages than English, all runs
    of words that no stop word begins or ends.
    """
    stops = stop_words(RELATED.get(language, language))
    for words in chunks(text, language):
        for begin in range(len(words)):
            for end in range(begin + 1, min(len(words), begin + MAX_WORDS) + 1):
                run = words[begin:end]
                if _is_phrase(run, stops) and (language != ENGLISH or _is_english_phrase(run, stops)):
                    yield tuple(word.key for word in run), written(run)


def written(words: Sequence[Word]) -> str:
    """The phrase as it stands in a text."""
    return "".join(word.text if word.joined or not at else f" {word.text}" for at, word in enumerate(words))


def _is_phrase(run: Sequence[Word], stops: frozenset[str]) -> bool:
    first, last = run[0].text.lower(), run[-1].text.lower()
    if first in stops or last in stops or not any(character.isalpha() for word in run for character in word.text):
        return False
    return len(run) > 1 or len(first) > 1 or run[0].joined


def _is_english_phrase(run: Sequence[Word], stops: frozenset[str]) -> bool:
    """Adjectives and nouns before a noun, or two such joined by a word like `of`; no vague noun at the end."""
    head, lexicon = run[-1], english()
    if head.key in VAGUE or not (head.key[:1].isdigit() or lexicon.names_things(head.text.lower())):
        return False
    inner = [word.text.lower() for word in run]
    return all(_joins(inner, at, stops) for at in range(len(inner) - 1))


def _joins(words: Sequence[str], at: int, stops: frozenset[str]) -> bool:
    """Whether a word may stand within an English phrase: `black and white dog`, `bottle of milk`, not `boy and dog`."""
    word, before, lexicon = words[at], words[at - 1], english()
    if word in LINKS:
        return before not in VAGUE and lexicon.lemma(before) not in VAGUE
    if word == "and":
        return lexicon.modifies(before) and not lexicon.names_things(before)
    return word not in stops and word not in VAGUE and lexicon.modifies(word)
