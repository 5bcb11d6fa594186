"""Repairing the bytes of picture files whose pixels are sound: what a decoder stumbles over and does not need is left out."""

import struct
import zlib
from collections.abc import Iterator

PNG_HEAD = b"\x89PNG\r\n\x1a\n"
PNG_NEEDED = {b"IHDR", b"PLTE", b"IDAT", b"IEND"}
PNG_KEPT = {b"tRNS", b"iCCP", b"eXIf", b"acTL", b"fcTL", b"fdAT"}  # where their checksum is right
MAX_PROFILE = 1 << 20  # bytes of a colour profile that the decoder accepts
JPEG_START, JPEG_END = b"\xff\xd8", b"\xff\xd9"
JPEG_SCAN = 0xDA
# Tables, frames, scans, JFIF, colour profiles, Adobe's colour transform; other application data and comments are not needed.
JPEG_KEPT = {*range(0xC0, 0xD0), *range(0xDA, 0xE0), 0xE0, 0xE2, 0xEE}
WEBP_KEPT = {b"VP8 ", b"VP8L", b"ALPH", b"ANIM", b"ANMF"}
WEBP_FLAGS = 0x12  # of VP8X: transparency and animation; those of the profile, EXIF and XMP are cleared


def repaired(data: bytes) -> bytes:
    """The file without what is not needed for its pixels; unchanged for formats that are not repaired."""
    if data.startswith(PNG_HEAD):
        return _png(data)
    if data.startswith(JPEG_START):
        return _jpeg(data)
    return _webp(data) if data.startswith(b"RIFF") and data[8:12] == b"WEBP" else data


def ended(data: bytes) -> bytes:
    """A JPEG with an end marker behind what there is of it: the decoder then fills in what is missing."""
    return data + JPEG_END


def _png(data: bytes) -> bytes:
    """Chunks that are needed, with new checksums, and sound ones of `PNG_KEPT`; with an end."""
    kept = bytearray(PNG_HEAD)
    for name, body, is_sound in _chunks(data):
        if name in PNG_NEEDED or (name in PNG_KEPT and is_sound and not (name == b"iCCP" and _is_too_long(body))):
            kept += struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
    if not kept.endswith(b"IEND\xaeB`\x82"):
        kept += b"\0\0\0\0IEND\xaeB`\x82"
    return bytes(kept)


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes, bool]]:
    """Name, body, and whether the checksum is right, of each chunk; of the last one, what there is."""
    place = len(PNG_HEAD)
    while place + 8 < len(data):
        (length,) = struct.unpack_from(">I", data, place)
        name, body = data[place + 4 : place + 8], data[place + 8 : place + 8 + length]
        place += 8 + length
        yield name, body, data[place : place + 4] == struct.pack(">I", zlib.crc32(name + body))
        place += 4


def _is_too_long(profile: bytes) -> bool:
    """Whether the profile of an iCCP chunk is broken, or longer than the decoder accepts."""
    unpacked = zlib.decompressobj()
    try:
        unpacked.decompress(profile[profile.index(b"\0") + 2 :], MAX_PROFILE)
    except (zlib.error, ValueError):
        return True
    return bool(unpacked.unconsumed_tail)


def _jpeg(data: bytes) -> bytes:
    """Segments that are needed, up to the first scan, and all that follows."""
    kept, place = bytearray(JPEG_START), len(data)
    for marker, start in _segments(data):
        if marker == JPEG_SCAN:
            place = start
            break
        if marker in JPEG_KEPT:
            (length,) = struct.unpack_from(">H", data, start + 2)
            kept += data[start : start + 2 + length]
    return bytes(kept) + data[place:]


def _segments(data: bytes) -> Iterator[tuple[int, int]]:
    """Marker and place of the segments of a JPEG up to its first scan; what is none between them is passed over."""
    place = len(JPEG_START)
    while (place := data.find(b"\xff", place)) >= 0 and place + 4 <= len(data):
        marker = data[place + 1]
        if not 0xC0 <= marker <= 0xFE:  # noqa: PLR2004  (markers with a length)
            place += 1
            continue
        yield marker, place
        if marker == JPEG_SCAN:
            return
        place += 2 + int.from_bytes(data[place + 2 : place + 4], "big")


def _webp(data: bytes) -> bytes:
    """The whole chunks of pixels, in a file of the right length."""
    kept, place = bytearray(), 12
    while place + 8 <= len(data):
        name, length = data[place : place + 4], int.from_bytes(data[place + 4 : place + 8], "little")
        body = data[place + 8 : place + 8 + length]
        if name == b"VP8X" and body:
            body = bytes([body[0] & WEBP_FLAGS]) + body[1:]
        if len(body) == length and (name in WEBP_KEPT or name == b"VP8X"):
            kept += name + struct.pack("<I", length) + body + b"\0" * (length % 2)
        place += 8 + length + length % 2
    return b"RIFF" + struct.pack("<I", len(kept) + 4) + b"WEBP" + bytes(kept)
