"""Formats of pictures: which are decoded, how their files end and begin."""

from PIL import Image
from pillow_heif import register_heif_opener

# Raster formats only: others (EPS, WMF) hand the file to further programs. TGA, whose files have no mark, is tried last.
FORMATS = (
    "JPEG", "PNG", "GIF", "WEBP", "AVIF", "HEIF", "TIFF", "BMP", "DIB", "ICO", "CUR", "ICNS", "JPEG2000", "PPM", "PSD", "QOI",
    "PCX", "DDS", "SGI", "XBM", "XPM", "TGA",
)  # fmt: skip
SIGNATURES = (
    b"\xff\xd8\xff", b"\x89PNG", b"GIF8", b"II*\0", b"MM\0*", b"II+\0", b"MM\0+", b"\0\0\0\x0cjP", b"\xff\x4f\xff\x51",
    b"8BPS\0\1", b"qoif", b"icns", b"DDS ",
)  # fmt: skip
MODERN_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"mif1", b"msf1", b"avif", b"avis"}
DRAWINGS = frozenset({"svg", "svgz"})  # endings of pictures that are refused, with a reason
HEAD_BYTES = 32  # that tell whether a file begins as a picture
BITMAP_HEADERS = {12, 40, 52, 56, 64, 108, 124}  # bytes of the headers that a BMP may have

Image.init()  # `formats=` finds only plugins that are loaded
register_heif_opener()
ENDINGS = DRAWINGS | {
    ending.removeprefix(".") for ending, name in Image.registered_extensions().items() if name in {*FORMATS, "MPO"}
}  # of the names of picture files, in lower case


def begins_as_picture(head: bytes) -> bool:
    """Whether the first `HEAD_BYTES` bytes of a file are those of a picture in a format with a mark of its own."""
    if head.startswith(SIGNATURES) or is_modern(head):
        return True
    if head.startswith(b"BM"):
        return int.from_bytes(head[14:18], "little") in BITMAP_HEADERS
    return head.startswith(b"RIFF") and head[8:12] == b"WEBP"


def is_modern(head: bytes) -> bool:
    """Whether the bytes begin as HEIC or AVIF."""
    return head[4:8] == b"ftyp" and head[8:12] in MODERN_BRANDS
