"""After an ingest documents get tags; again where text or neighbours change; and never in the way of an ingest."""

import json
from pathlib import Path

import pytest

from answers.tags.confidence import Confidence
from engine.connections import Context
from engine.settings import Settings
from ingest.jobs import Jobs
from ingest.sources import open_source
from mappings.versions import alias
from query.document import show
from ranking import calibrations
from ranking.evidence import Curve, Evidence, Evidences
from tests.ingest.pictures import png, write_all
from tests.ingest.seeing import TestFeatureExtractor
from tests.workers.conftest import StartWorker, wait_for_end
from workers.dispatch import Dispatcher
from workers.tagging import tag

pytestmark = [pytest.mark.queue, pytest.mark.engine]
CERTAIN = Confidence(
    data="", rule="", bias=1.0, weights={"votes": 1.0}, calibration=Curve(limits=[], log_odds=[3.0]), certain=0.5
)


def ingest(folder: Path, numbers: range, settings: Settings) -> None:
    write_all(folder, {f"red-kite-{n}.png": png(n) for n in numbers})
    job = Dispatcher(Context(settings)).start(open_source(str(folder), settings=settings))
    assert wait_for_end(settings, job).indexed == len(numbers)


def documents(context: Context) -> dict[str, dict[str, object]]:
    client, name = context.client, alias(context.settings)
    client.indices.refresh(index=name)
    hits = client.search(index=name, body={"size": 50, "query": {"match_all": {}}})["hits"]["hits"]
    return {hit["_id"]: hit["_source"] for hit in hits}


@pytest.fixture()
def certain(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every tag is certain, and nothing is cut: made-up pictures are not alike."""
    monkeypatch.setattr("answers.tags.tagging.packaged", lambda: CERTAIN)
    kept = Evidences(rule="", data="", kinds={"picture": Evidence(prior=1.0, curves={}, shown=0.0, sure=0.0)})
    monkeypatch.setattr(calibrations, "_packaged_evidence", lambda path: kept)


def test_documents_are_tagged_once_and_again_after_their_neighbours_changed(
    tmp_path: Path, queue_settings: Settings, start_worker: StartWorker, certain: None
) -> None:
    context = Context(queue_settings)
    start_worker(processes=1)
    ingest(tmp_path / "first", range(6), queue_settings)
    assert tag(context, TestFeatureExtractor).startswith("6 documents tagged")
    found = documents(context)
    assert all(one["tagged_by"] for one in found.values())
    assert any("kite" in json.dumps(one.get("tag", [])) for one in found.values())
    assert tag(context, TestFeatureExtractor) == "nothing is due"
    ingest(tmp_path / "more", range(6, 8), queue_settings)
    assert tag(context, TestFeatureExtractor).startswith("2 documents tagged")
    tagged = next(image for image, one in documents(context).items() if one.get("tag"))
    assert any(part.factor == "tags" for part in show(context, tagged).descriptions)


def test_it_gives_way_to_an_ingest_and_can_be_switched_off(queue_settings: Settings) -> None:
    context = Context(queue_settings)
    off = Context(queue_settings.model_copy(update={"tags": False}))
    assert "OMMA_TAGS" in tag(off, TestFeatureExtractor)
    job = Jobs(context.redis, queue_settings.index_prefix).create("somewhere", "c")
    assert tag(context, TestFeatureExtractor) == "an ingest runs"
    Jobs(context.redis, queue_settings.index_prefix).fail(job, "there is nothing")
    assert "reindex" in tag(context, TestFeatureExtractor)
