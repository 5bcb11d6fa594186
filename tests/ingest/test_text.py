"""File names without meaning, and characters that no index accepts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.text import camera_name, clean, words_of_name, words_of_stem

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
    "deadbeef00c0ffee.jpg",
    "a1b2c3d4.jpg",
    "12ab34cd-56ef.jpg",
    "AF1QipOx7Kq2Lw9Zt3.jpg",
    "DJI_0001.JPG",
    "20190504_101112.jpg",
]
CAMERA_NAMES = {
    "IMG_1234": "IMG_1234",
    "DSC01234": "DSC01234",
    "_DSC1234": "DSC1234",
    "IMG_1": "IMG_1",
    "P1010001": "P1010001",
    "20190504_101112": "20190504_101112",
    "12345678": "12345678",
    "IMG-20240101-WA0001": "IMG-20240101-WA0001",
    "Screenshot 2024-01-02 at 10.11.12": "2024-01-02 10.11.12",
    "image (3)": "",
    "x": "",
    "0a1b2c3d4e5f6789": "",
    "dQw4w9WgXcQ1": "",
    "red-panda_02": "",
}
MEANINGFUL = {
    "red-panda_02.png": "red panda 02",
    "Old town.jpeg": "Old town",
    "Кот_рыжий.png": "Кот рыжий",
    "facade.png": "facade",
    "shop/items/blue-mug.webp?width=300": "blue mug",
    "C:\\pictures\\photo of a cat.jpg": "photo of a cat",
    "東京タワー.jpg": "東京タワー",
    "猫.jpg": "猫",
    "what? now lighthouse.jpg": "what? now lighthouse",
    "https://shop.example/image/red-mug?id=5&v=2": "red mug",
    "https://shop.example/caf%C3%A9-table.jpeg?x": "café table",
    "100% wool.jpg": "100% wool",
    "EiffelTower2019.jpg": "Eiffel Tower 2019",
    "GrandmaBirthday2018.jpg": "Grandma Birthday 2018",
    "IMG20190504Rome.jpg": "IMG20190504Rome",
    "christmas2017.jpg": "christmas 2017",
    "ÉtéParis2020.jpg": "Été Paris 2020",
    "YouTube.jpg": "You Tube",
    "McDonald.jpg": "McDonald",
    "XGR535.jpg": "XGR535",
    "cafe-2020.jpg": "cafe 2020",
    "facade-2021.jpg": "facade 2021",
    "decade-1980.jpg": "decade 1980",
    "facade2021.jpg": "facade 2021",
    "bead-20190504.jpg": "bead",
    "КотРыжий.jpg": "Кот Рыжий",
    "BigBen.jpg": "Big Ben",
}


@pytest.mark.parametrize("name", NOISE)
def test_names_that_programs_made_have_no_words(name: str) -> None:
    assert words_of_name(name) == ""


@pytest.mark.parametrize(("name", "words"), MEANINGFUL.items())
def test_names_that_people_gave_have_words(name: str, words: str) -> None:
    assert words_of_name(name) == words


@pytest.mark.parametrize(("stem", "typed"), CAMERA_NAMES.items())
def test_the_name_that_a_camera_gave_is_kept_as_somebody_types_it(stem: str, typed: str) -> None:
    assert camera_name(stem) == typed


def test_a_question_mark_in_a_file_s_name_is_no_query_of_an_address() -> None:
    assert words_of_stem("what? now lighthouse") == "what? now lighthouse"


def test_lone_surrogates_and_control_characters_are_removed_and_pairs_joined() -> None:
    assert clean("a\ud83d\ude00b\ud800c\x00\x1fd\u202ee") == "a😀b c d e"
    assert clean("नमस्\u200dते") == "नमस्\u200dते", "joiners are part of words"


@given(st.text(st.characters(), max_size=300))
def test_clean_text_can_be_sent_and_stays_as_it_is(text: str) -> None:
    cleaned = clean(text)
    assert cleaned.encode("utf-8").decode("utf-8") == cleaned
    assert clean(cleaned) == cleaned
