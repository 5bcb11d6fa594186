"""The arithmetic of the commands that fit and measure weights, on made-up vectors and drawn pictures."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.sparse import csr_matrix

from engine.settings import Settings
from tests.vision.drawing import photo, picture
from tests.vision.patterns import pattern
from training.drawing import draw_page, draw_sign
from training.reading import summary, words_of
from training.text_presence import measure
from training.words import fitted, planes
from training.words_measured import bits_kept, bm25, with_copy
from vision.extractors.local import load_vocabulary, save_vocabulary
from vision.image_features import unit

RNG = np.random.default_rng(0)


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


def test_a_copy_says_where_each_of_its_points_was(tmp_path: Path, settings: Settings) -> None:
    path = tmp_path / "pattern.png"
    Image.fromarray(pattern(4)).save(path)
    pair = with_copy(path, settings)
    assert pair is not None and len(pair.copy.points) > 50
    found = bits_kept(load_vocabulary(), planes(128), [pair])
    assert found["bytes"] == 16 and found["right_per_picture"] > 20 and found["right"] > 0.5
    (tmp_path / "broken.png").write_bytes(b"no picture")
    assert with_copy(tmp_path / "broken.png", settings) is None


def test_bm25_finds_the_document_that_has_the_rare_word() -> None:
    counts = csr_matrix(np.array([[1, 1, 0], [1, 0, 3], [1, 0, 0]], dtype=float))
    weighted = bm25(counts).toarray()
    assert weighted[1, 2] > weighted[0, 1] > weighted[0, 0] > 0
    assert weighted[2, 0] > weighted[1, 0], "in a shorter text"


def test_a_vocabulary_is_kept_in_bytes(tmp_path: Path) -> None:
    rows = np.abs(RNG.normal(size=(3000, 128))).astype(np.float32)
    known = fitted(unit(rows), 32)
    save_vocabulary(tmp_path / "words.npz", known)
    kept = load_vocabulary(tmp_path / "words.npz")
    reduced = known.reduced(unit(rows[:200]))
    assert (known.words(reduced, 1) == kept.words(reduced, 1)).mean() > 0.95
    two = kept.words(reduced, 2)
    assert two.shape == (200, 2) and (two[:, 0] != two[:, 1]).all()
    distances = np.linalg.norm(reduced[0] - kept.centres, axis=1)
    assert two[0].tolist() == np.argsort(distances)[:2].tolist()
