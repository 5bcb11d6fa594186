"""The real Celery application with a perceiver without models, for workers that tests start and kill."""

import os
import signal
import time
from collections.abc import Sequence
from pathlib import Path

from tests.ingest.seeing import TestPerceiver
from vision.perception import Perception
from vision.picture import Picture
from workers import runtime
from workers.app import app

__all__ = ["app"]


class Trouble(TestPerceiver):
    """Slow, fails or dies, as the environment says."""

    def perceive(self, pictures: Sequence[Picture]) -> list[Perception]:
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
        return super().perceive(pictures)


runtime.get_perceiver = lambda _: Trouble()
