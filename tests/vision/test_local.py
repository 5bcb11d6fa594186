"""Local features: the same thing is recognised in any position, and no other is."""

from collections.abc import Callable

import cv2
import numpy as np
import pytest

from tests.vision.patterns import HEIGHT, WIDTH, Pixels, pasted, pattern
from vision.extractors.local import MAX_POINTS, describe, load_vocabulary, quantized
from vision.geometry import Alignment, Placed, align
from vision.image_features import Box, ImageFeatures, Local
from vision.picture import Picture

CORNERS = np.array([[0, 0], [WIDTH, 0], [WIDTH, HEIGHT], [0, HEIGHT]], dtype=np.float32)


def picture(pixels: Pixels, alpha: Pixels | None = None) -> Picture:
    height, width = pixels.shape[:2]
    return Picture("p", np.ascontiguousarray(pixels), width, height, "PNG", alpha)


def seen(pixels: Pixels, alpha: Pixels | None = None) -> Placed:
    looked = picture(pixels, alpha)
    return Placed(quantized(describe(looked), load_vocabulary()), looked.width, looked.height)


def turned(pixels: Pixels, degrees: float, size: float = 1.0) -> Pixels:
    matrix = cv2.getRotationMatrix2D((WIDTH / 2, HEIGHT / 2), degrees, size)
    return np.asarray(cv2.warpAffine(pixels, matrix, (WIDTH, HEIGHT), borderValue=(255, 255, 255)), dtype=np.uint8)


def tilted(pixels: Pixels) -> Pixels:
    """Seen from the side."""
    there = np.array([[40, 30], [330, 0], [350, 260], [20, 220]], dtype=np.float32)
    matrix = cv2.getPerspectiveTransform(CORNERS, there)
    return np.asarray(cv2.warpPerspective(pixels, matrix, (WIDTH, HEIGHT), borderValue=(255, 255, 255)), dtype=np.uint8)


def hidden(pixels: Pixels) -> Pixels:
    partly = pixels.copy()
    partly[60:230, 120:260] = 90
    return partly


def poor(pixels: Pixels) -> Pixels:
    soft = cv2.GaussianBlur(pixels, (0, 0), 1.2)
    return np.asarray(cv2.imdecode(cv2.imencode(".jpg", soft, [cv2.IMWRITE_JPEG_QUALITY, 20])[1], 1), dtype=np.uint8)


CHANGES: dict[str, Callable[[Pixels], Pixels]] = {
    "turned": lambda p: turned(p, 35),
    "upside down": lambda p: turned(p, 180),
    "smaller": lambda p: turned(p, 10, 0.6),
    "cropped": lambda p: p[60:220, 80:300],
    "tilted": tilted,
    "hidden": hidden,
    "pasted": pasted,
    "poor": poor,
}


@pytest.mark.parametrize("change", CHANGES)
def test_the_same_thing_is_recognised(change: str) -> None:
    found = align(seen(CHANGES[change](pattern(1))), seen(pattern(1)))
    assert found is not None and found.count >= 10


@pytest.mark.parametrize("change", CHANGES)
def test_another_thing_is_not(change: str) -> None:
    assert align(seen(CHANGES[change](pattern(1))), seen(pattern(7))) is None


def test_the_outline_is_where_the_thing_lies() -> None:
    found = align(seen(pattern(1)), seen(pasted(pattern(1))))
    assert isinstance(found, Alignment)
    expected = np.array([[60, 40], [276, 40], [276, 202], [60, 202]]) / [WIDTH, HEIGHT]
    assert np.abs(found.outline - expected).max() < 0.02


def test_matched_points_are_the_same_places() -> None:
    whole, part = seen(pattern(1)), seen(pattern(1)[60:220, 80:300])
    found = align(part, whole)
    assert found is not None
    places = part.local.points[found.pairs[:, 0]] * [220, 160] + [80, 60]
    assert np.abs(places - whole.local.points[found.pairs[:, 1]] * [WIDTH, HEIGHT]).max() < 6


@pytest.mark.parametrize(
    "pixels",
    [np.full((200, 300, 3), 128, np.uint8), np.zeros((1, 1, 3), np.uint8), np.full((8, 8, 3), 255, np.uint8)],
    ids=["even", "one pixel", "tiny"],
)
def test_a_picture_without_texture_has_no_points(pixels: Pixels) -> None:
    nothing = seen(pixels)
    assert len(nothing.local) == 0
    assert nothing.local.words.shape == (0,) and nothing.local.codes.shape == (0, 16)
    assert align(nothing, seen(pattern(1))) is None and align(seen(pattern(1)), nothing) is None


def test_points_on_one_line_prove_nothing() -> None:
    random = np.random.default_rng(0)
    codes = random.integers(0, 256, (12, 16)).astype(np.uint8)
    on_a_line = np.column_stack([np.linspace(0.1, 0.9, 12), np.full(12, 0.5)]).astype(np.float32)
    same = np.full(12, 0.05, np.float32)
    local = Local(on_a_line, same, np.zeros(12, np.float32), np.zeros(12, np.int32), codes)
    assert align(Placed(local, 400, 300), Placed(local, 400, 300)) is None


def test_transparent_parts_have_no_points() -> None:
    alpha = np.zeros((HEIGHT, WIDTH), np.uint8)
    alpha[:, : WIDTH // 2] = 255
    points = seen(pattern(1), alpha).local.points
    assert len(points) and points[:, 0].max() <= 0.51


def test_points_are_the_strongest_first_and_bounded() -> None:
    noisy = np.random.default_rng(0).integers(0, 256, (900, 1200, 3)).astype(np.uint8)
    described = describe(picture(noisy))
    assert MAX_POINTS / 2 < len(described.points) <= MAX_POINTS
    assert ((described.points >= 0) & (described.points <= 1)).all()
    assert np.allclose(np.linalg.norm(described.descriptors, axis=1), 1, atol=1e-3)


def test_a_part_keeps_its_points_in_its_own_fractions() -> None:
    whole = seen(pattern(1)).local
    part = whole.within(Box(0.25, 0.5, 0.5, 0.25), WIDTH, HEIGHT)
    inside = (whole.points >= [0.25, 0.5]).all(axis=1) & (whole.points < [0.75, 0.75]).all(axis=1)
    assert len(part) == inside.sum() > 0
    assert np.allclose(part.points * [0.5, 0.25] + [0.25, 0.5], whole.points[inside], atol=1e-5)
    assert ImageFeatures("p", 1, 1, local=part).of("local") is part
