"""Geographic coordinates as cameras and programs write them: EXIF (2.3, 4.6.6), XMP (`33,51.5S`), exiftool, decimal text.

A place on the wrong half of the Earth is worse than none: a number without hemisphere and without sign is no coordinate, except
where the other coordinate of the place has a sign (then both are signed) or the format has signed numbers only.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

Place = tuple[float, float]  # latitude, longitude in degrees; south and west are negative

NUMBER = re.compile(r"\d+(?:\.\d*)?|\.\d+")
FORM = re.compile(r"[+-]?[\d.,;:\s/°º˚'’′\"”″]+")  # of a coordinate without its letters
LETTERS = re.compile(r"[^\W\d_]+")
UNITS = ("deg", "degree", "degrees", "d", "m", "min", "sec", "s")  # in small letters; `S` is a hemisphere
BETWEEN = re.compile(r"(?<=[NS])[\s,;]+|[,;]\s+(?=[+-]?\d)|(?<=\d)[,;](?=[+-]?\d+\.\d+$)")  # latitude and longitude in one text
LATITUDE, LONGITUDE = ("N", "S"), ("E", "W")
MAX_DEGREES = {LATITUDE: 90, LONGITUDE: 180}
SIXTY, DIGITS = 60, 6


@dataclass(frozen=True, slots=True)
class _Angle:
    """Degrees without sign; `sign` is 1, -1, or 0 where neither a letter nor a sign tells the hemisphere."""

    degrees: float
    sign: int
    has_sign: bool = False


def place_from(
    latitude: Any, longitude: Any, north_south: Any = None, east_west: Any = None, *, signed: bool = False
) -> Place | None:
    """The place, or None where it is not valid, not complete, or both are zero (what devices write before they know).

    Coordinates are numbers, texts, or degrees, minutes and seconds; `north_south` and `east_west` are references as EXIF has
    them (`S`, `South`). `signed`: numbers without hemisphere are signed by definition: positive ones are north and east.
    """
    found = (_angle(latitude, north_south, LATITUDE), _angle(longitude, east_west, LONGITUDE))
    if found[0] is None or found[1] is None:
        return None
    signed = signed or any(angle.has_sign for angle in found if angle)
    signs = [angle.sign or int(signed) for angle in found if angle]
    place = (signs[0] * found[0].degrees, signs[1] * found[1].degrees)
    return place if all(signs) and place != (0, 0) else None


def place_of_text(text: str) -> Place | None:
    """The place of `latitude, longitude` in one text, each with a hemisphere or signed: `45 deg 36' 0.00" N, 13.75 E`."""
    parts = [part for part in BETWEEN.split(text.strip()) if part]
    return place_from(*parts, signed=True) if len(parts) == len(("latitude", "longitude")) else None


def _angle(value: Any, reference: Any, hemispheres: tuple[str, str]) -> _Angle | None:
    """One coordinate; None where it is no angle, out of range, or contradicts itself."""
    text = _as_text(value)
    parts = _parts(value) if text is None else _parts_of_text(text)
    degrees = _degrees(parts) if parts else None
    if degrees is None or abs(degrees) > MAX_DEGREES[hemispheres]:
        return None
    has_minus, has_plus = degrees < 0 or (text or "").startswith("-"), (text or "").startswith("+")
    letter = _hemisphere(_without_units(text or ""), hemispheres) or _hemisphere(_as_text(reference) or "", hemispheres)
    if letter is None or (has_minus and letter == hemispheres[0]):  # a letter of the other axis; north of a negative number
        return None
    sign = -1 if has_minus or letter == hemispheres[1] else 1 if letter or has_plus else 0
    return _Angle(round(abs(degrees), DIGITS), sign, has_minus or has_plus)


def _as_text(value: Any) -> str | None:
    """Text, also as bytes, or as the only one of several values; None for numbers."""
    if isinstance(value, tuple | list) and len(value) == 1:
        value = value[0]
    if isinstance(value, bytes):
        value = value.decode("ascii", "ignore")
    return value.strip("\0 \t\r\n") if isinstance(value, str) else None


def _without_units(text: str) -> str:
    return LETTERS.sub(lambda found: "" if found.group() in UNITS else found.group(), text)


def _hemisphere(text: str, hemispheres: tuple[str, str]) -> str | None:
    """The hemisphere that the last word of the text begins with; empty without a word, None where it is another word."""
    words = LETTERS.findall(text)
    if not words:
        return ""
    return words[-1][0].upper() if words[-1][0].upper() in hemispheres else None


def _parts(value: Any) -> list[float] | None:
    """Degrees, minutes and seconds of numbers. Seconds that are 0/0 are unknown, and count as none."""
    numbers = list(value) if isinstance(value, Sequence) else [value]
    try:
        parts = [float(number) for number in numbers]
    except (TypeError, ValueError, ArithmeticError):
        return None
    if len(parts) == 3 and math.isnan(parts[2]):  # noqa: PLR2004  (degrees, minutes, seconds)
        del parts[2]
    return parts


def _parts_of_text(text: str) -> list[float] | None:
    """Degrees, minutes and seconds of a text; `33,85` is a decimal comma, `33,51.0` are degrees and minutes."""
    bare = LETTERS.sub(" ", text).strip()
    if not FORM.fullmatch(bare) or "/" in bare:
        return _rationals(bare)
    parts = [float(number) for number in NUMBER.findall(bare)]
    if len(parts) == 2 and re.fullmatch(r"[+-]?\d+,\d+", bare) and parts[1] >= SIXTY:  # noqa: PLR2004
        return [float(bare.lstrip("+-").replace(",", "."))]
    return parts


def _rationals(text: str) -> list[float] | None:
    """`33/1, 51/1, 0/1` as some programs write EXIF's numbers into text."""
    found = re.findall(r"(\d+)/(\d+)", text)
    return _parts([int(over) / int(under) if int(under) else math.nan for over, under in found]) if found else None


def _degrees(parts: list[float]) -> float | None:
    """One number from degrees, minutes and seconds; what follows decimal degrees is left out."""
    if not 1 <= len(parts) <= 3 or not all(map(math.isfinite, parts)) or any(part < 0 for part in parts[1:]):  # noqa: PLR2004
        return None
    if not float(parts[0]).is_integer():
        return parts[0]
    if any(part > SIXTY for part in parts[1:]):
        return None
    smaller = sum((part / float(SIXTY**power) for power, part in enumerate(parts[1:], start=1)), 0.0)
    return parts[0] - smaller if parts[0] < 0 else parts[0] + smaller
