"""Decoding the bytes of a picture file: strictly first, then as far as they go, with a note of what is wrong.

A damaged file is decoded over random pixels: those that are left were not decoded, and their share decides. It is used if at
least nine tenths of it were.
"""

import io
import random
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageFile, PngImagePlugin, UnidentifiedImageError

from engine.errors import BadPicture
from engine.settings import Settings
from vision.formats import FORMATS, SIGNATURES, is_modern
from vision.repair import JPEG_START, MAX_PROFILE, ended, repaired

MIN_DECODED = 0.9  # share of the pixels of a damaged picture
JPEG_REDUCTION = 8  # by which a JPEG can be decoded at a fraction of each side
MAX_JPEG = 4  # times OMMA_MAX_PIXELS that a JPEG may have where it is decoded at a fraction
WHOLE_BYTES = ("L", "P", "RGB", "RGBA", "CMYK", "YCbCr", "LA")  # modes with a byte per band
MISSING = 128  # level of pixels that could not be decoded
BLOCK = 16  # px of a JPEG that are coded together
STRIP = 256  # rows that are compared at a time
HEAD = 1024  # bytes that are searched for the start of an SVG
DAMAGED = (OSError, SyntaxError, ValueError, EOFError, IndexError, KeyError, TypeError, OverflowError, MemoryError)

Image.MAX_IMAGE_PIXELS = None  # `check_pixels` checks a limit of its own, from the header
ImageFile.LOAD_TRUNCATED_IMAGES = False
PngImagePlugin.MAX_TEXT_CHUNK = MAX_PROFILE * 4  # profiles of printers have two megabytes


@dataclass(frozen=True, slots=True)
class Decoded:
    """An image with its pixels, the size in the file's header, the EXIF orientation (1 to 8), and notes of what is wrong."""

    image: Image.Image
    size: tuple[int, int]
    orientation: int
    notes: tuple[str, ...] = ()


def check_bytes(data: bytes, settings: Settings) -> None:
    """Raise BadPicture for `empty` and `too-large` files, and for `svg`."""
    if not data:
        raise BadPicture("empty", "the file has no bytes")
    if len(data) > settings.max_bytes:
        raise BadPicture("too-large", f"{len(data):,} bytes; the limit is {settings.max_bytes:,} (OMMA_MAX_BYTES)")
    head = data[:HEAD].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    opening = data[: 64 * HEAD].lower()
    if head.startswith((b"<svg", b"<?xml", b"<!doctype svg", b"<!--")) and b"<svg" in opening and b"<html" not in opening:
        raise BadPicture("svg", "SVG is a vector format; export it as PNG")


def decoded(data: bytes, settings: Settings, side: int) -> Decoded:
    """The first image of a file; a JPEG may be decoded smaller, its longer side at least `side`. BadPicture."""
    try:
        return _strictly(data, settings, side)
    except BadPicture as error:
        if error.reason != "truncated":
            raise
        return _leniently(data, settings, side, error)


def opened(data: bytes) -> Image.Image:
    """The file, opened without decoding pixels; where its metadata is unsound, without that. BadPicture."""
    try:
        return _open(data)
    except BadPicture:
        mended = repaired(data)
        if mended == data:
            raise
        return _open(mended)


def _strictly(data: bytes, settings: Settings, side: int) -> Decoded:
    image = _open(data)
    size = image.size
    _reduce(image, side)
    check_pixels(image, size, settings)
    try:
        image.load()
    except DAMAGED as error:
        raise BadPicture("truncated", f"the picture ends early or is damaged: {error}") from error
    return _with_orientation(image, size)


def _with_orientation(image: Image.Image, size: tuple[int, int], notes: tuple[str, ...] = ()) -> Decoded:
    """The orientation is read after loading: some decoders turn the pixels themselves and then remove the tag."""
    try:
        orientation = image.getexif().get(ExifTags.Base.Orientation, 1)
    except Exception as error:  # whatever the decoder of metadata stumbles over
        return Decoded(image, size, 1, (*notes, f"its EXIF cannot be read: {error}"))
    return Decoded(image, size, orientation if isinstance(orientation, int) else 1, notes)


def _leniently(data: bytes, settings: Settings, side: int, error: BadPicture) -> Decoded:
    """The image as far as it can be decoded, with a note; the error where that is too little."""
    mended = repaired(data)
    for attempt in dict.fromkeys((data, mended)):
        if found := _partly(attempt, settings, side):
            image, size, share = found
            return _with_orientation(image, size, (_note(share, error),))
    if data.startswith(JPEG_START) and (found := _partly(ended(mended), settings, side)):
        image, size, _ = found
        share = 1 - _flat_end(np.asarray(image.convert("L")))
        if share >= MIN_DECODED:
            return _with_orientation(image, size, (_note(share, error),))
    raise error


def _note(share: float, error: BadPicture) -> str:
    used = "all of it" if share > 1 - 1e-3 else f"{share:.0%} of it"  # a pixel may equal the random one by chance
    return f"damaged, {used} was decoded ({error})"


def _partly(data: bytes, settings: Settings, side: int) -> tuple[Image.Image, tuple[int, int], float] | None:
    """The image, its size in the header, and the share of pixels that were decoded; None where these are too few."""
    try:
        image = _open(data)
    except BadPicture:
        return None
    size = image.size
    _reduce(image, side)
    check_pixels(image, size, settings)
    try:
        share = _decoded_share(image)
    except DAMAGED:
        return None
    return (image, size, share) if share >= MIN_DECODED else None


def _decoded_share(image: Image.Image) -> float:
    """Decode the image as far as it goes; the share of pixels that were decoded, the others are grey. Errors of the decoder."""
    row = _random_row(image)
    if row is not None:
        image.im = Image.frombytes(image.mode, (image.width, 1), row.tobytes()).resize(image.size).im
    try:
        image.load()
    except DAMAGED:
        if row is None:
            raise
        return _fill(image, row)
    return 1.0


def _random_row(image: Image.Image) -> NDArray[np.uint8] | None:
    """Random pixels [width, bands]; None for modes and decoders that do not decode into existing pixels."""
    if image.mode not in WHOLE_BYTES or not getattr(image, "tile", None):
        return None
    if isinstance(clear := image.info.get("transparency"), int) and image.format == "GIF":  # it begins with clear pixels
        return np.full((image.width, 1), clear, np.uint8)
    return np.frombuffer(random.Random(0).randbytes(image.width * len(image.getbands())), np.uint8).reshape(image.width, -1)  # noqa: S311


def _fill(image: Image.Image, row: NDArray[np.uint8]) -> float:
    """Make the pixels that are still those of the random row grey; the share of the others."""
    setattr(image, "tile", [])  # noqa: B010  (of the subclass: the pixels stay as they are)
    levels = np.asarray(image).reshape(image.height, image.width, -1)
    untouched = np.empty(levels.shape[:2], bool)
    for start in range(0, len(levels), STRIP):
        untouched[start : start + STRIP] = (levels[start : start + STRIP] == row).all(axis=2)
    if untouched.any():
        image.paste(tuple([MISSING] * len(image.getbands())), mask=Image.fromarray(untouched))
    return float(1 - untouched.mean())


def _flat_end(levels: NDArray[np.uint8]) -> float:
    """The share of blocks at the end that have one level: what the decoder of JPEG fills in for missing data."""
    same = np.pad(levels == levels[-1, -1], [(0, -side % BLOCK) for side in levels.shape], constant_values=True)
    flat = same.reshape(same.shape[0] // BLOCK, BLOCK, -1, BLOCK).all(axis=(1, 3)).ravel()
    return 1.0 if flat.all() else float(np.argmin(flat[::-1])) / flat.size


def _open(data: bytes) -> Image.Image:
    try:
        return Image.open(io.BytesIO(data), formats=FORMATS)
    except UnidentifiedImageError as error:
        raise _unknown(data) from error
    except DAMAGED as error:
        raise BadPicture("truncated", f"the picture's header ends early or is damaged: {error}") from error


def _unknown(data: bytes) -> BadPicture:
    """The error for bytes that no decoder takes: a known format that is cut off, an unsupported one, or no picture."""
    if is_modern(data):
        return BadPicture("unsupported", "this HEIC or AVIF picture is damaged, or of a kind that cannot be read here")
    if data.startswith((*SIGNATURES, b"RIFF", b"BM")):
        return BadPicture("truncated", "the picture's header ends early or is damaged")
    return BadPicture("not-a-picture", f"none of {', '.join(FORMATS)}")


def check_pixels(image: Image.Image, size: tuple[int, int], settings: Settings) -> None:
    """Raise BadPicture for a `bomb`, or where a picture is `too-small`; `size` is that of the header.

    A JPEG in one scan that is decoded at a fraction needs memory for the fraction only.
    """
    width, height = size
    fraction = image.size != size and not image.info.get("progressive")
    limit = settings.max_pixels * (MAX_JPEG if fraction else 1)
    if width * height > limit or image.width * image.height > settings.max_pixels:
        raise BadPicture("bomb", f"{width} x {height} pixels; the limit is {limit:,} (OMMA_MAX_PIXELS)")
    if min(width, height) < settings.min_side:
        raise BadPicture("too-small", f"{width} x {height} pixels; a side has at least {settings.min_side} (OMMA_MIN_SIDE)")


def _reduce(image: Image.Image, side: int) -> None:
    """Decode a large JPEG at a half, quarter or eighth of its size, which takes a fraction of the time."""
    scale = side / max(image.size)
    if image.format in {"JPEG", "MPO"} and scale < 1:
        image.draft(None, (round(image.width * scale), round(image.height * scale)))
