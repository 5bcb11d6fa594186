"""Pictures made for tests, as bytes and as decoded."""

import hashlib
import io
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from vision.picture import Picture


def photo(width: int = 320, height: int = 240, seed: int = 0) -> Image.Image:
    """Smooth blobs of colour: survives lossy compression as a photograph does."""
    rng = np.random.default_rng(seed)
    coarse = Image.fromarray(rng.integers(0, 256, (6, 8, 3), dtype=np.uint8))
    return coarse.resize((width, height), Image.Resampling.BICUBIC)


def encoded(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def picture(image: Image.Image, alpha: Any = None) -> Picture:
    pixels = np.asarray(image.convert("RGB"), dtype=np.uint8)
    return Picture(hashlib.sha256(pixels.tobytes()).hexdigest(), pixels, image.width, image.height, "PNG", alpha)


def sign(text: str, size: int = 48, width: int = 640, height: int = 240) -> Image.Image:
    """Black words on white, each line of the text below the one before, starting 40 px from the left and top."""
    image = Image.new("RGB", (width, height), "white")
    ImageDraw.Draw(image).multiline_text((40, 40), text, fill="black", font=ImageFont.load_default(size), spacing=20)
    return image
