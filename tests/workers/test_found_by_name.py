"""Pictures are found by the names of their files and folders, and by what programs wrote beside them."""

import json
from pathlib import Path

import pytest

from engine.connections import Context
from engine.settings import Settings
from ingest.sources import open_source
from query.request import SearchRequest
from query.search import Searcher
from tests.ingest.image_metadata import xmp
from tests.ingest.pictures import png, write_all
from tests.query.query_scenes import StubExtractor
from tests.workers.conftest import StartWorker, wait_for_end
from workers.dispatch import Dispatcher

pytestmark = [pytest.mark.queue, pytest.mark.engine]
FOUND = {
    "eiffel": "EiffelTower2019.png",
    "EiffelTower2019": "EiffelTower2019.png",
    "cafe": "cafe-2020.png",
    "猫": "猫.png",
    "lighthouse": "what? now lighthouse.png",
    "zanzibar": "2019/Zanzibar holiday/IMG_0001.png",
    "IMG_0001": "2019/Zanzibar holiday/IMG_0001.png",
    "img_0002.jpg": "2019/IMG_0002.png",
    "quince": "2019/IMG_0002.png",
    "muggia": "2019/IMG_0003.png",
}


def test_words_find_pictures_by_their_names_and_by_files_beside_them(
    tmp_path: Path, queue_settings: Settings, start_worker: StartWorker
) -> None:
    start_worker()
    write_all(tmp_path / "in", {name: png(number) for number, name in enumerate([*dict.fromkeys(FOUND.values()), "lake.png"])})
    beside = {
        "2019/IMG_0002.png.xmp": xmp(title=[("", "Quince orchard")]),
        "2019/IMG_0003.png.supplemental-metadata.json": json.dumps({"geoData": {}, "description": "ferry to Muggia"}).encode(),
    }
    write_all(tmp_path / "in", beside)
    source = open_source(str(tmp_path / "in"), settings=queue_settings)
    wait_for_end(queue_settings, Dispatcher(Context(queue_settings)).start(source))
    searcher = Searcher(Context(queue_settings.model_copy(update={"ranker": "fusion"})), StubExtractor)
    answers = {words: searcher.search(SearchRequest(text=words, no_cutoff=True)).results for words in FOUND}
    assert {words: results[0].sources[0].reference for words, results in answers.items() if results} == FOUND
