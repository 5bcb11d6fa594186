"""The real senses."""

import pytest

from engine.settings import Settings
from vision.perceiver import Perceiver, get_perceiver


@pytest.fixture(scope="session")
def perceiver(models_home: Settings) -> Perceiver:
    """The real senses of the packaged profile."""
    return get_perceiver(models_home)
