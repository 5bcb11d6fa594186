"""A picture: decoded, upright, size-checked pixels with the sha256 of the original bytes; and picture files of a folder."""

import contextlib
import hashlib
import io
import warnings
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from engine.errors import BadPicture, ConfigurationError
from engine.settings import Settings
from vision.decoding import DAMAGED, check_bytes, decoded
from vision.image_features import Box
from vision.levels import eight_bits, flattened, shrunk

WORKING_SIDE = 1600  # px; no extractor gains from more, and text of a scanned page is still legible
SHRUNK_FIRST = ("L", "LA", "RGB", "RGBA", "CMYK")  # modes that can be resized before anything else, to save memory
WEBP_QUALITY = 80
SUFFIXES = {".jpg", ".jpeg", ".png", ".webp"}  # of picture files in a folder of development data
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

warnings.filterwarnings("ignore", module=r"PIL\.")  # about damaged metadata, which is common


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """Pixels as the extractors take them.

    `pixels` is uint8 [height, width, 3] sRGB, upright, composed over white or, where all that is opaque is light, over a dark
    ground; its longer side is at most `WORKING_SIDE`. `width` and `height` are those of the original, upright. `alpha`
    [height, width] is set if the original is partly transparent. `notes` say what is wrong with the file.
    """

    id: str
    pixels: NDArray[np.uint8]
    width: int
    height: int
    format: str
    alpha: NDArray[np.uint8] | None = None
    notes: tuple[str, ...] = ()

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

    A damaged file of which at least nine tenths can be decoded is used, with a note. Raise BadPicture with one of the reasons
    `empty`, `too-large` (bytes), `svg`, `unsupported` (a HEIC or AVIF that the library cannot read), `not-a-picture`, `bomb`
    (pixels, read from the header), `too-small`, `truncated`.
    """
    check_bytes(data, settings)
    found = decoded(data, settings, WORKING_SIDE)
    name = found.image.format or ""
    try:
        image = shrunk(eight_bits(shrunk(found.image, WORKING_SIDE, SHRUNK_FIRST)), WORKING_SIDE)
        rgb, alpha = flattened(_turned(image, found.orientation))
    except DAMAGED as error:
        raise BadPicture("truncated", f"the picture ends early or is damaged: {error}") from error
    width, height = reversed(found.size) if found.orientation in SIDEWAYS else found.size
    pixels = np.asarray(rgb, dtype=np.uint8)
    return Picture(hashlib.sha256(data).hexdigest(), pixels, width, height, name, alpha, found.notes)


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


def _turned(image: Image.Image, orientation: int) -> Image.Image:
    """The image upright, by the EXIF orientation (1 to 8)."""
    return image.transpose(TURNS[orientation]) if orientation in TURNS else image
