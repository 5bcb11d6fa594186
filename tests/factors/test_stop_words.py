"""Words that say nothing are left out, in the language of the question, and never all of them."""

import pytest

from factors.stop_words import without_stop_words
from factors.text import Term, Words


@pytest.mark.parametrize(
    ("asked", "kept"),
    [
        ("a dog runs on grass", "dog runs grass"),
        ("Die Katze auf dem Sofa", "Katze Sofa"),
        ("red dog", "red dog"),  # "dog" is a stop word in Danish
        ("son", "son"),  # ... and this in French
        ("to be or not to be", "to be or not to be"),
        ("The", "The"),
        ("", ""),
    ],
)
def test_stop_words_are_left_out(asked: str, kept: str) -> None:
    assert without_stop_words(asked.split()) == kept.split()


def test_a_phrase_is_kept_whole() -> None:
    asked = Words(should=(Term("a"), Term("poster"), Term("poster")), must=(Term("the who", phrase=True),))
    assert asked.content == ("the", "who", "poster")
    assert asked.text == "the who a poster poster"
