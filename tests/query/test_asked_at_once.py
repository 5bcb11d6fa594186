"""Questions with the same picture at the same time run the models once; other questions do not wait for them."""

import hashlib
import threading
from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor

from engine.connections import Context
from engine.settings import Settings
from factors.registry import FactorRegistry
from query.encoder import QueryEncoder
from query.request import SearchRequest
from tests.ingest.pictures import png
from tests.ingest.seeing import image_features_of
from vision.image_features import ImageFeatures
from vision.picture import Picture

SECONDS = 30
SLOW, OTHER = png(1), png(2)


class Slow:
    """A feature extractor that waits, for one picture, until the test ends it; with `broken`, one of its extractors fails."""

    def __init__(self, *, broken: bool = False) -> None:
        self.broken, self.begun, self.end = broken, threading.Event(), threading.Event()
        self.extracted: list[str] = []

    def extract(self, pictures: Sequence[Picture], extractors: Collection[str] | None = None) -> list[ImageFeatures]:
        self.extracted += [picture.id for picture in pictures]
        if pictures[0].id == digest(SLOW):
            self.begun.set()
            assert self.end.wait(SECONDS)
        found = [image_features_of(picture.id, picture.width, picture.height) for picture in pictures]
        return [seen.with_failures({"text": "no memory"}) for seen in found] if self.broken else found


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def test_the_models_run_once_and_other_pictures_do_not_wait(settings: Settings) -> None:
    extractor = Slow()
    encoder = QueryEncoder(Context(settings), FactorRegistry.of(settings).active, lambda: extractor)  # type: ignore[arg-type, return-value]
    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(encoder.at_bytes, SearchRequest(image=SLOW)) for _ in range(3)]
        assert extractor.begun.wait(SECONDS)
        assert encoder.at_bytes(SearchRequest(image=OTHER)).whole.picture_id == digest(OTHER)
        extractor.end.set()
        found = [one.result(SECONDS).whole for one in asked]
    assert {seen.picture_id for seen in found} == {digest(SLOW)}
    assert sorted(extractor.extracted) == sorted([digest(SLOW), digest(OTHER)])


def test_a_picture_for_which_an_extractor_failed_is_extracted_again(settings: Settings) -> None:
    extractor = Slow(broken=True)
    encoder = QueryEncoder(Context(settings), FactorRegistry.of(settings).active, lambda: extractor)  # type: ignore[arg-type, return-value]
    for _ in range(2):
        assert encoder.at_bytes(SearchRequest(image=OTHER)).whole.failures
    assert extractor.extracted == [digest(OTHER)] * 2
