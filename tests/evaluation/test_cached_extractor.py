"""Outputs of extractors are kept from one evaluation to the next, by the fingerprint of the weights."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engine.settings import Settings
from evaluation import collection
from evaluation.collection import CachedFeatureExtractor
from tests.vision.drawing import photo, picture
from tests.vision.test_feature_extractor import Counting, Hash, Presence
from vision.image_features import Box

PICTURES = [picture(photo(32, 32, seed)) for seed in range(2)]
Make = Callable[[], tuple[CachedFeatureExtractor, list[Counting]]]


@pytest.fixture()
def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Make:
    """A feature extractor with two extractors, as a new process would open it."""
    settings = Settings(home=tmp_path)

    def make() -> tuple[CachedFeatureExtractor, list[Counting]]:
        extractors: list[Counting] = [Hash(settings), Presence(settings)]
        monkeypatch.setattr(collection, "extractors_of", lambda settings: extractors)
        return CachedFeatureExtractor(settings), extractors

    return make


def test_the_same_weights_extract_once_from_a_picture(opened: Make) -> None:
    first, _ = opened()
    seen = first.extract([PICTURES[0], PICTURES[0], PICTURES[1]])
    again, extractors = opened()
    assert [found.values for found in again.extract([PICTURES[1], PICTURES[0]])] == [seen[2].values, seen[0].values]
    assert not extractors[0].batches


def test_a_crop_is_not_taken_for_the_whole_image(opened: Make) -> None:
    feature_extractor, extractors = opened()
    feature_extractor.extract(PICTURES[:1])
    feature_extractor.extract([PICTURES[0].crop(Box(0, 0, 0.5, 0.5))])
    assert feature_extractor.extract(PICTURES[:1], ["phash"])[0].text_presence is None
    assert extractors[0].batches == [1, 1]


def test_a_failure_is_not_kept(opened: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> list[Any]:
        raise OSError("gone")

    feature_extractor, extractors = opened()
    monkeypatch.setattr(extractors[1], "_observe", broken)
    assert "text_presence" in feature_extractor.extract(PICTURES[:1])[0].failures
    mended, _ = opened()
    assert not mended.extract(PICTURES[:1])[0].failures


def test_only_the_extractor_whose_weights_changed_runs_again(opened: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    first, _ = opened()
    first.extract(PICTURES)
    monkeypatch.setattr(Presence, "fingerprint", "text_presence@2")
    other, extractors = opened()
    other.extract(PICTURES)
    assert [extractor.batches for extractor in extractors] == [[], [2]]
