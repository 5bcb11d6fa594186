"""The similar-image embedding looks twice: at the whole picture and at its middle."""

import numpy as np
import pytest
from PIL import Image

from tests.vision.drawing import photo, picture
from vision.perceiver import Perceiver
from vision.perception import Vector
from vision.senses.embedding import MIDDLE, EmbeddingSense, middle


@pytest.mark.parametrize(("height", "width"), [(1, 1), (2, 3), (3, 400), (400, 20), (260, 260)])
def test_the_middle_of_any_image_is_there_and_lies_in_the_middle(height: int, width: int) -> None:
    rows, columns = np.mgrid[:height, :width]
    image = np.stack([rows % 256, columns % 256, rows * 0], axis=2).astype(np.uint8)
    part = middle(image)
    for side, of in zip(part.shape, (height, width), strict=False):
        assert side >= 1 and abs(side - of * MIDDLE) <= 1
    above, left = int(part[0, 0, 0]), int(part[0, 0, 1])
    assert np.array_equal(part, image[above : height - above, left : left + part.shape[1]])


@pytest.mark.models
def test_a_crop_that_is_embedded_equals_a_picture_that_is_seen(perceiver: Perceiver) -> None:
    given = picture(photo(320, 240, 5))
    sense = perceiver.senses["embedding"]
    assert isinstance(sense, EmbeddingSense)
    assert seen(perceiver, photo(320, 240, 5)) @ sense.embed([given.pixels])[0] > 0.9999


@pytest.mark.models
def test_what_lies_in_the_middle_counts_more_than_what_lies_around_it(perceiver: Perceiver) -> None:
    asked, same_thing, same_place = (framed(thing, place) for thing, place in ((1, 2), (1, 3), (4, 2)))
    vector = seen(perceiver, asked)
    assert vector @ seen(perceiver, same_thing) > vector @ seen(perceiver, same_place)


def framed(thing: int, place: int) -> Image.Image:
    """One made-up photo within another, of which as much is left to be seen."""
    around = photo(400, 400, place)
    around.paste(photo(284, 284, thing), (58, 58))
    return around


def seen(perceiver: Perceiver, image: Image.Image) -> Vector:
    (perception,) = perceiver.perceive([picture(image)], ["embedding"])
    assert perception.embedding is not None
    return perception.embedding
