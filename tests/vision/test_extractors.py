"""The real extractors of the packaged profile, on pictures made here."""

import math
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw

from engine.settings import Settings
from tests.present import present
from tests.vision.drawing import encoded, photo, picture, sign
from vision.extractors.backbone import BackboneExtractor, prepare, torch_module
from vision.extractors.colours import name_of, to_lab
from vision.extractors.objects import best
from vision.extractors.text import NO_TEXT, TextExtractor
from vision.feature_extractor import FeatureExtractor
from vision.image_features import Box, ImageFeatures, Object
from vision.picture import decode

pytestmark = pytest.mark.models
ROAD = Box(0.1, 0.1, 0.5, 0.5)


def clock() -> Image.Image:
    """A round face with twelve hours and two hands."""
    image = Image.new("RGB", (400, 400), (230, 220, 200))
    pen = ImageDraw.Draw(image)
    pen.ellipse((60, 60, 340, 340), fill="white", outline="black", width=10)
    for hour in range(1, 13):
        angle = math.radians(hour * 30 - 90)
        place = (200 + 110 * math.cos(angle), 200 + 110 * math.sin(angle))
        pen.text(place, str(hour), fill="black", anchor="mm", font_size=30)
    pen.line((200, 200, 200, 110), fill="black", width=8)
    pen.line((200, 200, 270, 230), fill="black", width=8)
    return image


def test_a_clock_is_labelled_a_clock_with_its_kinds(feature_extractor: FeatureExtractor) -> None:
    (seen,) = feature_extractor.extract([picture(clock())], ["labels"])
    assert seen.labels is not None
    top = seen.labels[0]
    assert (top.synset, top.names) == ("n02708093", ("analog clock",))
    assert top.hypernyms[:2] == ("clock", "timepiece")
    assert not {"entity", "artifact"} & set(top.hypernyms)
    assert 0.3 < top.confidence <= 1
    sure = [label.confidence for label in seen.labels]
    assert sure == sorted(sure, reverse=True)


def test_exported_network_equals_torch_for_every_batch_size(models_home: Settings) -> None:
    torch = pytest.importorskip("torch")
    images = [picture(photo(200, 150, seed)).pixels for seed in range(3)]
    batch = torch.from_numpy(np.stack([prepare(image) for image in images]))
    with torch.inference_mode():
        features, logits = torch_module()(batch)
    extractor = BackboneExtractor(models_home)
    for size in (1, 3):
        for row, seen in enumerate(extractor.run(images[:size])):
            np.testing.assert_allclose(seen.features, features[row], atol=1e-4)
            np.testing.assert_allclose(seen.logits, logits[row], atol=1e-3)


def test_embeddings_are_unit_length_and_near_for_alike_pictures(
    feature_extractor: FeatureExtractor, settings: Settings
) -> None:
    originals = [photo(640, 480, 1), clock()]
    poor = [encoded(image.resize((image.width // 2, image.height // 2)), "JPEG", quality=60) for image in originals]
    given = [*map(picture, originals), *(decode(data, settings) for data in poor)]
    vectors = [present(p.embedding) for p in feature_extractor.extract(given, ["embedding"])]
    assert all(v.shape == (768,) and v.dtype == np.float32 for v in vectors)
    assert np.allclose([np.linalg.norm(v) for v in vectors], 1, atol=1e-5)
    noise, thing, poor_noise, poor_thing = vectors
    assert thing @ poor_thing > 0.9
    assert noise @ poor_noise > 0.7, "half of what there is of it is gone"
    assert noise @ thing < 0.2, "what all images share is taken away"
    assert feature_extractor.dimensions() == {"embedding": 768, "products": 256, "joint": 256}


def test_a_batch_gives_the_same_as_single_pictures(feature_extractor: FeatureExtractor) -> None:
    pictures = [picture(photo(320, 240, 3)), picture(clock()), picture(sign("OPEN TODAY"))]
    for together, alone in zip(
        feature_extractor.extract(pictures), [feature_extractor.extract([p])[0] for p in pictures], strict=True
    ):
        assert not together.failures
        assert present(together.embedding) @ present(alone.embedding) > 0.9999
        assert [label.synset for label in present(together.labels)] == [label.synset for label in present(alone.labels)]
        assert [o.label for o in present(together.objects)] == [o.label for o in present(alone.objects)]
        assert (together.text, together.colours, together.phash) == (alone.text, alone.colours, alone.phash)
        assert together.text_presence == pytest.approx(alone.text_presence, abs=1e-4)


def test_words_are_read_with_lines_boxes_and_confidence(feature_extractor: FeatureExtractor) -> None:
    (seen,) = feature_extractor.extract([picture(sign("COFFEE HOUSE\nOpen every morning"))], ["text"])
    assert seen.text is not None
    assert seen.text.lines == ("COFFEE HOUSE", "Open every morning")
    assert [w.text for w in seen.text.words] == ["COFFEE", "HOUSE", "Open", "every", "morning"]
    first, below = seen.text.words[0], seen.text.words[2]
    assert first.confidence > 0.7
    assert first.box.x == pytest.approx(40 / 640, abs=0.02)
    assert first.box.y < below.box.y
    assert 0.05 < first.box.h < 0.3


def test_a_few_words_in_a_photo_are_read_too(models_home: Settings) -> None:
    """Words that the page mode finds, and those that only the sparse mode finds, each once."""
    image = photo(640, 480, 1)
    for word, place in (("BAKERY", (120, 90)), ("Museum", (480, 170))):
        style: dict[str, Any] = {"anchor": "mm", "font_size": 44, "stroke_width": 3, "stroke_fill": "white"}
        ImageDraw.Draw(image).text(place, word, fill="black", **style)
    text = TextExtractor(models_home)
    text.load()
    assert sorted(word.text for word in text.read(picture(image)).words) == ["BAKERY", "Museum"]


def test_words_in_small_pictures_are_read(models_home: Settings) -> None:
    text = TextExtractor(models_home)
    text.load()
    small = picture(sign("Total 42.50 EUR", 14, 200, 90))
    assert "42.50" in " ".join(text.read(small).lines)


def test_nothing_is_read_if_the_gate_expects_no_text(feature_extractor: FeatureExtractor, models_home: Settings) -> None:
    words, blobs = feature_extractor.extract([picture(sign("COFFEE HOUSE\nOpen every morning")), picture(photo(320, 240, 9))])
    assert present(words.text_presence) > 0.5 > models_home.text_threshold > present(blobs.text_presence)
    assert blobs.text == NO_TEXT
    closed = words.with_values(text_presence=models_home.text_threshold / 2)
    assert TextExtractor(models_home).observe([picture(sign("COFFEE HOUSE"))], [closed]) == [NO_TEXT]


def test_without_a_gate_everything_is_read(models_home: Settings) -> None:
    page = picture(sign("COFFEE HOUSE"))
    (text,) = TextExtractor(models_home).observe([page], [ImageFeatures(page.id, page.width, page.height)])
    assert text.lines == ("COFFEE HOUSE",)


def test_objects_are_found_where_they_are_with_the_embedding_of_their_crop(
    feature_extractor: FeatureExtractor, stop: Image.Image
) -> None:
    whole = picture(stop)
    (seen,) = feature_extractor.extract([whole], ["objects"])
    assert seen.objects
    found = next(o for o in seen.objects if o.label == "stop sign")
    assert found.box.overlap(Box(0.35, 0.25, 0.3, 0.3)) > 0.6
    crop = feature_extractor.extract([whole.crop(found.box)], ["embedding"])[0]
    assert present(found.embedding) @ present(crop.embedding) > 0.999


@pytest.fixture()
def stop() -> Image.Image:
    """A stop sign on a pole, before sky and grass; its octagon fills x .35-.65, y .25-.55."""
    image = Image.new("RGB", (600, 600), (150, 190, 230))
    pen = ImageDraw.Draw(image)
    pen.rectangle((0, 430, 600, 600), fill=(90, 130, 60))
    pen.rectangle((294, 320, 306, 560), fill=(120, 120, 125))
    pen.regular_polygon((300, 240, 97), 8, rotation=22.5, fill="white")
    pen.regular_polygon((300, 240, 90), 8, rotation=22.5, fill=(190, 20, 30))
    pen.text((300, 240), "STOP", fill="white", anchor="mm", font_size=58)
    return image


def test_boxes_of_one_thing_are_merged_and_specks_dropped() -> None:
    again, other, speck = Box(0.12, 0.1, 0.5, 0.5), Box(0.6, 0.6, 0.3, 0.3), Box(0.5, 0.5, 0.02, 0.02)
    objects = [Object("car", 0.6, again), Object("car", 0.9, ROAD), Object("car", 0.5, other), Object("dog", 0.4, speck)]
    assert [(o.confidence, o.box) for o in best([*objects, Object("bus", 0.3, ROAD)])] == [
        (0.9, ROAD),
        (0.5, other),
        (0.3, ROAD),
    ]
    assert len(best([Object(str(n), 0.5, ROAD) for n in range(30)])) == 10


def test_colours_are_named_with_their_shares(feature_extractor: FeatureExtractor) -> None:
    image = Image.new("RGB", (100, 100), (20, 60, 200))
    image.paste((250, 220, 30), (0, 0, 100, 30))
    (seen,) = feature_extractor.extract([picture(image)], ["colours"])
    assert [c.name for c in present(seen.colours)] == ["blue", "yellow"]
    assert [c.share for c in present(seen.colours)] == pytest.approx([0.7, 0.3], abs=0.03)


def test_transparent_parts_have_no_colour(feature_extractor: FeatureExtractor, settings: Settings) -> None:
    image = Image.new("RGBA", (80, 80), (0, 0, 0, 0))
    image.paste((200, 20, 30, 255), (20, 20, 60, 60))
    (seen,) = feature_extractor.extract([decode(encoded(image), settings)], ["colours"])
    assert [c.name for c in present(seen.colours)] == ["red"]


@pytest.mark.parametrize(
    ("rgb", "name"),
    [((0, 0, 0), "black"), ((255, 255, 255), "white"), ((130, 130, 130), "grey"), ((220, 20, 20), "red"),
     ((255, 140, 0), "orange"), ((255, 225, 20), "yellow"), ((30, 130, 40), "green"), ((20, 60, 200), "blue"),
     ((120, 30, 150), "purple"), ((255, 170, 190), "pink"), ((110, 65, 30), "brown")],
)  # fmt: skip
def test_basic_colours_have_their_names(rgb: tuple[int, int, int], name: str) -> None:
    assert name_of(to_lab(np.array([rgb], dtype=np.uint8))[0]) == name


def test_the_hash_survives_scaling_and_compression_and_differs_for_other_pictures(
    feature_extractor: FeatureExtractor, settings: Settings
) -> None:
    image = photo(640, 480, 11)
    copies = [encoded(image, "JPEG", quality=40), encoded(image.resize((300, 225)), "WEBP"), encoded(photo(640, 480, 12))]
    seen = feature_extractor.extract([picture(image), *(decode(data, settings) for data in copies)], ["phash"])
    first, *others = (present(p.phash) for p in seen)
    bits = [(first ^ other).bit_count() for other in others]
    assert 0 <= first < 2**64
    assert bits[0] <= 4 and bits[1] <= 4 and bits[2] > 16


def test_extraction_does_not_import_torch(models_home: Settings, feature_extractor: FeatureExtractor) -> None:
    """Once the network is exported, a worker needs no torch: it would double its start and its memory."""
    feature_extractor.warm_up()
    code = (
        "import sys; from pathlib import Path; from engine.settings import Settings;"
        "from vision.feature_extractor import get_feature_extractor;"
        f"p = get_feature_extractor(Settings(home=Path({str(models_home.home)!r}), ocr_languages='eng')); p.warm_up();"
        "sys.exit(','.join({'torch', 'transformers', 'ultralytics', 'timm'} & set(sys.modules)) or 0)"
    )
    ran = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
