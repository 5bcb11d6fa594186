"""A picture: decoded, upright, size-checked pixels with the sha256 of the original bytes; and picture files of a folder."""

import contextlib
import hashlib
import io
import warnings
from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageFile, UnidentifiedImageError
from pillow_heif import register_heif_opener

from engine.errors import BadPicture, ConfigurationError
from engine.settings import Settings
from vision.image_features import Box

WORKING_SIDE = 1600  # px; no extractor gains from more, and text of a scanned page is still legible
LEVEL_16_BITS = 257  # 16-bit levels per 8-bit level
BACKGROUND = (255, 255, 255)
SHRUNK_FIRST = ("L", "LA", "RGB", "RGBA", "CMYK")  # modes that can be resized before anything else, to save memory
STRIP = 256  # rows that are converted to 8 bits at a time
HEAD = 1024  # bytes that are searched for the start of an SVG
WEBP_QUALITY = 80
SUFFIXES = {".jpg", ".jpeg", ".png", ".webp"}  # of picture files in a folder of development data
# Raster formats only: others (EPS, WMF) hand the file to further programs.
FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "AVIF", "HEIF", "TIFF", "BMP", "ICO", "JPEG2000", "PPM")
SIGNATURES = (b"\xff\xd8\xff", b"\x89PNG", b"GIF8", b"RIFF", b"II*\0", b"MM\0*", b"BM", b"\0\0\0\x0cjP")
MODERN_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"mif1", b"msf1", b"avif", b"avis"}
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
SIDEWAYS = {5, 6, 7, 8}

Image.init()  # `formats=` finds only plugins that are loaded
register_heif_opener()
Image.MAX_IMAGE_PIXELS = None  # `decode` checks a limit of its own, from the header
ImageFile.LOAD_TRUNCATED_IMAGES = False
warnings.filterwarnings("ignore", module=r"PIL\.")  # about damaged metadata, which is common


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """Pixels as the extractors take them.

    `pixels` is uint8 [height, width, 3] RGB, upright, composed over white, its longer side at most `WORKING_SIDE`; `width` and
    `height` are those of the original, upright. `alpha` [height, width] is set if the original is partly transparent.
    """

    id: str
    pixels: NDArray[np.uint8]
    width: int
    height: int
    format: str
    alpha: NDArray[np.uint8] | None = None

    def crop(self, box: Box) -> "Picture":
        """The part inside the box, at least one pixel, as a picture; its id is that of the original."""
        rows, columns = self.pixels.shape[:2]
        left, top = min(int(box.x * columns), columns - 1), min(int(box.y * rows), rows - 1)
        right, bottom = max(left + 1, round((box.x + box.w) * columns)), max(top + 1, round((box.y + box.h) * rows))
        part = np.ascontiguousarray(self.pixels[top:bottom, left:right])
        alpha = None if self.alpha is None else np.ascontiguousarray(self.alpha[top:bottom, left:right])
        width, height = max(1, round(box.w * self.width)), max(1, round(box.h * self.height))
        return replace(self, pixels=part, alpha=alpha, width=width, height=height)


def decode(data: bytes, settings: Settings) -> Picture:
    """Decode the bytes of a picture; of an animation, the first frame.

    Raise BadPicture with one of the reasons `empty`, `too-large` (bytes), `svg`, `unsupported` (a HEIC or AVIF that the library
    cannot read), `not-a-picture`, `bomb` (pixels, read from the header), `too-small`, `truncated`.
    """
    _check_bytes(data, settings)
    image = _open(data)
    _check_pixels(image, settings)
    size, name = image.size, image.format or ""
    try:
        _draft(image)
        image.load()
        # Read after loading: some decoders rotate the pixels themselves and then remove the tag.
        orientation = image.getexif().get(ExifTags.Base.Orientation, 1)
        rgb, alpha = _flatten(_turned(_shrunk(_eight_bits(_shrunk(image, SHRUNK_FIRST))), orientation))
    except (OSError, SyntaxError, ValueError, EOFError, IndexError, MemoryError) as error:
        raise BadPicture("truncated", f"the picture ends early or is damaged: {error}") from error
    width, height = reversed(size) if orientation in SIDEWAYS else size
    pixels = np.asarray(rgb, dtype=np.uint8)
    return Picture(hashlib.sha256(data).hexdigest(), pixels, width, height, name, alpha)


def thumbnail(picture: Picture, side: int = 320) -> bytes:
    """A WebP whose longer side is at most `side` pixels."""
    image = Image.fromarray(picture.pixels)
    image.thumbnail((side, side), Image.Resampling.LANCZOS, reducing_gap=2.0)
    out = io.BytesIO()
    image.save(out, "WEBP", quality=WEBP_QUALITY, method=2)
    return out.getvalue()


def picture_files(folder: Path) -> list[Path]:
    """Picture files below a folder, sorted by path."""
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)


def readable_pictures(folder: Path, number: int, settings: Settings) -> list[Picture]:
    """At most `number` decoded pictures, evenly spread over a folder. Raise ConfigurationError if there are none."""
    paths = picture_files(folder)
    step = max(1, len(paths) // max(1, number))
    pictures: list[Picture] = []
    for path in paths[::step][:number]:
        with contextlib.suppress(BadPicture):
            pictures.append(decode(path.read_bytes(), settings))
    if not pictures:
        raise ConfigurationError(f"there are no pictures in {folder}")
    return pictures


def _check_bytes(data: bytes, settings: Settings) -> None:
    if not data:
        raise BadPicture("empty", "the file has no bytes")
    if len(data) > settings.max_bytes:
        raise BadPicture("too-large", f"{len(data):,} bytes; the limit is {settings.max_bytes:,} (OMMA_MAX_BYTES)")
    head = data[:HEAD].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    opening = data[: 64 * HEAD].lower()
    if head.startswith((b"<svg", b"<?xml", b"<!doctype svg", b"<!--")) and b"<svg" in opening and b"<html" not in opening:
        raise BadPicture("svg", "SVG is a vector format; export it as PNG")


def _open(data: bytes) -> Image.Image:
    try:
        return Image.open(io.BytesIO(data), formats=FORMATS)
    except UnidentifiedImageError as error:
        raise _unknown(data) from error
    except (OSError, SyntaxError, ValueError, EOFError, OverflowError) as error:
        raise BadPicture("truncated", f"the picture's header ends early or is damaged: {error}") from error


def _unknown(data: bytes) -> BadPicture:
    """The error for bytes that no decoder takes: a known format that is cut off, an unsupported one, or no picture."""
    if data[4:8] == b"ftyp" and data[8:12] in MODERN_BRANDS:
        return BadPicture("unsupported", "this HEIC or AVIF picture is damaged, or of a kind that cannot be read here")
    if data.startswith(SIGNATURES):
        return BadPicture("truncated", "the picture's header ends early or is damaged")
    return BadPicture("not-a-picture", f"none of {', '.join(FORMATS)}")


def _check_pixels(image: Image.Image, settings: Settings) -> None:
    width, height = image.size
    if width * height > settings.max_pixels:
        limit = f"{settings.max_pixels:,} (OMMA_MAX_PIXELS)"
        raise BadPicture("bomb", f"{width} x {height} pixels; the limit is {limit}")
    if min(width, height) < settings.min_side:
        raise BadPicture("too-small", f"{width} x {height} pixels; a side has at least {settings.min_side} (OMMA_MIN_SIDE)")


def _draft(image: Image.Image) -> None:
    """Decode a large JPEG at a half, quarter or eighth of its size, which takes a fraction of the time."""
    scale = WORKING_SIDE / max(image.size)
    if image.format in {"JPEG", "MPO"} and scale < 1:
        image.draft(None, (round(image.width * scale), round(image.height * scale)))


def _eight_bits(image: Image.Image) -> Image.Image:
    """The image in mode L, RGB or RGBA."""
    if image.mode.startswith("I") or image.mode == "F":
        return Image.fromarray(_levels(image))
    if image.has_transparency_data:
        return image if image.mode == "RGBA" else image.convert("RGBA")
    return image if image.mode in {"L", "RGB"} else image.convert("RGB")


def _levels(image: Image.Image) -> NDArray[np.uint8]:
    """Integer levels of 16 or 32 bits, or floats, as 8 bits."""
    levels = np.asarray(image)
    strips = [slice(start, start + STRIP) for start in range(0, len(levels), STRIP)]
    top = max((float(_numbers(levels[rows]).max(initial=0.0)) for rows in strips), default=0.0)
    scale = 1 / LEVEL_16_BITS if image.mode.startswith("I") else 255 / max(top, 1.0) if top > 1 else 255.0
    eight = np.empty(levels.shape, np.uint8)
    for rows in strips:  # a whole picture as floats would take four times its memory
        eight[rows] = np.clip(_numbers(levels[rows]) * scale, 0, 255)
    return eight


def _numbers(levels: NDArray[Any]) -> NDArray[np.float32]:
    return np.nan_to_num(levels.astype(np.float32))


def _shrunk(image: Image.Image, modes: Collection[str] = ("L", "RGB", "RGBA")) -> Image.Image:
    """At most the working size, if the image is in one of these modes."""
    if max(image.size) > WORKING_SIDE and image.mode in modes:
        image.thumbnail((WORKING_SIDE, WORKING_SIDE), Image.Resampling.BICUBIC, reducing_gap=2.0)
    return image


def _turned(image: Image.Image, orientation: int) -> Image.Image:
    """The image upright, by the EXIF orientation (1 to 8)."""
    return image.transpose(TURNS[orientation]) if orientation in TURNS else image


def _flatten(image: Image.Image) -> tuple[Image.Image, NDArray[np.uint8] | None]:
    """RGB over white, and alpha if any pixel is transparent."""
    if image.mode != "RGBA":
        return image.convert("RGB"), None
    flat = Image.new("RGB", image.size, BACKGROUND)
    alpha = image.getchannel("A")
    flat.paste(image, mask=alpha)
    levels = np.asarray(alpha, dtype=np.uint8)
    return flat, None if int(levels.min()) == np.iinfo(np.uint8).max else levels
