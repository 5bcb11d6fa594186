"""Files with sound pixels are used whatever else is wrong with them, with a note; files without enough pixels are refused."""

import io
import struct
import tracemalloc
import zlib

import numpy as np
import pytest
from PIL import Image

from engine.errors import BadPicture
from engine.settings import Settings
from ingest.metadata import read_metadata
from tests.vision.drawing import encoded, photo
from vision.picture import decode

PNG_HEADER = 33  # bytes up to the end of IHDR


def chunk(name: bytes, body: bytes, checksum: int | None = None) -> bytes:
    crc = zlib.crc32(name + body) if checksum is None else checksum
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", crc)


def with_chunk(extra: bytes, *, end: bool = False) -> bytes:
    png = encoded(photo(200, 150))
    place = len(png) - 12 if end else PNG_HEADER
    return png[:place] + extra + png[place:]


def segment(marker: int, body: bytes) -> bytes:
    return bytes([0xFF, marker]) + struct.pack(">H", len(body) + 2) + body


def with_segment(extra: bytes) -> bytes:
    jpeg = encoded(photo(200, 150), "JPEG", quality=92)
    return jpeg[:2] + extra + jpeg[2:]


def webp_with_cut_metadata() -> bytes:
    whole = encoded(photo(200, 150), "WEBP", exif=b"Exif\0\0" + b"x" * 4000, quality=90)
    return whole[:-2000]


BIG_TEXT = b"Comment\0\0" + zlib.compress(b"word " * 3_000_000)
SOUND = {
    "EXIF of a PNG that no reader understands": with_chunk(chunk(b"eXIf", b"\0\x08\0\x02\x01\x12\0\x03")),
    "a wrong checksum of a text": with_chunk(chunk(b"tEXt", b"Title\0kite", 1)),
    "a wrong checksum of a profile": with_chunk(chunk(b"iCCP", b"icc\0\0" + zlib.compress(b"none"), 1)),
    "a profile that does not unpack": with_chunk(chunk(b"iCCP", b"icc\0\0none")),
    "a broken chunk of chromaticities": with_chunk(chunk(b"cHRM", b"\0" * 7)),
    "a broken text behind the pixels": with_chunk(chunk(b"zTXt", b"Comment\0\x78none"), end=True),
    "megabytes of text": with_chunk(chunk(b"zTXt", BIG_TEXT)),
    "megabytes of profile": with_chunk(chunk(b"iCCP", b"icc\0\0" + zlib.compress(bytes(9_000_000)))),
    "a wrong checksum of the pixels": encoded(photo(200, 150))[:-16] + b"\0\0\0\1" + chunk(b"IEND", b""),
    "a PNG without an end": encoded(photo(200, 150))[:-12],
    "a PNG that lacks its last rows": encoded(photo(200, 150), compress_level=0)[:-6000],
    "a JPEG without an end": encoded(photo(200, 150), "JPEG")[:-2],
    "a JPEG that lacks its last rows": encoded(photo(640, 480), "JPEG")[: int(len(encoded(photo(640, 480), "JPEG")) * 0.97)],
    "a progressive JPEG without an end": encoded(photo(200, 150), "JPEG", progressive=True)[:-2],
    "a progressive JPEG that lacks its last scans": encoded(photo(200, 150), "JPEG", progressive=True)[:-300],
    "a JPEG with broken EXIF": with_segment(segment(0xE1, b"Exif\0\0MM\0*\xff\xff\xff\xff")),
    "a JPEG with a broken index of pictures": with_segment(segment(0xE2, b"MPF\0MM\0*\0\0\0\x08\0\1")),
    "a JPEG with broken settings of Photoshop": with_segment(segment(0xED, b"Photoshop 3.0\x008BIM\x04\x04\xff")),
    "a GIF without an end": encoded(photo(200, 150), "GIF")[:-1],
    "a WebP whose metadata is cut off": webp_with_cut_metadata(),
}  # fmt: skip


@pytest.mark.parametrize("name", SOUND)
def test_sound_pixels_are_used_whatever_else_is_wrong(name: str, settings: Settings) -> None:
    seen = decode(SOUND[name], settings)
    expected = np.asarray(photo(seen.width, seen.height).resize((8, 6), Image.Resampling.BOX), dtype=int)
    found = np.asarray(Image.fromarray(seen.pixels).resize((8, 6), Image.Resampling.BOX), dtype=int)
    assert np.abs(found[:5] - expected[:5]).max() < 24, "the last rows may be missing, all others are right"


@pytest.mark.parametrize("name", ["megabytes of text", "a PNG that lacks its last rows", "a progressive JPEG without an end"])
def test_a_note_says_what_is_wrong(name: str, settings: Settings) -> None:
    (note,) = decode(SOUND[name], settings).notes
    assert "damaged" in note and "was decoded" in note


def test_unreadable_exif_is_noted_and_the_picture_is_not_turned(settings: Settings) -> None:
    seen = decode(SOUND["EXIF of a PNG that no reader understands"], settings)
    assert "EXIF" in seen.notes[0] and (seen.width, seen.height) == (200, 150)


def test_sound_files_have_no_note(settings: Settings) -> None:
    assert decode(encoded(photo()), settings).notes == ()


def test_rows_that_could_not_be_decoded_are_grey(settings: Settings) -> None:
    seen = decode(SOUND["a PNG that lacks its last rows"], settings)
    assert (seen.pixels[-1] == 128).all()
    assert "93%" in seen.notes[0]


@pytest.mark.parametrize("share", [0.5, 0.8, 0.88])
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "BMP", "TIFF", "PPM"])
def test_less_than_nine_tenths_is_refused(kind: str, share: float, settings: Settings) -> None:
    noise = Image.fromarray(np.random.default_rng(1).integers(0, 256, (300, 300, 3), dtype=np.uint8))
    whole = encoded(noise, kind)
    with pytest.raises(BadPicture) as refused:
        decode(whole[: int(len(whole) * share)], settings)
    assert refused.value.reason == "truncated"


def test_half_a_progressive_jpeg_is_refused(settings: Settings) -> None:
    whole = encoded(photo(400, 300), "JPEG", progressive=True)
    with pytest.raises(BadPicture):
        decode(whole[: whole.index(b"\xff\xda") + 60], settings)


def test_metadata_before_the_damage_is_read() -> None:
    exif = Image.Exif()
    exif[0x010E] = "Lantern festival"
    png = encoded(photo(), exif=exif)
    broken = png[:PNG_HEADER] + chunk(b"cHRM", b"\0" * 7) + png[PNG_HEADER:]
    assert [text.text for text in read_metadata(broken).snippets] == ["Lantern festival"]


def test_a_jpeg_of_two_hundred_megapixels_is_used_at_a_fraction(settings: Settings) -> None:
    huge = encoded(Image.new("RGB", (16_320, 12_240), (200, 40, 30)), "JPEG", quality=50)
    tracemalloc.start()
    seen = decode(huge, settings)
    assert (seen.width, seen.height) == (16_320, 12_240)
    assert seen.pixels.shape == (1200, 1600, 3)
    assert tracemalloc.get_traced_memory()[1] < 100 * 2**20
    tracemalloc.stop()


def test_a_jpeg_whose_memory_cannot_be_bounded_is_refused(settings: Settings) -> None:
    few = settings.model_copy(update={"max_pixels": 5_000_000})
    large = Image.new("RGB", (4000, 3000))
    assert decode(encoded(large, "JPEG"), few).width == 4000
    for bomb in (encoded(large, "JPEG", progressive=True), encoded(large), encoded(Image.new("RGB", (8000, 3000)), "JPEG")):
        with pytest.raises(BadPicture) as refused:
            decode(bomb, few)
        assert refused.value.reason == "bomb"
    assert Image.open(io.BytesIO(encoded(large))).size == (4000, 3000)
