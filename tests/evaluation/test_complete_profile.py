"""Two commands make any profile complete: shown with tiny models of the profile `hub` on the live server."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from cli.main import main
from engine.connections import Context
from engine.settings import Settings, get_settings
from engine.store import Store
from ingest.item import Item
from query.answer import Answer
from query.landmarks import UNCALIBRATED
from query.request import SearchRequest
from query.search import Searcher
from ranking.calibrations import Calibrations
from tests.vision.drawing import encoded, photo
from tests.vision.test_hub_joint import clip
from vision.feature_extractor import FeatureExtractor
from vision.registry import extractors_of
from workers.runtime import Runtime

pytestmark = [pytest.mark.engine, pytest.mark.queue, pytest.mark.models]
DOCUMENTS, CATEGORIES, SIDES = 90, 6, (160, 120)
LANDMARK = "Old Tower"


@pytest.fixture()
def hub(tmp_path: Path, live_settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    """The settings of a process whose embedding is a tiny model; the detector and the reader are off."""
    changes = {
        "HOME": str(tmp_path), "PROFILE": "hub", "EMBEDDING_MODEL": str(clip(tmp_path / "clip")), "DEVICE": "cpu",
        "THREADS": "2", "EXTRACTORS_OFF": "backbone,objects,text,labels", "STORE_URL": live_settings.store_url,
        "INDEX_PREFIX": live_settings.index_prefix,
        "OPENSEARCH_URL": live_settings.opensearch_url, "REDIS_URL": live_settings.redis_url,
    }  # fmt: skip
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    for name, value in changes.items():
        monkeypatch.setenv(f"OMMA_{name}", value)
    get_settings.cache_clear()
    yield get_settings()
    monkeypatch.undo()
    get_settings.cache_clear()


def index(settings: Settings) -> None:
    """Photos in several categories; the first is a landmark."""
    store, items = Store(settings), []
    for number in range(DOCUMENTS):
        original = store.put_original(encoded(photo(*SIDES, seed=number)))
        facets = {"landmark": LANDMARK} if number == 0 else {}
        category = f"category {number % CATEGORIES}"
        items.append(Item("test", f"{number}.png", "test", original=original, category=category, facets=facets))
    done = Runtime(Context(settings), FeatureExtractor(extractors_of(settings))).process_now(items, "test", "test")
    assert done.indexed == DOCUMENTS


def ask(settings: Settings) -> Answer:
    """Ask with the landmark's image, a little smaller."""
    picture = photo(*SIDES, seed=0).resize((150, 112))
    extractor = FeatureExtractor(extractors_of(settings))
    return Searcher(Context(settings), extractor=lambda: extractor).search(SearchRequest(image=encoded(picture)))


def omma(*arguments: str) -> str:
    done = CliRunner().invoke(main, list(arguments), catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def test_two_commands_make_the_profile_hub_complete(hub: Settings) -> None:
    index(hub)
    before = ask(hub)
    warnings = " ".join(before.warnings)
    assert "learned on an index of other weights (embedding, joint)" in warnings
    assert "calibrated for other weights only" in warnings and "similar" in warnings
    assert UNCALIBRATED not in warnings, "points that lie alike are calibrated for every embedding"
    assert before.ranker == "fusion"
    assert "similar" in omma("calibrate", "--number", "14")
    trained = omma("rank", "train", "--generate", "--number", str(DOCUMENTS))
    assert "in use" in trained, trained
    after = ask(hub)
    assert after.warnings == []
    assert after.ranker != "fusion" and 0 < after.cutoff.shown < 1
    assert "documents of this installation" in after.cutoff.calibrated_on
    assert after.landmarks and after.landmarks[0].name == LANDMARK
    found = Calibrations(hub).in_use(Searcher(Context(hub)).fingerprints())
    assert found.stale == () and set(found.landmarks.columns) == {"similar", "local.inliers"}
