"""After an ingest, a worker calibrates on the collection itself: once, within its limits, and never in the way of an ingest."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from engine.connections import Context, connect_redis
from engine.settings import Settings
from ingest.jobs import Jobs
from ingest.sources import open_source
from ranking.calibrations import Calibrations
from ranking.learning.models import Models
from tests.ingest.pictures import png, write_all
from tests.ingest.seeing import FINGERPRINTS, TestFeatureExtractor
from tests.workers.conftest import StartWorker, wait_for, wait_for_end
from workers import overview
from workers.celery_config import make_app
from workers.dispatch import Dispatcher
from workers.learning import adapting
from workers.learning.adapting import Adaptation, adapt, latest, not_due

pytestmark = [pytest.mark.queue, pytest.mark.engine]
THINGS = ("red-kite", "blue-boat", "stone-tower")
COUNT = adapting.MIN_DOCUMENTS + 10


def ingest(folder: Path, numbers: range, settings: Settings) -> None:
    write_all(folder, {f"{THINGS[n % 3]}-{n}.png": png(n) for n in numbers})
    job = Dispatcher(Context(settings)).start(open_source(str(folder), settings=settings))
    assert wait_for_end(settings, job).indexed == len(numbers)


def test_a_worker_adapts_to_a_new_collection_and_again_after_it_has_grown(
    tmp_path: Path, queue_settings: Settings, start_worker: StartWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings, context = queue_settings, Context(queue_settings)
    start_worker(processes=2)
    ingest(tmp_path / "first", range(COUNT), settings)
    assert overview.adapted(context) == "not yet"
    make_app(settings).send_task("omma.adapt")
    found = wait_for(lambda: latest(context.redis, settings), "the adaptation", seconds=180)
    assert found.documents == COUNT and found.questions > COUNT, "copies and words, at least"
    assert Calibrations(settings).state().current == found.calibration != ""
    assert Models(settings).list(), "no model that ships fits these weights, so one is trained"
    assert f"{COUNT} documents" in overview.adapted(context) and str(found.questions) in overview.adapted(context)

    assert adapt(context, TestFeatureExtractor) == "not due"
    ingest(tmp_path / "more", range(COUNT, COUNT + 20), settings)
    begins = iter([False, False])
    monkeypatch.setattr(adapting, "is_ingesting", lambda *_: next(begins, True))
    assert adapt(context, TestFeatureExtractor) == "gave way to an ingest"
    assert latest(context.redis, settings) == found, "it is due again"
    monkeypatch.undo()
    assert adapt(context, TestFeatureExtractor).startswith("calibrated on")
    off = Context(settings.model_copy(update={"adapt": False}))
    assert "OMMA_ADAPT" in adapt(off, TestFeatureExtractor) and "OMMA_ADAPT" in overview.adapted(off)


def test_time_is_bounded_and_what_was_asked_until_then_counts(
    tmp_path: Path, queue_settings: Settings, start_worker: StartWorker
) -> None:
    start_worker(processes=2)
    ingest(tmp_path / "pictures", range(COUNT), queue_settings)
    hurried = Context(queue_settings.model_copy(update={"adapt_minutes": 1e-9}))
    assert "no pairs" in adapt(hurried, TestFeatureExtractor)
    assert Calibrations(queue_settings).list() == []


def test_it_waits_for_a_collection_that_is_large_enough_and_at_rest(queue_settings: Settings) -> None:
    redis, settings = connect_redis(queue_settings), queue_settings
    assert "too few" in not_due(redis, settings, adapting.MIN_DOCUMENTS - 1, FINGERPRINTS)
    assert not_due(redis, settings, 100, FINGERPRINTS) == ""
    job = Jobs(redis, settings.index_prefix).create("somewhere", "c")
    assert not_due(redis, settings, 100, FINGERPRINTS) == "an ingest runs"
    Jobs(redis, settings.index_prefix).fail(job, "there is nothing")
    record = Adaptation(made=datetime.now(UTC), documents=100, weights=FINGERPRINTS, outcome="calibrated")
    redis.set(f"{settings.index_prefix}:rank:adaptation", record.model_dump_json())
    assert not_due(redis, settings, 119, FINGERPRINTS) == "not due"
    assert not_due(redis, settings, 121, FINGERPRINTS) == "" == not_due(redis, settings, 79, FINGERPRINTS)
    assert not_due(redis, settings, 100, FINGERPRINTS | {"embedding": "other@2"}) == "", "other weights"
