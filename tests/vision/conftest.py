"""The real extractors."""

import pytest

from engine.settings import Settings
from vision.feature_extractor import FeatureExtractor, get_feature_extractor


@pytest.fixture(scope="session")
def feature_extractor(models_home: Settings) -> FeatureExtractor:
    """The real extractors of the packaged profile."""
    return get_feature_extractor(models_home)
