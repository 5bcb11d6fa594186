"""The real Celery application with a feature extractor that has no models, for workers that tests start and kill."""

import os
import signal
import time
from collections.abc import Collection, Sequence
from pathlib import Path

import pytest

from tests.ingest.seeing import TestFeatureExtractor
from vision.image_features import ImageFeatures
from vision.picture import Picture
from workers import runtime
from workers.app import app

__all__ = ["app"]


class Trouble(TestFeatureExtractor):
    """Slow, fails or dies, as the environment says."""

    def extract(self, pictures: Sequence[Picture], extractors: Collection[str] | None = None) -> list[ImageFeatures]:
        ids = {picture.id for picture in pictures}
        time.sleep(float(os.environ.get("TEST_SECONDS", "0")))
        if ids & set(os.environ.get("TEST_POISON", "").split()):
            os.kill(os.getpid(), signal.SIGKILL)
        if ids & set(os.environ.get("TEST_FAILS", "").split()):
            raise RuntimeError("this picture breaks the model")
        once = Path(os.environ.get("TEST_DIE_ONCE", "/nonexistent"))
        if once.exists():
            once.unlink()
            os.kill(os.getpid(), signal.SIGKILL)
        return super().extract(pictures, extractors)


pytest.MonkeyPatch().setattr(runtime, "get_feature_extractor", lambda _: Trouble())
