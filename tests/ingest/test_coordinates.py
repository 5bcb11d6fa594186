"""Coordinates in every writing: near the right place, or none; never on the wrong half of the Earth."""

import struct
from math import nan
from typing import Any

import pytest

from ingest.coordinates import place_from, place_of_text
from ingest.metadata import read_metadata
from tests.ingest.image_metadata import GPS, XMP, exif, raw_gps
from tests.ingest.pictures import jpeg

SYDNEY = (-33.85, 151.2)
WRITINGS = [
    ((33.0, 51.0, 0.0), (151.0, 12.0, 0.0), "S", "E"),
    ((33.0, 51.0), (151.0, 12.0), "s", "e"),
    ((33.85,), (151.2,), "S", "E"),
    (33.85, 151.2, "S", "E"),
    ((33, 51, nan), (151, 12, nan), "S", "E"),  # seconds of 0/0
    ((33, 51, 0), (151, 12, 0), "South", "East"),
    ((33, 51, 0), (151, 12, 0), b"S\0", ("E",)),
    ((-33, 51, 0), (151, 12, 0), "S", "E"),
    ((-33.85, 0, 0), (151.2, 0, 0), None, ""),
    ("33.85", "151.2", "S", "E"),
    (b"33.85\0", b"151.2\0", "S", "E"),
    ("-33.85", "151.2", None, None),
    ("-33.85", "+151.2", "S", None),
    ("33,51.0S", "151,12.0E", None, None),
    ("33,51,0S", "151,12,0E", None, None),
    ("33.85 S", "151.2 E", None, None),
    ("S 33° 51.0'", "E 151° 12.0'", None, None),
    ("33°51'0\"S", "151°12'0\"E", None, None),
    ("33 deg 51' 0.00\" S", "151 deg 12' 0.00\" E", None, None),
    ("33/1,51/1,0/1", "151/1,12/1,0/1", "S", "E"),
    ("33/1,51/1,0/0", "151/1,12/1,0/0", "S", "E"),
]
NO_PLACE = [
    ((33, 51, 0), (151, 12, 0), None, "E"),  # north or south?
    ((33, 51, 0), (151, 12, 0), "S", None),
    ("33.85", "151.2", None, None),
    ("33,51.0", "151,12.0", None, None),
    ((33, 51, 0), (151, 12, 0), "?", "E"),
    ((33, 51, 0), (151, 12, 0), "E", "S"),  # the wrong axis
    ((-33, 51, 0), (151, 12, 0), "N", "E"),  # contradiction
    ((133, 51, 0), (151, 12, 0), "S", "E"),
    ((33, nan, 0), (151, 12, 0), "S", "E"),
    ((nan, 51, 0), (151, 12, 0), "S", "E"),
    ((33, 75, 0), (151, 12, 0), "S", "E"),
    ((33, -51, 0), (151, 12, 0), "S", "E"),
    ((), (151, 12, 0), "S", "E"),
    ("", "", "N", "E"),
    ("unknown", "unknown", "N", "E"),
    ({}, [], None, None),
    ((0, 0, 0), (0, 0, 0), "N", "E"),
    (10**400, 1, "N", "E"),
]


@pytest.mark.parametrize("writing", WRITINGS, ids=repr)
def test_every_writing_of_a_place_is_that_place(writing: tuple[Any, Any, Any, Any]) -> None:
    assert place_from(*writing) == pytest.approx(SYDNEY)


@pytest.mark.parametrize("writing", NO_PLACE, ids=lambda one: repr(one)[:60])
def test_what_does_not_tell_its_place_is_none(writing: tuple[Any, Any, Any, Any]) -> None:
    assert place_from(*writing) is None


def test_numbers_that_are_signed_by_definition_need_no_letters() -> None:
    assert place_from(45.6, 13.75, signed=True) == (45.6, 13.75)
    assert place_from(-33.85, 151.2, signed=True) == SYDNEY


@pytest.mark.parametrize(
    "text", ["45.6, 13.75", "45.6,13.75", "45.6N, 13.75E", "45 deg 36' 0.00\" N, 13 deg 45' 0.00\" E", "45°36'0\"N 13°45'0\"E"]
)
def test_a_place_in_one_text_is_taken_apart(text: str) -> None:
    assert place_of_text(text) == (45.6, 13.75)


@pytest.mark.parametrize("text", ["", "Berlin", "45.6", "Berlin, Germany", "1, 2, 3", "95.5, 200.5"])
def test_a_text_without_two_coordinates_is_no_place(text: str) -> None:
    assert place_of_text(text) is None


def rationals(*numbers: tuple[int, int]) -> bytes:
    return b"".join(struct.pack("<ii", over, under) for over, under in numbers)


EXIF_WRITINGS = [
    (2, b"33.85\0", b"151.2\0"),  # text where the standard has rationals
    (2, b"33,51.0\0", b"151,12.0\0"),
    (5, rationals((33, 1), (51, 1), (0, 1)), rationals((151, 1), (12, 1), (0, 1))),
    (5, rationals((33, 1), (51, 1), (0, 0)), rationals((151, 1), (12, 1), (0, 0))),
    (5, rationals((33, 1), (5100, 100), (0, 1)), rationals((151, 1), (1200, 100), (0, 1))),
    (5, rationals((3385, 100)), rationals((1512, 10))),
    (10, rationals((-3385, 100)), rationals((1512, 10))),  # signed rationals
    (12, struct.pack("<d", 33.85), struct.pack("<d", 151.2)),
    (7, b"33.85", b"151.2"),
]


@pytest.mark.parametrize(("kind", "latitude", "longitude"), EXIF_WRITINGS)
@pytest.mark.parametrize("sides", [(b"S\0", b"E\0"), (b"South\0", b"East\0"), (b"", b"")], ids=repr)
def test_exif_keeps_the_half_of_the_earth_or_has_no_place(
    kind: int, latitude: bytes, longitude: bytes, sides: tuple[bytes, bytes]
) -> None:
    written = raw_gps((1, 2, sides[0]), (2, kind, latitude), (3, 2, sides[1]), (4, kind, longitude))
    place = read_metadata(jpeg(exif=written)).place
    assert place == (pytest.approx(SYDNEY) if sides[0] or kind == 10 else None)


@pytest.mark.parametrize(
    "properties",
    [
        "<exif:GPSLatitude>33,51.0S</exif:GPSLatitude><exif:GPSLongitude>151,12.0E</exif:GPSLongitude>",
        "<exif:GPSLatitude>-33.85</exif:GPSLatitude><exif:GPSLongitude>151.2</exif:GPSLongitude>",
        "<exif:GPSLatitude>33.85</exif:GPSLatitude><exif:GPSLatitudeRef>S</exif:GPSLatitudeRef>"
        "<exif:GPSLongitude>151.2</exif:GPSLongitude><exif:GPSLongitudeRef>E</exif:GPSLongitudeRef>",
    ],
)
def test_xmp_has_a_place_where_exif_has_none_that_is_certain(properties: str) -> None:
    packet = XMP.replace('xmlns:dc="', 'xmlns:exif="http://ns.adobe.com/exif/1.0/" xmlns:dc="').format(properties).encode()
    uncertain = exif(gps={GPS.GPSLatitude: (33, 51, 0), GPS.GPSLongitude: (151, 12, 0)})
    assert read_metadata(jpeg(xmp=packet, exif=uncertain)).place == pytest.approx(SYDNEY)
