"""One home for all tests of this folder, because exporting the network takes seconds."""

import pytest

from engine.settings import Settings
from vision.perceiver import Perceiver, get_perceiver


@pytest.fixture(scope="session")
def models_home(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings whose home keeps exported models for the whole run."""
    return Settings(home=tmp_path_factory.mktemp("models"), threads=1, ocr_languages="eng")


@pytest.fixture(scope="session")
def perceiver(models_home: Settings) -> Perceiver:
    """The real senses of the packaged profile."""
    return get_perceiver(models_home)
