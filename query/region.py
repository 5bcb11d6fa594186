"""A part of a picture: fractions, or a region as the IIIF Image API 3.0 has it (section 4.1)."""

import math
from collections.abc import Sequence

from engine.errors import BadQuestion
from vision.image_features import Box

ACCEPTED = "accepted are `x,y,w,h` in pixels of the upright original, and `pct:x,y,w,h` in percent"
NUMBERS = 4
SLACK = 0.01  # share of the picture by which a part may leave it, to be clipped


def from_fractions(values: Sequence[float]) -> Box:
    """The part x, y, w, h (0..1); BadQuestion unless it lies within the picture."""
    if len(values) != NUMBERS or not all(math.isfinite(value) for value in values):
        raise BadQuestion("a box is four numbers: x, y, w, h as fractions of the picture")
    x, y, w, h = values
    if min(x, y) < -SLACK or max(x + w, y + h) > 1 + SLACK:
        raise BadQuestion(f"box {_list(values)} leaves the picture (fractions x, y, w, h within 0..1)")
    left, top = max(x, 0.0), max(y, 0.0)
    try:
        return Box(left, top, min(x + w, 1.0) - left, min(y + h, 1.0) - top)
    except ValueError as error:
        raise BadQuestion(f"box {_list(values)} is empty or outside the picture") from error


def from_iiif(region: str, width: int, height: int) -> Box:
    """The part that `region` names of a picture of that many pixels; BadQuestion otherwise.

    As in IIIF, a region that runs over the right or lower edge ends there.
    """
    numbers = _numbers(region.strip().removeprefix("pct:"), region)
    sides = (100.0, 100.0) if region.strip().startswith("pct:") else (float(width), float(height))
    x, y, w, h = (value / side for value, side in zip(numbers, (*sides, *sides), strict=True))
    if min(x, y) < 0 or x >= 1 or y >= 1 or min(w, h) <= 0:
        raise BadQuestion(f"region {region!r} is empty or outside the picture of {width}x{height} pixels; {ACCEPTED}")
    return from_fractions((x, y, min(w, 1 - x), min(h, 1 - y)))


def overlap(one: Box, other: Box) -> float:
    """Intersection over union, 0..1."""
    w = min(one.x + one.w, other.x + other.w) - max(one.x, other.x)
    h = min(one.y + one.h, other.y + other.h) - max(one.y, other.y)
    inside = max(w, 0.0) * max(h, 0.0)
    return inside / (one.area + other.area - inside)


def _numbers(text: str, region: str) -> list[float]:
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError as error:
        raise BadQuestion(f"region {region[:80]!r} is not four numbers; {ACCEPTED}") from error
    if len(numbers) != NUMBERS or not all(math.isfinite(number) for number in numbers):
        raise BadQuestion(f"region {region[:80]!r} is not four numbers; {ACCEPTED}")
    return numbers


def _list(values: Sequence[float]) -> list[float]:
    return [round(value, 4) for value in values]
