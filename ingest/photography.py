"""How a photo was taken, by its EXIF: camera, lens and exposure, as facets and as words.

The names of makers are shortened to what people call them ("NIKON CORPORATION", "NIKON D70": NIKON D70).
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

from PIL import ExifTags

from factors.text import Kind, TextSnippet
from ingest.text import clean

WORDS_WEIGHT = 0.5  # the camera's name says nothing of what the photo shows
REASON = "the camera that took it"
LEGAL = re.compile(
    r"[\s,]+(?:corporation|corp|company|co|ltd|inc|gmbh|ag|ab|optical|imaging|electric|electronics|computer|technologies|systems|"
    r"digital camera)\b\.?",
    re.IGNORECASE,
)
MAX_ISO, MAX_F_NUMBER, MAX_SECONDS, MAX_FOCAL = 10_000_000, 200.0, 86_400.0, 10_000.0  # beyond which a value is damaged


def photography(exif: Mapping[int, Any], inner: Mapping[int, Any]) -> dict[str, str]:
    """Facets `camera`, `lens`, `iso`, `aperture`, `exposure` and `focal length`, as far as they are known and make sense."""
    found: dict[str, str] = {}
    for name, value in _values(exif, inner):
        with suppress(Exception):  # damaged files hold anything
            if text := value():
                found[name] = text
    return found


def camera_words(facets: Mapping[str, str]) -> Iterator[TextSnippet]:
    """Camera and lens as words to search by."""
    if text := ", ".join(facets[name] for name in ("camera", "lens") if name in facets):
        yield TextSnippet(Kind.KEYWORDS, text, weight=WORDS_WEIGHT, reason=REASON)


def camera_of(make: str, model: str) -> str:
    """Maker and model as one name."""
    maker, name = LEGAL.sub("", clean(make)).strip(" .,"), clean(model)
    if not name:
        return maker
    first = maker.split()[0].lower() if maker else ""
    return name if first and first in name.lower().split() else f"{maker} {name}".strip()


def _values(exif: Mapping[int, Any], inner: Mapping[int, Any]) -> Iterator[tuple[str, Any]]:
    tags = ExifTags.Base
    yield "camera", lambda: camera_of(_text(exif.get(tags.Make)), _text(exif.get(tags.Model)))
    yield "lens", lambda: _lens(_text(inner.get(tags.LensModel)))
    yield "iso", lambda: _number(inner.get(tags.ISOSpeedRatings), "{:.0f}", MAX_ISO)
    yield "aperture", lambda: _number(inner.get(tags.FNumber), "f/{:.2g}", MAX_F_NUMBER)
    yield "exposure", lambda: _seconds(inner.get(tags.ExposureTime))
    yield "focal length", lambda: _number(inner.get(tags.FocalLength), "{:.3g} mm", MAX_FOCAL)


def _text(value: object) -> str:
    text = value.decode("latin-1") if isinstance(value, bytes) else str(value or "")
    return clean(text.partition("\0")[0])


def _lens(text: str) -> str:
    """The lens's name; cameras without one that can be changed write dashes or zeros."""
    return text if any(letter.isalpha() and letter not in "mf" for letter in text.lower()) or re.search("[1-9]", text) else ""


def _number(value: Any, form: str, most: float) -> str:
    number = float(value[0] if isinstance(value, tuple) else value)
    return form.format(number) if 0 < number <= most else ""


def _seconds(value: Any) -> str:
    """`1/250 s`, `0.4 s`, `2 s`: as cameras show it."""
    seconds = float(value)
    if not 0 < seconds <= MAX_SECONDS:
        return ""
    return f"1/{1 / seconds:.0f} s" if seconds <= 0.3 else f"{seconds:.3g} s"  # noqa: PLR2004
