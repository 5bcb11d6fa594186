"""Views of one picture file beyond its first image: pages of a scan, frames of an animation, parts of a long picture.

Each view is encoded as a picture file of its own, so that everything that is done with pictures is done with it. Views are
made one at a time: memory holds one of them beside the file.
"""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image, ImageOps

from engine.errors import BadPicture
from engine.settings import Settings
from vision.decoding import DAMAGED, check_pixels, opened
from vision.picture import WORKING_SIDE

MAX_PAGES = 500  # of a scan
MAX_FRAMES = 8  # of an animation, beside the first
MAX_MOVED = 2000  # frames that an animation is searched for them
THUMB = 24  # px of the copies by which frames are compared
MIN_CHANGE = 10.0  # levels by which a frame must differ from those before it, on average
ANIMATED = ("GIF", "WEBP", "PNG", "AVIF")
TIFF = (b"II", b"MM")
REDUCED = 1  # bit of TIFF's tag NewSubfileType: a smaller copy of another page
NEW_SUBFILE_TYPE = 254
LONG, MIN_LONG = 2.5, 1.5  # longer by shorter side, and by the working size, of a picture that is divided into parts
PART = 1.25  # length of a part by its width
OVERLAP = 0.1  # of a part with the next, as a share of its length: a line at the edge is whole in one of them
MAX_PARTS = 60
PNG_MODES = ("1", "L", "LA", "P", "RGB", "RGBA", "I;16")  # the others are kept as TIFF
JPEG_QUALITY = 95


@dataclass(frozen=True, slots=True)
class View:
    """A view: what it is (`page 2`), and its bytes as a picture file; or why it cannot be made."""

    name: str
    data: bytes = b""
    error: BadPicture | None = None


def views(data: bytes, settings: Settings) -> Iterator[View]:
    """The further views of a picture file, in order; none of most files, and of bytes that are no picture."""
    try:
        image = opened(data)
        count = _count(image)
    except (BadPicture, *DAMAGED):
        return
    with image:
        if image.format == "TIFF" and count > 1:
            yield from _pages(image, min(count, MAX_PAGES), settings)
        elif image.format in ANIMATED and count > 1:
            yield from _frames(image, min(count, MAX_MOVED), settings)
        elif is_long(*image.size):
            yield from _parts(image, settings)


def left_out(data: bytes) -> int:
    """The number of pages of a scan beyond those of which views are made."""
    if not data.startswith(TIFF):
        return 0
    try:
        with opened(data) as image:
            return max(0, _count(image) - MAX_PAGES)
    except (BadPicture, *DAMAGED):
        return 0


def _count(image: Image.Image) -> int:
    """The number of pages or frames; 1 for formats that have neither."""
    return getattr(image, "n_frames", 1) if image.format in {"TIFF", *ANIMATED} else 1


def is_long(width: int, height: int) -> bool:
    """Whether a picture of this size in pixels is divided into parts, because shrinking it would make its details vanish."""
    shorter, longer = sorted((width, height))
    return longer > MIN_LONG * WORKING_SIDE and longer > LONG * shorter


def encoded(image: Image.Image, *, is_photo: bool = False) -> bytes:
    """The image in a format without loss, or as a JPEG where it is a photo; with its colour profile."""
    out, profile = io.BytesIO(), image.info.get("icc_profile")
    options: dict[str, Any] = {"icc_profile": profile} if profile else {}
    if is_photo and image.mode in {"L", "RGB", "CMYK"}:
        image.save(out, "JPEG", quality=JPEG_QUALITY, **options)
    elif image.mode in PNG_MODES:
        image.save(out, "PNG", **options)
    else:
        image.save(out, "TIFF", compression="tiff_deflate", **options)
    return out.getvalue()


def _pages(image: Image.Image, count: int, settings: Settings) -> Iterator[View]:
    """All pages but the first; smaller copies of pages are none."""
    number = 1
    for place in range(1, count):
        try:
            image.seek(place)
            if getattr(image, "tag_v2", {}).get(NEW_SUBFILE_TYPE, 0) & REDUCED:
                continue
            number += 1
            yield _view(f"page {number}", image, settings)
        except DAMAGED as error:
            yield View(f"page {number + 1}", error=BadPicture("truncated", f"the pages from here on are damaged: {error}"))
            return


def _view(name: str, image: Image.Image, settings: Settings) -> View:
    try:
        check_pixels(image, image.size, settings)
        return View(name, encoded(ImageOps.exif_transpose(image)))
    except BadPicture as error:
        return View(name, error=error)
    except DAMAGED as error:
        return View(name, error=BadPicture("truncated", f"it is damaged: {error}"))


def _frames(image: Image.Image, count: int, settings: Settings) -> Iterator[View]:
    """Frames evenly spread over an animation, without those that look like one before them."""
    width, height = image.size
    count = min(count, max(1, 4 * settings.max_pixels // (width * height)))  # all frames up to the last one are decoded
    kept = [small(image)]
    for place in np.unique(np.linspace(0, count - 1, 2 * MAX_FRAMES + 1).astype(int))[1:]:
        try:
            image.seek(int(place))
            now = small(image)
        except DAMAGED:  # what comes before the damage is shown
            return
        if len(kept) <= MAX_FRAMES and all(np.abs(now - other).mean() >= MIN_CHANGE for other in kept):
            kept.append(now)
            yield _view(f"frame {place + 1}", image, settings)


def small(image: Image.Image) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    """A small copy as levels [h, w, 3], by which frames are compared."""
    return np.asarray(image.convert("RGB").resize((THUMB, THUMB), Image.Resampling.BOX), dtype=np.float32)


def _parts(image: Image.Image, settings: Settings) -> Iterator[View]:
    """A long picture at its own size, cut across into parts that overlap."""
    try:
        check_pixels(image, image.size, settings)
        whole = ImageOps.exif_transpose(image)
    except (BadPicture, *DAMAGED):  # reported where the picture itself is decoded
        return
    is_photo, (shorter, longer) = image.format in {"JPEG", "MPO"}, sorted(whole.size)
    length = max(round(PART * shorter), -(-longer // MAX_PARTS))
    number = -(-longer // length)
    reach = round(length * (1 + OVERLAP))
    for part in range(number):
        start = min(part * length, max(0, longer - reach))
        box = (start, 0, min(longer, start + reach), shorter)
        upright = box if whole.width > whole.height else (0, box[0], shorter, box[2])
        yield View(f"part {part + 1} of {number}", encoded(whole.crop(upright), is_photo=is_photo))
