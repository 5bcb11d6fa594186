"""Metadata of hostile and damaged images: parts are skipped, no error is raised, and reading stays fast."""

import io
import struct
import time
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image, ImageFile

from factors.text import Kind
from ingest.metadata import MAX_SNIPPETS, Metadata, read_metadata
from tests.ingest.image_metadata import BERLIN, GPS, XMP, Exif, exif, iptc, raw_exif, texts, wide, with_segment, xmp
from tests.ingest.pictures import bomb_png, encoded, jpeg, pixels

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:PIL")  # of damaged pictures, of which there are plenty

BILLION = """<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">{}]>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><r xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>&z8;</dc:title></r></x:xmpmeta>"""


def billion_laughs() -> bytes:
    steps = "".join(f'<!ENTITY z{n} "{(f"&z{n - 1};" if n else "&a;") * 10}">' for n in range(9))
    return BILLION.format(steps).encode()


HOSTILE_XMP: dict[str, Callable[[], bytes]] = {
    "an entity that grows a billion times": billion_laughs,
    "an entity that is a file": lambda: (
        b'<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/hostname">]><x xmlns:dc="http://purl.org/dc/elements/1.1/">'
        b"<dc:title>&f;</dc:title></x>"
    ),
    "an undeclared entity": lambda: XMP.format("<dc:title>&bomb;</dc:title>").encode(),
    "no end": lambda: xmp(title=[("en", "Fox")])[:-150],
    "a tag that is not closed": lambda: XMP.format("<dc:title>Fox").encode(),
    "no XML": lambda: b"<x:xmpmeta \xff\xfe\x00",
    "nothing": lambda: b"",
    "an unknown encoding": lambda: b"<?xml version='1.0' encoding='klingon'?><x/>",
    "elements in elements": lambda: b"<a>" * 9_000 + b"</a>" * 7_000,
}


@pytest.mark.parametrize("name", HOSTILE_XMP)
def test_xmp_that_is_hostile_or_broken_spoils_nothing_else(name: str) -> None:
    written = exif({Exif.ImageDescription: "A red fox"}, {Exif.DateTimeOriginal: "2024:05:17 10:20:30"}, BERLIN)
    packet, started = HOSTILE_XMP[name](), time.monotonic()
    for data in (jpeg(exif=written, xmp=packet), jpeg(exif=written) + packet):
        found = read_metadata(with_segment(iptc((2, 25, b"fox")), data))
        assert texts(found) == [(Kind.KEYWORDS, "fox", ""), (Kind.CAPTION, "A red fox", "")]
        assert (found.date, found.place) == ("2024-05-17T10:20:30", (52.52, 13.41))
    assert time.monotonic() - started < 2


def test_a_million_beginnings_of_xmp_take_no_time() -> None:
    started = time.monotonic()
    assert read_metadata(jpeg() + b"<x:xmpmeta" * 1_000_000) == Metadata()
    assert time.monotonic() - started < 2


def test_a_packet_beyond_all_measure_is_left_alone() -> None:
    assert read_metadata(jpeg() + xmp(title=[("en", "Fox"), ("de", "x" * 5_000_000)])) == Metadata()


def test_there_is_an_end_to_pieces_and_to_their_length() -> None:
    packet = xmp(title=[("", f"Fox {number}") for number in range(1_000)], description=[("", "fox " * 100_000)])
    found = read_metadata(jpeg() + packet)
    assert len(found.snippets) == MAX_SNIPPETS
    long = read_metadata(jpeg() + xmp(description=[("", "fox " * 100_000)]))
    assert len(long.snippets[0].text) <= 10_000


def test_exif_that_is_damaged_spoils_nothing_else() -> None:
    for damaged in (b"Exif\0\0", b"Exif\0\0MM", b"Exif\0\0these are words", b"Exif\0\0II*\0\xff\xff\xff\xff"):
        picture = jpeg(exif=damaged, xmp=xmp(title=[("en", "Fox")]))
        found = read_metadata(with_segment(iptc((2, 25, b"fox")), picture))
        assert texts(found) == [(Kind.TITLE, "Fox", "en"), (Kind.KEYWORDS, "fox", "")], damaged


def test_iptc_that_is_damaged_spoils_nothing_else() -> None:
    broken = iptc((2, 25, b"fox")).replace(b"\x1c\x02\x19", b"\x1c\xff\x19")
    endless = b"\xff\xed\0\x20Photoshop 3.0\x008BIM\x04\x04\0\0\x7f\xff\xff\xff\x1c\x02"
    for segment in (broken, endless):
        picture = jpeg(exif=exif({Exif.ImageDescription: "A red fox"}), xmp=xmp(title=[("en", "Fox")]))
        assert texts(read_metadata(with_segment(segment, picture))) == [
            (Kind.TITLE, "Fox", "en"), (Kind.CAPTION, "A red fox", ""),
        ]  # fmt: skip


def test_values_of_a_kind_that_no_text_has_are_left_out() -> None:
    for kind in (3, 4, 5, 12):  # numbers
        numbers = raw_exif((Exif.ImageDescription, kind, bytes(range(65, 89))), (Exif.XPTitle, kind, bytes(range(65, 89))))
        assert read_metadata(jpeg(exif=numbers)).snippets == ()
    for parts in ((52.0, 61.0), (52.0, 31.0, 61.0), (52.0, 31.0, 12.0, 5.0)):
        assert read_metadata(jpeg(exif=exif(gps=BERLIN | {GPS.GPSLatitude: parts}))).place is None


def test_degrees_divided_by_nothing_are_no_place() -> None:
    whole = exif(gps=BERLIN).tobytes()
    third = struct.pack(">II", 24, 1)
    assert third in whole
    assert read_metadata(jpeg(exif=whole)).place
    assert read_metadata(jpeg(exif=whole.replace(third, struct.pack(">II", 24, 0)))).place is None


def test_no_bytes_whatever_raise() -> None:
    """Damage at random places of files that tell much: less is read, and nothing is raised."""
    tags = {Exif.ImageDescription: "A red fox", Exif.XPTitle: wide("Лиса")}
    written = exif(tags, {Exif.DateTimeOriginal: "2024:05:17 10:20:30"}, BERLIN)
    rng = np.random.default_rng(11)
    wholes = [encoded(pixels(), kind, exif=written) for kind in ("PNG", "TIFF", "WEBP", "AVIF", "HEIF")]
    wholes.append(with_segment(iptc((2, 5, b"Fox"), (2, 25, b"fox")), jpeg(exif=written, xmp=xmp(title=[("en", "Fox")]))))
    for whole in wholes:
        assert read_metadata(whole).snippets
        for _ in range(60):
            hurt = bytearray(whole)
            for place in rng.integers(0, min(len(hurt), 1500), 8):
                hurt[place] = int(rng.integers(0, 256))
            cut = int(rng.integers(0, len(hurt)))
            for damaged in (bytes(hurt), bytes(hurt[:cut])):
                found = read_metadata(damaged)
                assert all(snippet.text.encode() for snippet in found.snippets)
                assert found.place is None or (abs(found.place[0]) <= 90 and abs(found.place[1]) <= 180)


@pytest.mark.parametrize("data", [b"", b"\xff", b"text", b"<svg/>", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n"])
def test_what_is_no_picture_tells_nothing(data: bytes) -> None:
    assert read_metadata(data) == Metadata()
    assert read_metadata(data + xmp(title=[("en", "Fox")])) == Metadata()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WEBP", "TIFF", "AVIF", "HEIF"])
def test_no_pixels_are_decoded(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Metadata is read before anything limits the pixels: a bomb must not go off here."""
    data = encoded(pixels(), kind)
    decoded: list[str] = []
    for reader in (ImageFile.ImageFile, type(Image.open(io.BytesIO(data)))):
        monkeypatch.setattr(reader, "load", lambda self: decoded.append(self.format))
    read_metadata(data)
    read_metadata(data + xmp(title=[("en", "Fox")]))
    assert not decoded


def test_a_bomb_tells_its_texts_and_does_not_go_off() -> None:
    bomb = bomb_png()
    assert read_metadata(bomb) == Metadata()
    assert texts(read_metadata(bomb + xmp(title=[("en", "Fox")]))) == [(Kind.TITLE, "Fox", "en")]
