"""The arithmetic of the commands that fit and measure weights, on made-up vectors and drawn pictures."""

from collections import Counter

import numpy as np
import pytest

from tests.vision.drawing import photo, picture
from training.drawing import draw_page, draw_sign
from training.reading import summary, words_of
from training.text_presence import measure


def test_the_gate_is_measured_by_what_it_saves_and_misses() -> None:
    found = measure(np.array([0.9, 0.15, 0.15, 0.01], np.float32), np.array([True, True, False, False]))
    assert (found["with_text"], found["without_text"]) == (2, 2)
    assert found["0.1"] == {"saved": 0.5, "missed": 0.0}
    assert found["0.2"] == {"saved": 1.0, "missed": 0.5}
    assert measure(np.array([0.9], np.float32), np.array([True]))["0.5"] == {"saved": None, "missed": 0.0}


def test_reading_is_measured_by_recall_and_precision_of_words() -> None:
    truths = ["one two three four is", "five six seven eight"]
    readings = ["one two three", "five five xxx yyy zzz is"]
    read = [[Counter(words_of(text, shortest)) for text in readings] for shortest in (3, 1)]
    assert summary(truths, *read) == {
        "word_recall": 0.5,
        "word_precision": 0.5,
        "recall_of_all_words": round(4 / 9, 3),
        "words_read_per_picture": 4.0,
    }
    assert summary(["", ""], *read)["word_recall"] is None
    assert words_of("TOTAL: RM 12.50, café au lait") == ["total", "café", "lait"]


@pytest.mark.parametrize("seed", range(6))
def test_drawn_pictures_repeat_and_carry_ink(seed: int) -> None:
    for draw in (draw_page, lambda n: draw_sign(picture(photo(64, 64)), n)):
        (one, lines), (again, same) = draw(seed), draw(seed)
        assert lines == same
        assert all(lines)
        assert np.array_equal(one.pixels, again.pixels)
        assert one.pixels.std() > 5
