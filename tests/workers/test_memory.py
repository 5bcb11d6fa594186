"""The memory of a worker's process with every extractor loaded."""

import pytest

from engine.settings import Settings
from tests.workers.conftest import wait_for
from vision.feature_extractor import get_feature_extractor
from workers import memory

MAX_MIB = 2500


@pytest.mark.models
@pytest.mark.timeout(900)
def test_a_worker_with_everything_loaded_stays_small(models_home: Settings) -> None:
    settings = models_home.model_copy(update={"worker_concurrency": 1, "batch_size": 8})
    found = memory.measure(settings)
    assert [part.extractor for part in found.parts] == list(get_feature_extractor(settings).extractors)
    assert found.process > 0 and found.loaded > found.process
    assert max(found.loaded, *(part.peak for part in found.parts)) <= found.peak < MAX_MIB


def test_memory_that_is_held_for_a_moment_counts_in_the_peak() -> None:
    before = memory.resident()
    with memory.peak() as highest:
        held = b"x" * (200 << 20)
        assert memory.resident() > before + 150
        wait_for(lambda: highest[0] > before + 150, "a sample of the watcher, which a busy machine may delay")
        del held
    assert highest[0] > before + 150
