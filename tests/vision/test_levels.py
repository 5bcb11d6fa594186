"""Colours as a browser shows them: profiles are applied, deep levels are stretched, light drawings stand on a dark ground."""

import io
import struct

import numpy as np
import pytest
from PIL import Image, ImageCms, ImageDraw, ImageFont

from engine.settings import Settings
from tests.vision.drawing import encoded
from vision.picture import decode, thumbnail

WHITE_POINT = (0.9642, 1, 0.8249)
PROPHOTO = ((0.7977, 0.2880, 0), (0.1352, 0.7119, 0), (0.0313, 0.0001, 0.8249))
SWAPPED = ((0.1431, 0.0606, 0.7141), (0.4361, 0.2225, 0.0139), (0.3851, 0.7169, 0.0971))
CLAY = (180, 90, 60)


def fixed(value: float) -> bytes:
    return struct.pack(">i", round(value * 65536))


def profile(primaries: tuple[tuple[float, float, float], ...], gamma: float) -> bytes:
    """A small matrix profile (ICC.1:2010)."""
    tags = {b"desc": b"desc\0\0\0\0" + struct.pack(">I", 5) + b"test\0" + bytes(78), b"cprt": b"text\0\0\0\0none\0"}
    tags[b"wtpt"] = b"XYZ \0\0\0\0" + b"".join(map(fixed, WHITE_POINT))
    for name, xyz in zip((b"rXYZ", b"gXYZ", b"bXYZ"), primaries, strict=True):
        tags[name] = b"XYZ \0\0\0\0" + b"".join(map(fixed, xyz))
    for name in (b"rTRC", b"gTRC", b"bTRC"):
        tags[name] = b"curv\0\0\0\0" + struct.pack(">IH", 1, round(gamma * 256))
    body, table, start = b"", struct.pack(">I", len(tags)), 132 + 12 * len(tags)
    for name, tag in tags.items():
        padded = tag + bytes(-len(tag) % 4)
        table += name + struct.pack(">II", start + len(body), len(padded))
        body += padded
    head = struct.pack(">I4sI4s4s4s", start + len(body), b"lcms", 0x02100000, b"mntr", b"RGB ", b"XYZ ") + bytes(12)
    return head + b"acsp" + bytes(28) + b"".join(map(fixed, WHITE_POINT)) + bytes(48) + table + body


def flat(mode: str = "RGB", colour: tuple[int, ...] = CLAY) -> Image.Image:
    return Image.new(mode, (40, 30), colour)


def middle(data: bytes, settings: Settings) -> tuple[int, ...]:
    seen = decode(data, settings)
    return tuple(int(level) for level in seen.pixels[seen.pixels.shape[0] // 2, seen.pixels.shape[1] // 2])


def near(found: tuple[int, ...], expected: tuple[int, ...], by: int = 4) -> bool:
    return max(abs(a - b) for a, b in zip(found, expected, strict=True)) <= by


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP"])
def test_profiles_are_applied(kind: str, settings: Settings) -> None:
    options = {"lossless": True} if kind == "WEBP" else {"quality": 95} if kind == "JPEG" else {}
    wide = encoded(flat(), kind, icc_profile=profile(PROPHOTO, 1.8), **options)
    swapped = encoded(flat(), kind, icc_profile=profile(SWAPPED, 2.2), **options)
    assert near(middle(wide, settings), (250, 73, 68))
    assert near(middle(swapped, settings), (90, 57, 182))


def test_profiles_are_applied_to_transparent_and_indexed_pictures(settings: Settings) -> None:
    clear = flat("RGBA", (*CLAY, 255))
    clear.paste((0, 0, 0, 0), (0, 0, 5, 5))
    indexed = flat().convert("P", palette=Image.Palette.ADAPTIVE)
    for image in (clear, indexed):
        assert near(middle(encoded(image, icc_profile=profile(SWAPPED, 2.2)), settings), (90, 57, 182))


def test_a_profile_of_srgb_changes_nothing_and_an_unusable_one_is_ignored(settings: Settings) -> None:
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for kept in (srgb, b"no profile", profile(SWAPPED, 2.2)[:200], b""):
        assert middle(encoded(flat(), icc_profile=kept), settings) == CLAY
    grey = encoded(Image.new("L", (40, 30), 99), icc_profile=profile(SWAPPED, 2.2))
    assert middle(grey, settings) == (99, 99, 99), "a profile of colours says nothing of grey levels"


def test_lab_is_shown(settings: Settings) -> None:
    lab = ImageCms.profileToProfile(flat(), ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), outputMode="LAB")
    assert lab is not None
    assert near(middle(encoded(lab, "TIFF"), settings), CLAY, by=8)


def gradient(top: int, dtype: type[np.generic]) -> Image.Image:
    return Image.fromarray(np.tile(np.linspace(0, top, 64).astype(dtype), (40, 1)))


@pytest.mark.parametrize(
    ("image", "right"),
    [
        (gradient(4095, np.uint16), 255),  # 12 bits in 16, as cameras and microscopes write them
        (gradient(65_535, np.uint16), 255),
        (gradient(30_000, np.uint16), 117),
        (gradient(2_000_000_000, np.int32), 255),
        (gradient(1000, np.float32), 255),
        (gradient(1, np.float32), 255),
    ],
    ids=["12 bits", "16 bits", "16 bits, dim", "32 bits", "floats", "floats up to 1"],
)
def test_levels_of_any_depth_are_shown_from_black_to_white(image: Image.Image, right: int, settings: Settings) -> None:
    seen = decode(encoded(image, "TIFF"), settings)
    assert seen.pixels[20, 0].max() <= 4
    assert abs(int(seen.pixels[20, -1, 0]) - right) <= 4
    assert abs(int(seen.pixels[20, 32, 0]) - right // 2) <= 6


def test_unsigned_levels_beyond_two_to_the_31st_and_negative_ones_are_shown(settings: Settings) -> None:
    data = encoded(gradient(2_000_000_000, np.int32), "TIFF")
    place = data.rindex(struct.pack("<i", 2_000_000_000))
    bright = data[:place] + struct.pack("<I", 4_000_000_000) + data[place + 4 :]
    tag = bright.index(b"\x53\x01\x03\0")  # SampleFormat, a short: signed becomes unsigned
    bright = bright[: tag + 8] + b"\1\0" + bright[tag + 10 :]
    assert decode(bright, settings).pixels.max() == 255
    assert decode(bright, settings).pixels[20, 32, 0] < 80, "the brightest pixel sets the scale"
    below = Image.fromarray(np.tile(np.linspace(-100, 100, 64).astype(np.float32), (40, 1)))
    assert 120 <= decode(encoded(below, "TIFF"), settings).pixels[20, 32, 0] <= 136


def drawing(ink: tuple[int, int, int], size: tuple[int, int] = (300, 80)) -> bytes:
    sheet = Image.new("RGBA", size, (*ink, 0))
    ImageDraw.Draw(sheet).text((10, 10), "LIGHTHOUSE", fill=(*ink, 255), font=ImageFont.load_default(40))
    return encoded(sheet)


def contrast(data: bytes) -> int:
    levels = np.asarray(Image.open(io.BytesIO(data)).convert("L"), dtype=int)
    return int(levels.max() - levels.min())


@pytest.mark.parametrize("ink", [(255, 255, 255), (0, 0, 0), (255, 255, 180), (120, 120, 120)])
def test_a_drawing_on_transparency_stands_on_a_ground_on_which_it_shows(ink: tuple[int, int, int], settings: Settings) -> None:
    assert contrast(thumbnail(decode(drawing(ink), settings))) > 100


def test_the_ground_is_white_where_something_dark_shows_on_it(settings: Settings) -> None:
    sheet = Image.new("RGBA", (100, 100), (0, 0, 0, 0))
    sheet.paste((250, 250, 250, 255), (20, 20, 80, 80))
    sheet.paste((90, 90, 90, 255), (20, 70, 80, 80))
    assert decode(encoded(sheet), settings).pixels[0, 0].tolist() == [255, 255, 255]
    assert decode(encoded(Image.new("RGBA", (20, 20), (0, 0, 0, 0))), settings).pixels.min() == 255
