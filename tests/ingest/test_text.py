"""File names without meaning, and characters that no index accepts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.text import clean, words_of_name

NOISE = [
    "IMG_1234.jpg",
    "DSC00012.JPG",
    "IMG-20240101-WA0001.jpg",
    "Screenshot 2024-01-02 at 10.11.12.png",
    "image (3).png",
    "p1.png",
    "0a1b2c3d4e5f6789.jpg",
    "550e8400-e29b-41d4-a716-446655440000.jpg",
    "dQw4w9WgXcQ1.jpg",
    "1234.png",
    "a/b/PXL_20230901_123456789.jpg",
    "x.png",
    "",
    "download.jpg",
    "unnamed (1).png",
]
MEANINGFUL = {
    "red-panda_02.png": "red panda 02",
    "Old town.jpeg": "Old town",
    "Кот_рыжий.png": "Кот рыжий",
    "facade.png": "facade",
    "shop/items/blue-mug.webp?width=300": "blue mug",
    "C:\\pictures\\photo of a cat.jpg": "photo of a cat",
    "東京タワー.jpg": "東京タワー",
}


@pytest.mark.parametrize("name", NOISE)
def test_names_that_programs_made_have_no_words(name: str) -> None:
    assert words_of_name(name) == ""


@pytest.mark.parametrize(("name", "words"), MEANINGFUL.items())
def test_names_that_people_gave_have_words(name: str, words: str) -> None:
    assert words_of_name(name) == words


def test_lone_surrogates_and_control_characters_are_removed_and_pairs_joined() -> None:
    assert clean("a\ud83d\ude00b\ud800c\x00\x1fd\u202ee") == "a😀b c d e"
    assert clean("नमस्\u200dते") == "नमस्\u200dते", "joiners are part of words"


@given(st.text(st.characters(), max_size=300))
def test_clean_text_can_be_sent_and_stays_as_it_is(text: str) -> None:
    cleaned = clean(text)
    assert cleaned.encode("utf-8").decode("utf-8") == cleaned
    assert clean(cleaned) == cleaned
