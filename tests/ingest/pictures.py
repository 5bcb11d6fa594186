"""Generated images, valid and damaged."""

import io
import zlib
from pathlib import Path
from struct import pack

import numpy as np
from PIL import Image


def pixels(seed: int = 0, width: int = 64, height: int = 48) -> Image.Image:
    noise = np.random.default_rng(seed).integers(0, 255, (6, 8, 3), dtype=np.uint8)
    return Image.fromarray(noise).resize((width, height), Image.Resampling.BICUBIC)


def encoded(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def png(seed: int = 0) -> bytes:
    return encoded(pixels(seed))


def jpeg(seed: int = 0, **options: object) -> bytes:
    return encoded(pixels(seed), "JPEG", **options)


def animated(kind: str) -> bytes:
    return encoded(pixels(20), kind, save_all=True, append_images=[pixels(21), pixels(22)], duration=100)


def bomb_png(width: int = 60_000, height: int = 60_000) -> bytes:
    """A PNG of a few hundred bytes whose header claims 3.6 gigapixels."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return pack(">I", len(data)) + name + data + pack(">I", zlib.crc32(name + data))

    header = pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")


def good_pictures() -> dict[str, bytes]:
    """Kinds that must be used."""
    grey = np.linspace(0, 65535, 64 * 48).reshape(48, 64).astype(np.uint16)
    return {
        "plain.png": png(1),
        "photo.jpg": jpeg(2),
        "animated.gif": animated("GIF"),
        "animated.webp": animated("WEBP"),
        "deep.png": encoded(Image.fromarray(grey)),
        "print.jpg": encoded(pixels(3).convert("CMYK"), "JPEG"),
        "palette.png": encoded(pixels(4).convert("P")),
    }


def bad_pictures() -> dict[str, bytes]:
    """Kinds that must each be refused with a reason of its own."""
    return {
        "truncated.jpg": jpeg(5, quality=95)[:900],
        "empty.png": b"",
        "text.jpg": b"This is not a picture, whatever its name says.\n" * 20,
        "dot.png": encoded(Image.new("RGB", (1, 1))),
        "bomb.png": bomb_png(),
        "drawing.svg": b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><circle r="4"/></svg>',
    }


def write_all(folder: Path, files: dict[str, bytes]) -> None:
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
