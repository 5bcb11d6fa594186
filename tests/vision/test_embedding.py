"""The similar-image embedding uses two crops: the whole picture and its centre."""

import numpy as np
import pytest
from PIL import Image

from tests.vision.drawing import photo, picture
from vision.extractors.centre import SHARE, centre_crop
from vision.extractors.embedding import EmbeddingExtractor
from vision.feature_extractor import FeatureExtractor
from vision.image_features import Vector


@pytest.mark.parametrize(("height", "width"), [(1, 1), (2, 3), (3, 400), (400, 20), (260, 260)])
def test_the_centre_crop_is_never_empty_and_lies_in_the_centre(height: int, width: int) -> None:
    rows, columns = np.mgrid[:height, :width]
    image = np.stack([rows % 256, columns % 256, rows * 0], axis=2).astype(np.uint8)
    part = centre_crop(image)
    for side, of in zip(part.shape, (height, width), strict=False):
        assert side >= 1 and abs(side - of * SHARE) <= 1
    above, left = int(part[0, 0, 0]), int(part[0, 0, 1])
    assert np.array_equal(part, image[above : height - above, left : left + part.shape[1]])


@pytest.mark.models
def test_a_crop_is_embedded_like_a_picture(feature_extractor: FeatureExtractor) -> None:
    given = picture(photo(320, 240, 5))
    extractor = feature_extractor.extractors["embedding"]
    assert isinstance(extractor, EmbeddingExtractor)
    assert seen(feature_extractor, photo(320, 240, 5)) @ extractor.embed([given.pixels])[0] > 0.9999


@pytest.mark.models
def test_the_centre_counts_more_than_the_edge(feature_extractor: FeatureExtractor) -> None:
    asked, same_thing, same_place = (framed(thing, place) for thing, place in ((1, 2), (1, 3), (4, 2)))
    vector = seen(feature_extractor, asked)
    assert vector @ seen(feature_extractor, same_thing) > vector @ seen(feature_extractor, same_place)


def framed(thing: int, place: int) -> Image.Image:
    """One made-up photo within another; half of the area shows each."""
    around = photo(400, 400, place)
    around.paste(photo(284, 284, thing), (58, 58))
    return around


def seen(feature_extractor: FeatureExtractor, image: Image.Image) -> Vector:
    (image_features,) = feature_extractor.extract([picture(image)], ["embedding"])
    assert image_features.embedding is not None
    return image_features.embedding
