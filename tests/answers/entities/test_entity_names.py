"""Names are compared as readers read them, and found in texts."""

import pytest

from answers.entities.names import by_language, folded, names_in, singular


@pytest.mark.parametrize(
    ("written", "compared"),
    [
        ("The Eiffel Tower", "eiffel tower"),
        ("Café  Čiao!", "cafe ciao"),
        ("A frog.", "frog"),
        ("GAZ-69", "gaz 69"),
        ("Straße", "strasse"),
        ("Москва", "москва"),
        ("the", "the"),
        ("🙂 !!!", ""),
        ("AT&T", "at&t"),
    ],
)
def test_case_accents_articles_and_punctuation_do_not_count(written: str, compared: str) -> None:
    assert folded(written) == compared


def test_the_plural_of_a_name_is_the_name() -> None:
    assert [singular(name) for name in ("red roses", "glass", "bus", "cactus", "gas")] == [
        "red rose",
        "glass",
        "bus",
        "cactus",
        "gas",
    ]


def test_a_name_in_a_text_has_its_share_of_the_words() -> None:
    found = dict(names_in("A photo of Machu Picchu"))
    assert found["machu picchu"] == 0.5
    assert found["photo of machu picchu"] == 1.0


def test_a_text_of_megabytes_is_read_at_its_beginning_only() -> None:
    assert len(dict(names_in("<script>alert(1)</script> word " * 400_000))) < 400


@pytest.mark.parametrize(
    ("language", "given"),
    [("de", ("de", "Frosch")), ("pt-BR", ("pt", "sapo")), ("ja", ("en", "frog")), ("en-GB", ("en", "frog"))],
)
def test_a_reader_gets_their_language_or_one_near_it(language: str, given: tuple[str, str]) -> None:
    assert by_language({"en": "frog", "de": "Frosch", "pt": "sapo"}, language) == given


def test_without_english_the_first_text_is_given() -> None:
    assert by_language({"ja": "蛙"}, "de") == ("ja", "蛙")
    assert by_language({}, "de") == ("", "")
