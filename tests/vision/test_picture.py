"""Bytes in, pixels out: every kind of good picture is used, every kind of bad one refused with its own reason."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from engine.errors import BadPicture
from engine.settings import Settings
from tests.vision.drawing import encoded, photo
from vision.image_features import Box
from vision.picture import WORKING_SIDE, Picture, decode, thumbnail

STORED = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}
SVG = b'<?xml version="1.0"?>\n<!-- a drawing -->\n<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"></svg>'


def bomb(side: int = 60_000) -> bytes:
    """A PNG whose header promises far more pixels than its few bytes hold."""
    chunks = b""
    for kind, body in ((b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)), (b"IDAT", zlib.compress(b"\0" * 64))):
        chunks += struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
    return b"\x89PNG\r\n\x1a\n" + chunks


def cut(kind: str, share: float, **options: object) -> bytes:
    whole = encoded(photo(640, 480), kind, **options)
    return whole[: int(len(whole) * share)]


BAD = {
    "no bytes": (b"", "empty"),
    "text": (b"these are words, and no picture\n" * 20, "not-a-picture"),
    "a web page with a drawing in it": (b"<!-- x --><html><svg></svg></html>", "not-a-picture"),
    "half a JPEG": (cut("JPEG", 0.5), "truncated"),
    "only the start of a JPEG": (encoded(photo(), "JPEG")[:20], "truncated"),
    "half a PNG": (cut("PNG", 0.5), "truncated"),
    "half a GIF": (cut("GIF", 0.5), "truncated"),
    "half a WebP": (cut("WEBP", 0.5), "truncated"),
    "half a TIFF": (cut("TIFF", 0.5), "truncated"),
    "half an AVIF": (cut("AVIF", 0.5), "truncated|unsupported"),
    "SVG with a declaration": (SVG, "svg"),
    "SVG without": (b'\xef\xbb\xbf  <svg viewBox="0 0 1 1"/>', "svg"),
    "SVG after a comment": (b"<!-- made by hand -->" + SVG.partition(b"\n")[2], "svg"),
    "PostScript": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 90 90\nshowpage\n", "not-a-picture"),
    "one pixel": (encoded(Image.new("RGB", (1, 1))), "too-small"),
    "a line of pixels": (encoded(Image.new("RGB", (500, 2))), "too-small"),
    "a decompression bomb": (bomb(), "bomb"),
    "an unknown HEIC": (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + b"\0" * 100, "unsupported"),
}


@pytest.mark.parametrize("name", BAD)
def test_each_bad_picture_is_refused_with_its_own_reason(name: str, settings: Settings) -> None:
    data, reason = BAD[name]
    with pytest.raises(BadPicture) as refused:
        decode(data, settings)
    assert refused.value.reason in reason.split("|")
    assert len(str(refused.value)) > 10


def test_too_many_bytes_are_refused_before_decoding(settings: Settings) -> None:
    data = encoded(photo())
    with pytest.raises(BadPicture) as refused:
        decode(data, settings.model_copy(update={"max_bytes": len(data) - 1}))
    assert refused.value.reason == "too-large"
    assert decode(data, settings.model_copy(update={"max_bytes": len(data)})).width == 320


def test_the_limit_of_pixels_is_the_setting(settings: Settings) -> None:
    data = encoded(photo(100, 100))
    assert decode(data, settings.model_copy(update={"max_pixels": 10_000})).width == 100
    with pytest.raises(BadPicture, match="OMMA_MAX_PIXELS"):
        decode(data, settings.model_copy(update={"max_pixels": 9_999}))


def near(picture: Picture, rgb: tuple[int, int, int], *, x: float = 0.5, y: float = 0.5, by: int = 12) -> bool:
    rows, columns = picture.pixels.shape[:2]
    return bool(np.abs(picture.pixels[int(y * rows), int(x * columns)].astype(int) - rgb).max() <= by)


@pytest.mark.parametrize(
    "kind", ["JPEG", "PNG", "GIF", "WEBP", "TIFF", "BMP", "AVIF", "HEIF", "JPEG2000", "PPM", "PCX", "TGA", "DDS", "QOI", "SGI"]
)
def test_every_raster_format_is_used(kind: str, settings: Settings) -> None:
    seen = decode(encoded(Image.new("RGB", (64, 48), (200, 40, 30)), kind), settings)
    assert (seen.width, seen.height, seen.pixels.shape, seen.pixels.dtype) == (64, 48, (48, 64, 3), np.dtype(np.uint8))
    assert near(seen, (200, 40, 30))


def test_modes_other_than_rgb_are_used(settings: Settings) -> None:
    red = Image.new("RGB", (40, 40), (220, 30, 30))
    assert near(decode(encoded(red.convert("CMYK"), "JPEG", quality=95), settings), (220, 30, 30), by=20)
    assert near(decode(encoded(red.convert("P", palette=Image.Palette.ADAPTIVE)), settings), (220, 30, 30))
    assert near(decode(encoded(Image.new("1", (40, 40), 1)), settings), (255, 255, 255))
    assert near(decode(encoded(Image.new("L", (40, 40), 99)), settings), (99, 99, 99))
    sixteen = Image.fromarray(np.full((40, 40), 40_000, dtype=np.uint16))
    assert near(decode(encoded(sixteen), settings), (155, 155, 155), by=2)
    assert near(decode(encoded(sixteen, "TIFF"), settings), (155, 155, 155), by=2)


def test_large_pictures_of_odd_modes_are_shrunk_too(settings: Settings) -> None:
    sixteen = Image.fromarray(np.full((1000, 2000), 40_000, dtype=np.uint16))
    palette = photo(2000, 1000).convert("P", palette=Image.Palette.ADAPTIVE)
    for image in (sixteen, palette):
        assert decode(encoded(image), settings).pixels.shape == (800, 1600, 3)


@pytest.mark.parametrize("kind", ["GIF", "WEBP"])
def test_the_first_frame_of_an_animation_is_used(kind: str, settings: Settings) -> None:
    frames = [Image.new("RGB", (50, 50), colour) for colour in ("red", "lime", "blue")]
    data = encoded(frames[0], kind, save_all=True, append_images=frames[1:], duration=100, lossless=True)
    assert near(decode(data, settings), (255, 0, 0))


def test_transparency_lies_over_white_and_is_kept(settings: Settings) -> None:
    image = Image.new("RGBA", (40, 40), (0, 0, 255, 255))
    image.paste((255, 0, 0, 0), (0, 0, 20, 40))
    seen = decode(encoded(image), settings)
    assert near(seen, (255, 255, 255), x=0.2)
    assert near(seen, (0, 0, 255), x=0.8)
    assert seen.alpha is not None
    assert (seen.alpha[20, 5], seen.alpha[20, 35]) == (0, 255)


def test_an_opaque_alpha_is_no_transparency(settings: Settings) -> None:
    assert decode(encoded(Image.new("RGBA", (40, 40), (0, 0, 255, 255))), settings).alpha is None


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_pictures_are_turned_upright(orientation: int, kind: str, settings: Settings) -> None:
    """The corner that is red once upright is stored where the orientation says that it was."""
    upright = Image.new("RGB", (60, 40), "white")
    upright.paste("red", (0, 0, 20, 20))
    stored = upright.transpose(STORED[orientation]) if orientation in STORED else upright
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"tiffinfo": {0x0112: orientation}} if kind == "TIFF" else {"exif": exif}
    seen = decode(encoded(stored, kind, **options), settings)
    assert (seen.width, seen.height) == (60, 40)
    assert seen.pixels.shape == (40, 60, 3)
    assert near(seen, (255, 0, 0), x=0.1, y=0.2, by=40)
    assert near(seen, (255, 255, 255), x=0.9, y=0.8, by=40)


def test_the_working_size_is_limited_and_the_original_size_is_kept(settings: Settings) -> None:
    seen = decode(encoded(photo(4000, 3000), "JPEG"), settings)
    assert (seen.width, seen.height) == (4000, 3000)
    assert seen.pixels.shape == (1200, WORKING_SIDE, 3)


def test_a_picture_turned_and_shrunk_keeps_its_proportions(settings: Settings) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    seen = decode(encoded(photo(3200, 1600), "JPEG", exif=exif), settings)
    assert (seen.width, seen.height) == (1600, 3200)
    assert seen.pixels.shape == (1600, 800, 3)


def test_the_id_is_the_sha256_of_the_bytes(settings: Settings) -> None:
    small, large = encoded(photo(64, 64)), encoded(photo(64, 64), compress_level=0)
    assert decode(small, settings).id != decode(large, settings).id
    assert len(decode(small, settings).id) == 64


def test_a_crop_is_the_part_inside_the_box(settings: Settings) -> None:
    image = Image.new("RGB", (200, 100), "white")
    image.paste("red", (50, 20, 100, 60))
    whole = decode(encoded(image), settings)
    part = whole.crop(Box(0.25, 0.2, 0.25, 0.4))
    assert part.pixels.shape == (40, 50, 3)
    assert bool((part.pixels == (255, 0, 0)).all())
    assert (part.id, part.width, part.height) == (whole.id, 50, 40)


def test_a_tiny_crop_has_at_least_a_pixel(settings: Settings) -> None:
    part = decode(encoded(photo(30, 30)), settings).crop(Box(0.999, 0.999, 0.001, 0.001))
    assert part.pixels.shape == (1, 1, 3)


def test_a_thumbnail_is_a_small_webp(settings: Settings) -> None:
    small = Image.open(io.BytesIO(thumbnail(decode(encoded(photo(1200, 800)), settings), side=320)))
    assert (small.format, small.size) == ("WEBP", (320, 213))
    unscaled = Image.open(io.BytesIO(thumbnail(decode(encoded(photo(100, 50)), settings))))
    assert unscaled.size == (100, 50)


def test_damaged_files_raise_nothing_but_bad_picture(settings: Settings) -> None:
    """Damage at random places of real files: a picture, or a refusal, and never another error."""
    rng = np.random.default_rng(7)
    for kind in ("JPEG", "PNG", "GIF", "WEBP", "TIFF", "BMP", "HEIF"):
        whole = bytearray(encoded(photo(90, 60), kind))
        for _ in range(40):
            hurt = bytearray(whole)
            for place in rng.integers(0, len(hurt), 8):
                hurt[place] = int(rng.integers(0, 256))
            try:
                assert decode(bytes(hurt), settings).pixels.ndim == 3
            except BadPicture as refused:
                assert refused.reason
