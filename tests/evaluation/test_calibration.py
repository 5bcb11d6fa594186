"""Thresholds separate related from unrelated pairs; packaged thresholds fit the packaged weights."""

from pathlib import Path

import numpy as np
import pytest

from engine.errors import ConfigurationError
from engine.settings import Settings
from evaluation.calibration import choose
from evaluation.pairs_of_sets import of_sets
from factors.registry import own_factors
from ranking.calibrations import Calibrations
from ranking.learning.models import Models

RNG = np.random.default_rng(5)


def test_a_threshold_separates_two_distributions() -> None:
    related, unrelated = RNG.normal(0.8, 0.03, 500), RNG.normal(0.4, 0.03, 500)
    value, kept, passed = choose([related], unrelated, 0.02)
    assert 0.5 < value < 0.75 and kept > 0.98 and passed == 0


def test_no_more_unrelated_pairs_pass_than_are_allowed() -> None:
    related, unrelated = RNG.normal(0.6, 0.1, 2000), RNG.normal(0.5, 0.1, 2000)
    value, kept, passed = choose([related], unrelated, 0.02)
    assert passed <= 0.02 < kept < 0.3
    assert kept == pytest.approx((related >= value).mean(), abs=1e-3)


def test_equal_values_separate_nothing() -> None:
    assert choose([np.ones(50)], np.ones(50), 0.02)[1] == 0


def test_missing_data_sets_are_named(settings: Settings) -> None:
    with pytest.raises(ConfigurationError, match="grocery, clothing, flickr8k"):
        of_sets(settings.home, settings, lambda line: None)


def test_what_is_shipped_belongs_to_the_weights_that_are_shipped(models_home: Settings, tmp_path: Path) -> None:
    from vision.feature_extractor import get_feature_extractor  # noqa: PLC0415

    shipped = models_home.model_copy(update={"ocr_languages": "eng+rus"})
    fingerprints = get_feature_extractor(shipped).fingerprints()
    found = Calibrations(Settings(home=tmp_path)).in_use(fingerprints)
    assert not found.stale, "run `omma calibrate --data FOLDER --packaged`"
    assert found.cutoff.columns["similar"].rule == "at-least" and found.landmarks.columns
    models = Models(Settings(home=tmp_path))
    card = models.card(models.packaged())
    read = {extractor for factor in own_factors() for extractor in factor.reads}
    assert card.weights == {name: fingerprints[name] for name in read}, "run `omma rank train --packaged`"
