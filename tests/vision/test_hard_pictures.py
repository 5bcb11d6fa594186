"""Pictures that are hard for some extractor: every extractor gives an output or a recorded failure for each."""

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from engine.connections import connect
from engine.settings import Settings
from evaluation.collection import Collection
from evaluation.datasets import Known
from mappings.versions import alias
from query.request import SearchRequest
from tests.vision.drawing import encoded, photo
from vision.feature_extractor import FeatureExtractor
from vision.image_features import ImageFeatures
from vision.picture import WORKING_SIDE, decode
from vision.registry import extractors_of

WORDS = 10_000
OBJECTS = 500


def crowd() -> Image.Image:
    """Five hundred balls and boxes, none on another."""
    image = Image.new("RGB", (1250, 1000), "white")
    pen, rng = ImageDraw.Draw(image), np.random.default_rng(1)
    for n in range(OBJECTS):
        x, y = n % 25 * 50 + 5, n // 25 * 50 + 5
        shape = pen.ellipse if n % 2 else pen.rectangle
        shape((x, y, x + 40, y + 40), fill=tuple(int(v) for v in rng.integers(0, 255, 3)), outline="black")
    return image


def page() -> Image.Image:
    """Ten thousand words, as small as a scanner would still see them."""
    image, rng = Image.new("L", (2400, 3200), 255), np.random.default_rng(2)
    pen, font = ImageDraw.Draw(image), ImageFont.load_default(15)
    lines = np.array_split(np.array(["".join(rng.choice(list("aeioubdgklmnprst"), 4)) for _ in range(WORDS)]), 175)
    for n, line in enumerate(lines):
        pen.text((20, 15 + 18 * n), " ".join(line), 0, font)
    return image


def people() -> Image.Image:
    """Shapes like people, cut by every edge."""
    image = photo(640, 480, 3)
    pen = ImageDraw.Draw(image)
    for x, y in ((0, 240), (640, 240), (320, 0), (320, 480), (0, 0), (640, 480)):
        pen.ellipse((x - 60, y - 80, x + 60, y + 80), fill=(224, 172, 130))
        pen.ellipse((x - 30, y - 25, x - 12, y - 10), fill="white", outline="black")
        pen.ellipse((x + 12, y - 25, x + 30, y - 10), fill="white", outline="black")
        pen.arc((x - 30, y + 5, x + 30, y + 45), 20, 160, fill=(120, 30, 30), width=5)
        pen.rectangle((x - 90, y + 80, x + 90, y + 260), fill=(40, 60, 120))
    return image


def noise(width: int, height: int) -> Image.Image:
    return Image.fromarray(np.random.default_rng(4).integers(0, 256, (height, width, 3), dtype=np.uint8))


def faded() -> Image.Image:
    image = photo(200, 150, 5)
    image.putalpha(Image.linear_gradient("L").resize(image.size))
    return image


def deep() -> Image.Image:
    return Image.fromarray((np.linspace(0, 65535, 200 * 150).reshape(150, 200)).astype(np.uint16))


def moving() -> bytes:
    frames = [photo(120, 90, seed) for seed in range(4)]
    return encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])


def huge() -> bytes:
    return encoded(photo(100, 100, 6).resize((10_000, 10_000)), "JPEG", quality=60)


HARD: dict[str, Callable[[], bytes]] = {
    "no object": lambda: encoded(Image.linear_gradient("L").convert("RGB")),
    "five hundred objects": lambda: encoded(crowd()),
    "no text": lambda: encoded(photo(400, 300, 7)),
    "ten thousand words": lambda: encoded(page()),
    "people at the edge": lambda: encoded(people()),
    "transparent": lambda: encoded(Image.new("RGBA", (120, 90), (0, 0, 0, 0))),
    "partly transparent": lambda: encoded(faded()),
    "tiny": lambda: encoded(photo(8, 8)),
    "1:20, lying": lambda: encoded(photo(3200, 160, 8)),
    "1:20, standing": lambda: encoded(photo(160, 3200, 9)),
    "1:20, tiny": lambda: encoded(photo(160, 8, 10)),
    "100 megapixels": huge,
    "one colour": lambda: encoded(Image.new("RGB", (300, 300), (200, 30, 30))),
    "black": lambda: encoded(Image.new("L", (64, 64), 0)),
    "noise": lambda: encoded(noise(300, 200)),
    "greyscale": lambda: encoded(photo(300, 200, 11).convert("L")),
    "16 bits": lambda: encoded(deep()),
    "an animation": moving,
}


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The pictures as files."""
    folder = tmp_path_factory.mktemp("hard")
    paths = {name: folder / f"{place}.bin" for place, name in enumerate(HARD)}
    for name, path in paths.items():
        path.write_bytes(HARD[name]())
    return paths


@pytest.fixture(scope="module")
def feature_extractor(models_home: Settings) -> FeatureExtractor:
    return FeatureExtractor(extractors_of(models_home.model_copy(update={"text_threshold": 0.0})))


def well(name: str, seen: ImageFeatures, feature_extractor: FeatureExtractor) -> None:
    """Every extractor has an output or a reason; those that need only pixels have an output."""
    for extractor in feature_extractor.extractors:
        why = seen.failures.get(extractor, "")
        assert (seen.of(extractor) is None) == bool(why), f"{extractor} on {name}: {why or 'neither observation nor failure'}"
        assert not why or "Timeout" in why or "timeout" in why, f"{extractor} on {name}: {why}"


@pytest.mark.models
@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", HARD)
def test_every_extractor_survives(
    name: str, pictures: dict[str, Path], feature_extractor: FeatureExtractor, models_home: Settings
) -> None:
    picture = decode(pictures[name].read_bytes(), models_home)
    assert max(picture.pixels.shape) <= WORKING_SIDE
    (seen,) = feature_extractor.extract([picture])
    well(name, seen, feature_extractor)


@pytest.mark.models
@pytest.mark.timeout(900)
def test_one_batch_of_all_gives_the_same_as_each_alone(
    pictures: dict[str, Path], feature_extractor: FeatureExtractor, models_home: Settings
) -> None:
    chosen = [name for name in HARD if name not in ("ten thousand words", "noise")]
    together = feature_extractor.extract([decode(pictures[name].read_bytes(), models_home) for name in chosen])
    for name, seen in zip(chosen, together, strict=True):
        well(name, seen, feature_extractor)


@pytest.mark.engine
@pytest.mark.queue
@pytest.mark.models
@pytest.mark.timeout(900)
def test_each_is_indexed_and_found_by_itself(pictures: dict[str, Path], live_settings: Settings, models_home: Settings) -> None:
    changes = {"home": models_home.home, "threads": 1, "ocr_languages": "eng", "ranker": "fusion"}
    made = Collection("hard", live_settings.model_copy(update=changes))
    try:
        made.add([Known(path, "hard", texts=(f"hard picture {name}",)) for name, path in pictures.items()], texts=1)
        assert made.count() == len(HARD), "none is refused"
        searcher = made.searcher()
        for name, path in pictures.items():
            like = searcher.search(SearchRequest(like=made.ids[path], no_cutoff=True))
            assert like.results and not [w for w in like.warnings if "left out" in w], name
            found = searcher.search(SearchRequest(text=f"+hard {name}", no_cutoff=True))
            assert made.ids[path] in {result.id for result in found.results}, name
        body = connect(made.settings).search(index=alias(made.settings), body={"size": 50, "_source": ["missing", "failures"]})
        for hit in body["hits"]["hits"]:
            assert set(hit["_source"]["failures"]) == set(hit["_source"]["missing"])
    finally:
        made.remove()


def test_a_hundred_megapixels_fit_the_limit_and_more_than_it_do_not(settings: Settings) -> None:
    assert settings.max_pixels >= 10_000 * 10_000
    assert Image.open(io.BytesIO(huge())).size == (10_000, 10_000)
