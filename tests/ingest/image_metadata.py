"""Images with EXIF, IPTC and XMP metadata, made by hand."""

import struct
import zlib
from collections.abc import Mapping
from typing import Any
from xml.sax.saxutils import escape

from PIL import ExifTags, Image

from factors.text import Kind
from ingest.metadata import Metadata
from tests.ingest.pictures import jpeg, png

Exif = ExifTags.Base
GPS = ExifTags.GPS
TYPES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 7: 1, 10: 8, 12: 8}  # EXIF type -> bytes of one value
UTF8 = (1, 90, b"\x1b%G")
BERLIN = {GPS.GPSLatitudeRef: "N", GPS.GPSLatitude: (52, 31, 12.0), GPS.GPSLongitudeRef: "E", GPS.GPSLongitude: (13, 24, 36.0)}
XMP = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"
 xmlns:dc="http://purl.org/dc/elements/1.1/"><rdf:Description rdf:about="">{}</rdf:Description></rdf:RDF></x:xmpmeta>
<?xpacket end="w"?>"""

Tags = Mapping[Any, Any]  # numbers of EXIF tags, or members of their enumerations -> values


def exif(tags: Tags | None = None, inner: Tags | None = None, gps: Tags | None = None) -> Image.Exif:
    made = Image.Exif()
    made.update(tags or {})
    made.get_ifd(ExifTags.IFD.Exif).update(inner or {})
    made.get_ifd(ExifTags.IFD.GPSInfo).update(gps or {})
    for ifd, values in ((ExifTags.IFD.Exif, inner), (ExifTags.IFD.GPSInfo, gps)):
        if values:
            made[ifd] = values
    return made


def wide(text: str) -> bytes:
    return text.encode("utf-16-le") + b"\0\0"


def iptc(*records: tuple[int, int, bytes]) -> bytes:
    """The APP13 segment of a JPEG."""
    block = b"".join(struct.pack(">BBBH", 0x1C, record, number, len(value)) + value for record, number, value in records)
    block += b"\0" * (len(block) % 2)
    body = b"Photoshop 3.0\0" + b"8BIM" + struct.pack(">HHI", 0x0404, 0, len(block)) + block
    return b"\xff\xed" + struct.pack(">H", len(body) + 2) + body


def with_segment(segment: bytes, picture: bytes | None = None) -> bytes:
    """The JPEG with one more segment behind its first two bytes."""
    whole = picture or jpeg()
    return whole[:2] + segment + whole[2:]


def xmp(**properties: list[tuple[str, str]]) -> bytes:
    """A packet: `title=[("en", "Fox")]`; items without a language have none."""
    elements = ""
    for name, items in properties.items():
        coded = [(f' xml:lang="{escape(code)}"' if code else "", escape(text)) for code, text in items]
        entries = "".join(f"<rdf:li{code}>{text}</rdf:li>" for code, text in coded)
        elements += f"<dc:{name}><rdf:Alt>{entries}</rdf:Alt></dc:{name}>"
    return XMP.format(elements).encode()


def texts(metadata: Metadata) -> list[tuple[Kind, str, str]]:
    return [(snippet.kind, snippet.text, snippet.language) for snippet in metadata.snippets]


def png_chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png_with(*chunks: bytes, late: bool = False) -> bytes:
    """A PNG with further chunks before its pixels, or behind them."""
    whole = png()
    place = whole.index(b"IEND" if late else b"IDAT") - 4
    return whole[:place] + b"".join(chunks) + whole[place:]


def raw_exif(*entries: tuple[int, int, bytes]) -> bytes:
    """EXIF of one directory, whatever the standard says: tag, type and bytes of each entry."""
    return b"Exif\0\0II*\0" + struct.pack("<I", 8) + _directory(8, *entries)


def raw_gps(*entries: tuple[int, int, bytes]) -> bytes:
    """EXIF with these entries in its GPS directory, as `raw_exif`."""
    behind = 8 + len(_directory(8, (ExifTags.IFD.GPSInfo, 4, bytes(4))))
    pointer = (ExifTags.IFD.GPSInfo, 4, struct.pack("<I", behind))
    return raw_exif(pointer) + _directory(behind, *entries)


def _directory(start: int, *entries: tuple[int, int, bytes]) -> bytes:
    offset = start + 2 + 12 * len(entries) + 4
    directory, behind = struct.pack("<H", len(entries)), b""
    for tag, kind, value in entries:
        place = value.ljust(4, b"\0") if len(value) <= 4 else struct.pack("<I", offset + len(behind))
        directory += struct.pack("<HHI", tag, kind, len(value) // TYPES[kind]) + place
        behind += value if len(value) > 4 else b""
    return directory + struct.pack("<I", 0) + behind
