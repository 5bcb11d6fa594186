"""Metadata of images: EXIF, IPTC and XMP."""

import zlib
from typing import Any

import pytest

from factors.text import Kind
from ingest.metadata import read_metadata
from tests.ingest.image_metadata import (
    BERLIN,
    GPS,
    UTF8,
    XMP,
    Exif,
    exif,
    iptc,
    png_chunk,
    png_with,
    raw_exif,
    texts,
    wide,
    with_segment,
    xmp,
)
from tests.ingest.pictures import encoded, jpeg, pixels


def test_exif_gives_text_date_and_place() -> None:
    tags = {
        Exif.ImageDescription: "A red fox",
        Exif.XPTitle: wide("Лиса"),
        Exif.XPComment: wide("Schläft im Schnee"),
        Exif.XPKeywords: wide("fox;snow;winter"),
        Exif.XPSubject: wide("A red fox"),
        Exif.DateTime: "2025:01:01 00:00:01",
    }
    found = read_metadata(jpeg(exif=exif(tags, {Exif.DateTimeOriginal: "2024:05:17 10:20:30"}, BERLIN)))
    assert texts(found) == [
        (Kind.CAPTION, "A red fox", ""), (Kind.TITLE, "Лиса", ""),
        (Kind.CAPTION, "Schläft im Schnee", ""), (Kind.KEYWORDS, "fox, snow, winter", ""),
    ]  # fmt: skip
    assert found.date == "2024-05-17T10:20:30"
    assert found.place == (52.52, 13.41)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF", "HEIF"])
def test_every_format_that_carries_exif_and_xmp_is_read(kind: str) -> None:
    metadata = {"exif": exif({Exif.ImageDescription: "A red fox"}, {Exif.DateTimeOriginal: "2024:05:17 10:20:30"}, BERLIN)}
    data = (
        encoded(pixels(), kind, **metadata)
        if kind in {"PNG", "TIFF"}
        else encoded(pixels(), kind, **metadata, xmp=xmp(title=[("", "Fox")]))
    )
    found = read_metadata(data)
    assert (Kind.CAPTION, "A red fox", "") in texts(found)
    assert found.date == "2024-05-17T10:20:30" and found.place == (52.52, 13.41)
    assert ((Kind.TITLE, "Fox", "") in texts(found)) == (kind not in {"PNG", "TIFF"})


@pytest.mark.parametrize("text", ["Füchse im Schnee", "Лиса спит", "眠る狐"])
def test_text_that_is_utf8_against_the_rules_of_exif_is_read_as_such(text: str) -> None:
    found = read_metadata(jpeg(exif=exif({Exif.ImageDescription: text.encode()})))
    assert texts(found) == [(Kind.CAPTION, text, "")]
    ascii_type = raw_exif((Exif.ImageDescription, 2, text.encode() + b"\0"))
    assert texts(read_metadata(jpeg(exif=ascii_type))) == [(Kind.CAPTION, text, "")]


def test_text_in_windows_letters_is_read_as_such() -> None:
    found = read_metadata(jpeg(exif=raw_exif((Exif.ImageDescription, 2, "Füchse – “schlau”\0".encode("cp1252")))))
    assert texts(found) == [(Kind.CAPTION, "Füchse – “schlau”", "")]


@pytest.mark.parametrize("value", ["OLYMPUS DIGITAL CAMERA         ", "SONY DSC", "   ", "\x01\x02", "untitled"])
def test_what_a_camera_writes_into_every_picture_says_nothing(value: str) -> None:
    assert read_metadata(jpeg(exif=exif({Exif.ImageDescription: value}))).snippets == ()


@pytest.mark.parametrize(
    ("latitude", "longitude", "place"),
    [
        (("N", (52, 30, 0)), ("E", (13, 15, 0)), (52.5, 13.25)),
        (("S", (33, 52, 12)), ("E", (151, 12, 36)), (-33.87, 151.21)),
        (("N", (40, 42, 36)), ("W", (74, 0, 36)), (40.71, -74.01)),
        (("S", (22, 54, 36)), ("W", (43, 12, 36)), (-22.91, -43.21)),
        (("s", (22, 54, 36)), ("w", (43, 12, 36)), (-22.91, -43.21)),
        (("N", (52.5, 0, 0)), ("E", (0, 0, 0)), (52.5, 0.0)),
        (("N", (0, 0, 0)), ("E", (0, 0, 0)), None),  # what devices write before they know
        (("N", (91, 0, 0)), ("E", (13, 0, 0)), None),
        (("N", (52, 0, 0)), ("W", (181, 0, 0)), None),
    ],
)
def test_places_have_the_sign_of_their_side(
    latitude: tuple[str, Any], longitude: tuple[str, Any], place: tuple[float, float] | None
) -> None:
    gps = {
        GPS.GPSLatitudeRef: latitude[0], GPS.GPSLatitude: latitude[1],
        GPS.GPSLongitudeRef: longitude[0], GPS.GPSLongitude: longitude[1],
    }  # fmt: skip
    assert read_metadata(jpeg(exif=exif(gps=gps))).place == place


@pytest.mark.parametrize("missing", [GPS.GPSLatitude, GPS.GPSLongitude])
def test_half_a_place_is_none(missing: int) -> None:
    assert read_metadata(jpeg(exif=exif(gps={tag: value for tag, value in BERLIN.items() if tag != missing}))).place is None


@pytest.mark.parametrize(
    ("tags", "inner", "date"),
    [
        ({}, {Exif.DateTimeOriginal: "2024:05:17 10:20:30"}, "2024-05-17T10:20:30"),
        ({}, {Exif.DateTimeDigitized: "2024:05:17 10:20:30"}, "2024-05-17T10:20:30"),
        ({Exif.DateTime: "2024:05:17 10:20:30"}, {}, "2024-05-17T10:20:30"),
        ({Exif.DateTime: "2024:05:17 10:20:30"}, {Exif.DateTimeOriginal: "0000:00:00 00:00:00"}, "2024-05-17T10:20:30"),
        ({Exif.DateTime: "2024:05:17 10:20:30"}, {Exif.DateTimeOriginal: "    :  :     :  :  "}, "2024-05-17T10:20:30"),
        ({Exif.DateTime: "yesterday"}, {Exif.DateTimeOriginal: "2024:02:30 10:20:30"}, ""),
        ({}, {}, ""),
    ],
)
def test_the_first_date_that_is_one_counts(tags: dict[int, str], inner: dict[int, str], date: str) -> None:
    assert read_metadata(jpeg(exif=exif(tags, inner))).date == date


def test_iptc_gives_title_caption_and_all_keywords() -> None:
    segment = iptc(
        UTF8, (2, 5, "Füchsin".encode()), (2, 120, "Лиса спит в снегу".encode()),
        (2, 25, "лиса".encode()), (2, 25, b""), (2, 25, "снег".encode()), (2, 25, "冬".encode()), (2, 105, b"Snow at last"),
    )  # fmt: skip
    assert texts(read_metadata(with_segment(segment))) == [
        (Kind.TITLE, "Füchsin", ""), (Kind.TITLE, "Snow at last", ""),
        (Kind.CAPTION, "Лиса спит в снегу", ""), (Kind.KEYWORDS, "лиса, снег, 冬", ""),
    ]  # fmt: skip


def test_iptc_that_does_not_tell_its_encoding_is_read_all_the_same() -> None:
    segment = iptc((2, 5, "Füchsin – grün".encode("cp1252")), (2, 120, "Füchsin im Schnee".encode()), (2, 25, b"fox"))
    assert texts(read_metadata(with_segment(segment))) == [
        (Kind.TITLE, "Füchsin – grün", ""), (Kind.CAPTION, "Füchsin im Schnee", ""), (Kind.KEYWORDS, "fox", ""),
    ]  # fmt: skip


def test_a_last_letter_that_the_limit_of_iptc_cut_in_two_is_left_out() -> None:
    cut = "Лисица".encode()[:-1]
    assert texts(read_metadata(with_segment(iptc(UTF8, (2, 5, cut))))) == [(Kind.TITLE, "Лисиц", "")]


def test_xmp_gives_texts_with_their_languages() -> None:
    packet = xmp(
        title=[("x-default", "Fox"), ("en-US", "Fox"), ("de", "Fuchs & Füchsin")],
        description=[("x-default", "A fox sleeps"), ("ru", "Лиса спит")],
        subject=[("", "fox"), ("", "snow"), ("", "冬")],
    )
    assert texts(read_metadata(jpeg(xmp=packet))) == [
        (Kind.TITLE, "Fox", "en-US"), (Kind.TITLE, "Fuchs & Füchsin", "de"),
        (Kind.CAPTION, "A fox sleeps", ""), (Kind.CAPTION, "Лиса спит", "ru"),
        (Kind.KEYWORDS, "fox, snow, 冬", ""),
    ]  # fmt: skip


def test_a_text_without_list_is_read_too() -> None:
    packet = XMP.format("<dc:title>Fox</dc:title><dc:subject>fox, snow</dc:subject>").encode()
    assert texts(read_metadata(jpeg(xmp=packet))) == [(Kind.TITLE, "Fox", ""), (Kind.KEYWORDS, "fox, snow", "")]


@pytest.mark.parametrize("code", ["x-default", "x-repair", "", "../../etc", "e" * 50, "en us", "<script>"])
def test_a_language_that_is_none_is_not_kept(code: str) -> None:
    assert texts(read_metadata(jpeg(xmp=xmp(title=[(code, "Fox")])))) == [(Kind.TITLE, "Fox", "")]


def test_one_text_in_three_places_is_one_piece() -> None:
    picture = jpeg(exif=exif({Exif.ImageDescription: "A red fox"}), xmp=xmp(description=[("en", "A red fox")]))
    segment = iptc((2, 120, b"A red fox"), (2, 25, b"fox"))
    assert texts(read_metadata(with_segment(segment, picture))) == [
        (Kind.CAPTION, "A red fox", "en"),
        (Kind.KEYWORDS, "fox", ""),
    ]


@pytest.mark.parametrize("late", [False, True], ids=["before the pixels", "behind the pixels"])
def test_metadata_of_a_png_is_found_on_both_sides_of_its_pixels(late: bool) -> None:
    written = exif({Exif.ImageDescription: "A red fox"}, {Exif.DateTimeOriginal: "2024:05:17 10:20:30"}).tobytes()
    packet = png_chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + xmp(title=[("en", "Fox")]))
    found = read_metadata(png_with(png_chunk(b"eXIf", written.removeprefix(b"Exif\0\0")), packet, late=late))
    assert texts(found) == [(Kind.TITLE, "Fox", "en"), (Kind.CAPTION, "A red fox", "")]
    assert found.date == "2024-05-17T10:20:30"


def test_compressed_xmp_of_a_png_is_read() -> None:
    packet = zlib.compress(xmp(title=[("en", "Fox")]))
    data = png_with(png_chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + packet))
    assert texts(read_metadata(data)) == [(Kind.TITLE, "Fox", "en")]
