"""Stop words: words such as "a", "on" and "the", which are in texts of every subject and so say nothing about an image."""

from collections.abc import Sequence
from functools import lru_cache

from stopwords import LANGUAGE_MAPPING, get_stopwords

USUAL = "en"  # the language of questions that are too short to tell
MIN_WORDS = (
    2  # that are stop words of another language, for the question to be in it: one may be so by chance ("dog" in Danish)
)


def without_stop_words(words: Sequence[str]) -> list[str]:
    """The words without the stop words of one language: the one that has most of these words as stop words.

    A stop word of one language is a word of its own in another ("die", "son"), hence one language for the whole question. All
    words are kept where none would be left.
    """
    stops = _of_the_language(tuple(word.casefold() for word in words))
    return [word for word in words if word.casefold() not in stops] or list(words)


@lru_cache(maxsize=1024)
def _of_the_language(words: tuple[str, ...]) -> frozenset[str]:
    """The stop words of the language that has most of these words among them."""
    counts = {language: sum(word in stop_words(language) for word in words) for language in LANGUAGE_MAPPING}
    others = {language: count for language, count in counts.items() if count >= MIN_WORDS and count > counts[USUAL]}
    return stop_words(max(others, key=lambda language: others[language], default=USUAL))


@lru_cache(maxsize=64)
def stop_words(language: str) -> frozenset[str]:
    """The stop words of a language (BCP 47 primary); none where its stop words are not known."""
    if language not in LANGUAGE_MAPPING:
        return frozenset()
    return frozenset(get_stopwords(language)) - {""}
