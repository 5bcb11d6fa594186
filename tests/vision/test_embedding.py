"""The embedding of any image: two crops, the whole picture and its centre, whitened, and kept as bytes."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from factors import knn
from tests.vision.drawing import photo, picture
from training.embedding import fit
from vision.extractors.centre import SHARE, centre_crop
from vision.extractors.embedding import EmbeddingExtractor, whitening
from vision.feature_extractor import FeatureExtractor
from vision.image_features import Vector, unit


@pytest.mark.parametrize(("height", "width"), [(1, 1), (2, 3), (3, 400), (400, 20), (260, 260)])
def test_the_centre_crop_is_never_empty_and_lies_in_the_centre(height: int, width: int) -> None:
    rows, columns = np.mgrid[:height, :width]
    image = np.stack([rows % 256, columns % 256, rows * 0], axis=2).astype(np.uint8)
    part = centre_crop(image)
    for side, of in zip(part.shape, (height, width), strict=False):
        assert side >= 1 and abs(side - of * SHARE) <= 1
    above, left = int(part[0, 0, 0]), int(part[0, 0, 1])
    assert np.array_equal(part, image[above : height - above, left : left + part.shape[1]])


def test_whitening_takes_away_what_all_images_share_and_evens_the_rest_out(tmp_path: Path) -> None:
    random = np.random.default_rng(3)
    spread = np.concatenate([np.full(20, 9.0), np.full(20, 1.0)])
    features = (random.normal(size=(600, 40)) * np.sqrt(spread) + 50).astype(np.float32)
    fitted = fit(features, 30)
    vectors = fitted(features)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    likeness = vectors @ vectors.T
    assert abs(likeness[np.triu_indices(600, 1)].mean()) < 0.01, "although all features are near 50"
    parts = (features - fitted.mean) @ fitted.matrix
    strong, weak = parts[:, :5].std(), parts[:, 22:27].std()
    assert 1.8 < strong / weak < 2.4, "the root of 3 / 0.7: half of the whitening, and the weight of the centre"
    fitted.save(tmp_path / "weights.npz")
    assert np.allclose(whitening(tmp_path / "weights.npz")(features), vectors, atol=5e-3)


def test_bytes_keep_cosines() -> None:
    random = np.random.default_rng(4)
    one, other = (unit(row) for row in random.normal(size=(2, 768)).astype(np.float32))
    other = unit(one + other)
    again = [knn.as_vector(knn.as_bytes(vector)) for vector in (one, other)]
    assert abs(float(again[0] @ again[1] - one @ other)) < 3e-3
    assert knn.as_bytes(again[0]) == knn.as_bytes(one), "what was kept is kept again"
    assert knn.as_bytes(np.zeros(4, np.float32)) == [0, 0, 0, 0]


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
