"""Words that the picture and its text say alike: which they are, and that the engine finds by them."""

import pytest

from factors.base import Evidence, Question
from factors.confirmed import MAX_CONFIRMED_WORDS, MISREAD_WEIGHT, Confirmed, confirmed
from factors.text import Kind, Term, TextSnippet, Words
from tests.factors.scenes import Live, documents, image_features, text_of

FACTOR = Confirmed()


def snippet(text: str, weight: float = 1.0) -> TextSnippet:
    return TextSnippet(Kind.CAPTION, text, "en", weight=weight)


def asked(*words: str) -> Question:
    return Question(words=Words(tuple(Term(word) for word in words)))


def test_words_are_confirmed_whatever_their_case_and_accents() -> None:
    assert confirmed("VALIO Crème 330", [snippet("Valio creme 330 g")]) == {"valio": 1.0, "creme": 1.0, "330": 1.0}


def test_one_letter_of_a_longer_word_may_be_misread_and_no_digit_of_a_number() -> None:
    said = [snippet("Bosch Hammer Moulin 12500 tea")]
    assert confirmed("B0SCH Hamer Moullin 12508 tee", said) == dict.fromkeys(("bosch", "hammer", "moulin"), MISREAD_WEIGHT)
    assert confirmed("Ohsch Hmamer", said) == {}


def test_stop_words_and_short_ones_do_not_count() -> None:
    assert confirmed("the and for with 24 ml", [snippet("the and for with 24 ml")]) == {}


def test_a_word_weighs_what_the_best_piece_weighs() -> None:
    assert confirmed("Valio milk shop", [snippet("Valio", 0.25), snippet("Valio milk", 0.5), snippet("shop", 0.0)]) == {
        "valio": 0.5,
        "milk": 0.5,
    }


def test_a_page_of_ten_thousand_words_is_soon_compared_and_kept_small() -> None:
    many = " ".join(f"word{n}x" for n in range(10_000))
    assert len(confirmed(many, [snippet(many)])) == MAX_CONFIRMED_WORDS


def test_nothing_in_common_is_said_so_that_an_old_value_goes() -> None:
    assert FACTOR.snippet_fields_of([snippet("milk")], {}) == {"confirmed": None}
    assert FACTOR.snippet_fields_of([], {"ocr": ["milk"]}) == {"confirmed": None}


@pytest.fixture
def shelf(live: Live) -> Live:
    """Two cartons that say it and are said to, one that only says it, one that is only said to."""
    seen = {
        "both": image_features(text=text_of("VALIO", "Fresh milk")),
        "weak": image_features(text=text_of("VALIO")),
        "printed": image_features(text=text_of("VALIO")),
        "said": image_features(text=text_of("something else")),
    }
    snippets = {
        "both": [snippet("Valio fresh milk")],
        "weak": [snippet("Valio", 0.5)],
        "printed": [],
        "said": [snippet("Valio")],
    }
    made = documents(seen)
    live.put(
        {key: {k: v for k, v in (made[key] | FACTOR.snippet_fields_of(snippets[key], made[key])).items() if v} for key in made}
    )
    return live


@pytest.mark.engine
def test_pictures_are_found_by_what_is_printed_and_said(shelf: Live) -> None:
    (column,) = FACTOR.clauses(asked("Valio", "milk"))
    assert shelf.found(column) == ["both", "weak"]
    table = shelf.table([column], ["both", "weak", "printed", "said"])
    assert table["both"]["confirmed"] == pytest.approx(1.0) and table["weak"]["confirmed"] == pytest.approx(0.25)
    assert table["printed"] == table["said"] == {}


@pytest.mark.engine
def test_a_picture_asks_by_the_words_on_it(shelf: Live) -> None:
    (column,) = FACTOR.clauses(Question(image_features(text=text_of("Valio"))))
    assert column.name == "confirmed.picture" and shelf.found(column) == ["both", "weak"]


@pytest.mark.engine
def test_the_words_are_told_and_boxed_as_they_are_printed(shelf: Live) -> None:
    evidence = Evidence("confirmed", 0.5, shelf.source("both"), asked("valio"))
    assert FACTOR.explain(evidence) == "“VALIO” is printed in it and said on its page."
    assert FACTOR.box(evidence) == [0.0, 0.0, 0.09, 0.05]
    two = Evidence("confirmed", 1.0, shelf.source("both"), asked("valio", "milk"))
    assert FACTOR.explain(two) == "“VALIO”, “milk” are printed in it and said on its page."
