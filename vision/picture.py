"""A picture: decoded, upright, size-checked pixels with the sha256 of the original bytes."""

import hashlib
import io
import warnings
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile, ImageOps, UnidentifiedImageError
from pillow_heif import register_heif_opener

from engine.errors import BadPicture
from engine.settings import Settings
from vision.perception import Box

WORKING_SIDE = 1600  # px; more is no use to any sense, and text of a scanned page is still legible
SIXTEEN_BITS = 257  # a 16-bit level stands for 257 of the 8-bit ones
BACKGROUND = (255, 255, 255)
HEAD = 1024  # bytes in which the kind of file shows
WEBP_QUALITY = 80

register_heif_opener()
Image.MAX_IMAGE_PIXELS = None  # our own limit, checked from the header, says what is wrong


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """Pixels ready to be looked at.

    `pixels` is uint8 [height, width, 3] RGB, upright, alpha laid over white, its longest side at most
    `WORKING_SIDE`; `width` and `height` are those of the whole original, upright. `alpha` [height, width] is there where
    the original is partly transparent.
    """

    id: str
    pixels: NDArray[np.uint8]
    width: int
    height: int
    format: str
    alpha: NDArray[np.uint8] | None = None

    def crop(self, box: Box) -> "Picture":
        """The part inside the box, at least one pixel, as a picture of its own; the id stays that of the original."""
        rows, columns = self.pixels.shape[:2]
        left, top = min(int(box.x * columns), columns - 1), min(int(box.y * rows), rows - 1)
        right, bottom = max(left + 1, round((box.x + box.w) * columns)), max(top + 1, round((box.y + box.h) * rows))
        part = np.ascontiguousarray(self.pixels[top:bottom, left:right])
        alpha = None if self.alpha is None else self.alpha[top:bottom, left:right]
        width, height = max(1, round(box.w * self.width)), max(1, round(box.h * self.height))
        return replace(self, pixels=part, alpha=alpha, width=width, height=height)


def decode(data: bytes, settings: Settings) -> Picture:
    """Decode the bytes of a picture; of an animation, the first frame.

    BadPicture, by reason: `empty`, `too-large` (bytes), `svg`, `not-a-picture`, `bomb` (pixels, told from the header),
    `too-small`, `truncated`.
    """
    _check_bytes(data, settings)
    image = _open(data)
    _check_pixels(image, settings)
    width, height = _upright_size(image)
    # Only JPEG can be decoded at a smaller size, at a fraction of the time.
    if image.mode == "RGB":
        image.draft("RGB", (WORKING_SIDE, WORKING_SIDE))
    name = image.format or ""
    try:
        rgb, alpha = _flatten(_upright(image))
    except (OSError, SyntaxError, ValueError, EOFError, IndexError, MemoryError) as error:
        raise BadPicture("truncated", f"the picture ends early or is damaged: {error}") from error
    pixels = np.asarray(rgb, dtype=np.uint8)
    return Picture(hashlib.sha256(data).hexdigest(), pixels, width, height, name, alpha)


def thumbnail(picture: Picture, side: int = 320) -> bytes:
    """A WebP whose longest side is at most `side` pixels."""
    image = Image.fromarray(picture.pixels)
    image.thumbnail((side, side), Image.Resampling.LANCZOS, reducing_gap=2.0)
    out = io.BytesIO()
    image.save(out, "WEBP", quality=WEBP_QUALITY, method=2)
    return out.getvalue()


def _check_bytes(data: bytes, settings: Settings) -> None:
    if not data:
        raise BadPicture("empty", "the file has no bytes")
    if len(data) > settings.max_bytes:
        raise BadPicture("too-large", f"{len(data):,} bytes; the limit is {settings.max_bytes:,} (OMMA_MAX_BYTES)")
    head = data[:HEAD].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if head.startswith((b"<svg", b"<?xml", b"<!doctype svg")) and b"<svg" in data[: 64 * HEAD].lower():
        raise BadPicture("svg", "SVG is a drawing program, not pixels; export it as PNG")


def _open(data: bytes) -> Image.Image:
    ImageFile.LOAD_TRUNCATED_IMAGES = False
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return Image.open(io.BytesIO(data))
    except UnidentifiedImageError as error:
        raise BadPicture("not-a-picture", "no picture format is known that looks like this") from error
    except (OSError, SyntaxError, ValueError, EOFError, OverflowError) as error:
        raise BadPicture("truncated", f"the picture's header ends early or is damaged: {error}") from error


def _check_pixels(image: Image.Image, settings: Settings) -> None:
    width, height = image.size
    if width * height > settings.max_pixels:
        limit = f"{settings.max_pixels:,} (OMMA_MAX_PIXELS)"
        raise BadPicture("bomb", f"{width} x {height} pixels; the limit is {limit}")
    if min(width, height) < settings.min_side:
        raise BadPicture("too-small", f"{width} x {height} pixels; a side has at least {settings.min_side} (OMMA_MIN_SIDE)")


def _upright_size(image: Image.Image) -> tuple[int, int]:
    """Width and height after the EXIF orientation, of the whole original."""
    width, height = image.size
    sideways = image.getexif().get(0x0112) in {5, 6, 7, 8}
    return (height, width) if sideways else (width, height)


def _upright(image: Image.Image) -> Image.Image:
    """Decoded, shrunk to the working size, and turned."""
    image.load()
    if max(image.size) > WORKING_SIDE:
        exif = image.getexif()
        image.thumbnail((WORKING_SIDE, WORKING_SIDE), Image.Resampling.BICUBIC, reducing_gap=2.0)
        image.info["exif"] = exif.tobytes()
    return ImageOps.exif_transpose(image)


def _flatten(image: Image.Image) -> tuple[Image.Image, NDArray[np.uint8] | None]:
    """Eight-bit RGB, and alpha where there is any."""
    if image.mode.startswith("I") or image.mode == "F":
        return Image.fromarray(_eight_bits(image)).convert("RGB"), None
    if not image.has_transparency_data:
        return image.convert("RGB"), None
    layered = image.convert("RGBA")
    flat = Image.new("RGB", layered.size, BACKGROUND)
    alpha = layered.getchannel("A")
    flat.paste(layered, mask=alpha)
    levels = np.asarray(alpha, dtype=np.uint8)
    return flat, None if int(levels.min()) == np.iinfo(np.uint8).max else levels


def _eight_bits(image: Image.Image) -> NDArray[np.uint8]:
    """Levels of 16 or 32 bits, or floats, as 8 bits."""
    levels = np.nan_to_num(np.asarray(image, dtype=np.float64))
    top = float(levels.max(initial=0.0))
    scale = 1 / SIXTEEN_BITS if image.mode.startswith("I") else 255 / max(top, 1.0) if top > 1 else 255.0
    return np.clip(levels * scale, 0, 255).astype(np.uint8)
