"""From any mode of an image to eight bits of sRGB: levels of other depths, colour profiles, and the ground of transparency."""

import hashlib
import io
from collections.abc import Callable, Collection
from typing import Any, cast

import numpy as np
from cachetools import LRUCache
from numpy.typing import NDArray
from PIL import Image, ImageCms

from engine.once_cache import OnceCache

STRIP = 256  # rows that are converted to 8 bits at a time
DEPTHS = (12, 16)  # bits of integer levels that cameras and scanners write; others are stretched to their largest
SIGNED = 2  # value of TIFF's tag SampleFormat
SAMPLE_FORMAT = 339
WHITE, DARK = (255, 255, 255), (48, 48, 48)  # grounds
LIGHT = 200  # level from which a pixel is hard to see on white
MIN_DARKER = 0.02  # share of what is opaque that must be darker than that, or the ground is dark
TINY = 1e-30  # the least range of levels: an image may be black all over
SPACES = {"RGB": ("RGB",), "L": ("GRAY",), "CMYK": ("CMYK",), "LAB": ("Lab",)}  # colour spaces of profiles for modes
SRGB = ImageCms.createProfile("sRGB")


def eight_bits(image: Image.Image) -> Image.Image:
    """The image in mode L, RGB or RGBA, in sRGB."""
    profile = image.info.get("icc_profile")
    if image.mode.startswith("I") or image.mode == "F":
        return Image.fromarray(_stretched(image))
    if image.has_transparency_data:
        return _in_srgb(image if image.mode == "RGBA" else image.convert("RGBA"), profile)
    return _in_srgb(image if image.mode in {"L", "RGB", "CMYK", "LAB"} else image.convert("RGB"), profile)


def shrunk(image: Image.Image, side: int, modes: Collection[str] = ("L", "RGB", "RGBA")) -> Image.Image:
    """The image with a longer side of at most `side` pixels, if it is in one of these modes."""
    if max(image.size) > side and image.mode in modes:
        image.thumbnail((side, side), Image.Resampling.BICUBIC, reducing_gap=2.0)
    return image


def flattened(image: Image.Image) -> tuple[Image.Image, NDArray[np.uint8] | None]:
    """RGB over white, or over a dark ground where all that is opaque is light; and alpha if any pixel is transparent."""
    if image.mode != "RGBA":
        return image.convert("RGB"), None
    alpha = image.getchannel("A")
    levels = np.asarray(alpha, dtype=np.uint8)
    if int(levels.min(initial=255)) == np.iinfo(np.uint8).max:
        return image.convert("RGB"), None
    darker = levels[np.asarray(image.convert("L")) < LIGHT].sum(dtype=np.int64)
    total = levels.sum(dtype=np.int64)
    flat = Image.new("RGB", image.size, DARK if total and darker < MIN_DARKER * total else WHITE)
    flat.paste(image, mask=alpha)
    return flat, levels


def _stretched(image: Image.Image) -> NDArray[np.uint8]:
    """Integer levels of 12, 16 or 32 bits, or floats, as 8 bits; negative ones count from the lowest."""
    levels = np.asarray(image)
    if image.mode == "I" and _is_unsigned(image):
        levels = levels.view(np.uint32)
    strips = [slice(start, start + STRIP) for start in range(0, len(levels), STRIP)]
    top = max((float(_numbers(levels[rows]).max(initial=0.0)) for rows in strips), default=0.0)
    low = min((float(_numbers(levels[rows]).min(initial=0.0)) for rows in strips), default=0.0)
    scale = np.iinfo(np.uint8).max / max(_largest(image.mode, top) - low, TINY)
    eight = np.empty(levels.shape, np.uint8)
    for rows in strips:  # a whole picture as floats would take four times its memory
        eight[rows] = np.clip((_numbers(levels[rows]) - low) * scale, 0, 255)
    return eight


def _largest(mode: str, top: float) -> float:
    """The level that is white: of the least usual depth that holds the largest level; of floats up to 1, 1."""
    if mode == "F":
        return max(top, 1.0)
    return next((float((1 << bits) - 1) for bits in DEPTHS if top < 1 << bits), top)


def _is_unsigned(image: Image.Image) -> bool:
    """Whether 32-bit levels of a TIFF are unsigned, which Pillow reads as signed ones."""
    tags = getattr(image, "tag_v2", None)
    return tags is not None and SIGNED not in (tags.get(SAMPLE_FORMAT) or (1,))


def _numbers(levels: NDArray[Any]) -> NDArray[np.float32]:
    return np.nan_to_num(levels.astype(np.float32))


_transforms: OnceCache[str, Callable[[Image.Image], Image.Image]] = OnceCache(LRUCache(8))


def _in_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """The image in mode L, RGB or RGBA, its colours as its profile means them; an unusable profile is ignored."""
    colours = image.convert("RGB") if image.mode == "RGBA" else image
    key = f"{image.mode} {hashlib.sha256(profile or b'').hexdigest()}"
    colours = _transforms.get(key, lambda: _transform(colours.mode, profile))(colours)
    if image.mode == "RGBA":
        colours.putalpha(image.getchannel("A"))
    return colours


def _transform(mode: str, profile: bytes | None) -> Callable[[Image.Image], Image.Image]:
    """The conversion of images of a mode; without a usable profile, Pillow's own."""
    target = mode if mode in {"L", "RGB"} else "RGB"

    def plain(image: Image.Image) -> Image.Image:
        return image.convert(target) if image.mode != target else image

    if not profile and mode != "LAB":
        return plain
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile) if profile else ImageCms.createProfile("LAB"))
        if source.profile.xcolor_space.strip() not in SPACES[mode] or _is_srgb(source):
            return plain
        made = ImageCms.buildTransform(
            source, SRGB, mode, "RGB", ImageCms.Intent.RELATIVE_COLORIMETRIC, ImageCms.Flags.BLACKPOINTCOMPENSATION
        )
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return plain
    return lambda image: cast("Image.Image", ImageCms.applyTransform(image, made))


def _is_srgb(profile: ImageCms.ImageCmsProfile) -> bool:
    """Whether a profile says that it is sRGB, which most do."""
    return "sRGB" in (profile.profile.profile_description or "")
