"""What was seen is kept from one evaluation to the next, and other weights begin anew."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engine.settings import Settings
from evaluation import memory
from evaluation.memory import Remembering
from tests.vision.drawing import photo, picture
from tests.vision.test_perceiver import Counting, Hash, Presence
from vision.perception import Box

PICTURES = [picture(photo(32, 32, seed)) for seed in range(2)]
Make = Callable[[], tuple[Remembering, list[Counting]]]


@pytest.fixture()
def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Make:
    """A perceiver of two senses, as a new process would open it."""
    settings = Settings(home=tmp_path)

    def make() -> tuple[Remembering, list[Counting]]:
        senses: list[Counting] = [Hash(settings), Presence(settings)]
        monkeypatch.setattr(memory, "senses_of", lambda settings: senses)
        return Remembering(settings), senses

    return make


def test_a_picture_is_looked_at_once_by_the_same_weights(opened: Make) -> None:
    first, _ = opened()
    seen = first.perceive([PICTURES[0], PICTURES[0], PICTURES[1]])
    again, senses = opened()
    assert again.perceive([PICTURES[1], PICTURES[0]]) == [seen[2], seen[0]]
    assert not senses[0].batches


def test_a_part_is_not_its_whole(opened: Make) -> None:
    perceiver, senses = opened()
    perceiver.perceive(PICTURES[:1])
    perceiver.perceive([PICTURES[0].crop(Box(0, 0, 0.5, 0.5))])
    assert perceiver.perceive(PICTURES[:1], ["phash"])[0].text_presence is None
    assert senses[0].batches == [1, 1]


def test_a_failure_is_not_remembered(opened: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> list[Any]:
        raise OSError("gone")

    perceiver, senses = opened()
    monkeypatch.setattr(senses[1], "_observe", broken)
    assert "text_presence" in perceiver.perceive(PICTURES[:1])[0].failures
    mended, _ = opened()
    assert not mended.perceive(PICTURES[:1])[0].failures


def test_only_the_sense_whose_weights_changed_looks_again(opened: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    first, _ = opened()
    first.perceive(PICTURES)
    monkeypatch.setattr(Presence, "fingerprint", "text_presence@2")
    other, senses = opened()
    other.perceive(PICTURES)
    assert [sense.batches for sense in senses] == [[], [2]]
