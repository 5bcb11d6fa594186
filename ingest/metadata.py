"""Metadata of image files: EXIF, IPTC and XMP. Pixels are not decoded."""

import io
import logging
import re
import struct
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from defusedxml.ElementTree import fromstring
from PIL import ExifTags, Image, IptcImagePlugin

from factors.text import Kind, TextSnippet
from ingest.text import clean
from vision.picture import FORMATS

logger = logging.getLogger(__name__)

DC = "{http://purl.org/dc/elements/1.1/}"
XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
RDF_ITEM = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}li"
XMP_START, XMP_END = b"<x:xmpmeta", b"</x:xmpmeta>"
XMP_KINDS = {"title": Kind.TITLE, "description": Kind.CAPTION, "subject": Kind.KEYWORDS}
MAX_XMP_BYTES = 4 * 1024 * 1024  # of a packet; some contain a small image
LANGUAGE = re.compile(r"[A-Za-z]{2,8}([-_][A-Za-z0-9]{1,8}){0,4}")
IPTC_KINDS = {(2, 5): Kind.TITLE, (2, 105): Kind.TITLE, (2, 120): Kind.CAPTION, (2, 25): Kind.KEYWORDS}
IPTC_CHARSET, IPTC_UTF8 = (1, 90), b"\x1b%G"
EXIF_KINDS = {
    ExifTags.Base.ImageDescription: Kind.CAPTION,
    ExifTags.Base.XPTitle: Kind.TITLE,
    ExifTags.Base.XPSubject: Kind.CAPTION,
    ExifTags.Base.XPComment: Kind.CAPTION,
    ExifTags.Base.XPKeywords: Kind.KEYWORDS,
}
DATES = ("DateTimeOriginal", "DateTimeDigitized", "DateTime")
DEFAULT_TEXTS = {"olympus digital camera", "digital camera", "sony dsc", "samsung digital camera", "default", "untitled"}
MAX_SNIPPETS = 100  # per file
PNG_HEAD = b"\x89PNG\r\n\x1a\n"
PNG_CHUNK = struct.Struct(">I4s")  # length and name; the data and a checksum of four bytes follow


@dataclass(frozen=True, slots=True)
class Metadata:
    """Text, date (ISO 8601) and place (latitude, longitude in degrees) of a file."""

    snippets: tuple[TextSnippet, ...] = ()
    date: str = ""
    place: tuple[float, float] | None = None


@dataclass
class _Found:
    snippets: dict[tuple[Kind, str], TextSnippet] = field(default_factory=dict)

    def add(self, kind: Kind, text: str, language: str = "") -> None:
        """Keep each text once, except for default texts of cameras; prefer a version with a language."""
        snippet = TextSnippet(kind, clean(text), language if LANGUAGE.fullmatch(language) else "")
        known = self.snippets.get((kind, snippet.text))
        if not snippet.text or snippet.text.lower() in DEFAULT_TEXTS or (known is None and len(self.snippets) >= MAX_SNIPPETS):
            return
        if known is None or not known.language:
            self.snippets[kind, snippet.text] = snippet


def read_metadata(data: bytes) -> Metadata:
    """The metadata of an image file; damaged parts are skipped, the others are used."""
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            return _read(data, image)
    except Exception as error:  # the decoder refuses a broken image, with a reason
        logger.debug("no metadata: %s", error)
        return Metadata()


def _read(data: bytes, image: Image.Image) -> Metadata:
    """Every access may raise anything on damaged files."""
    found, exif = _Found(), Image.Exif()
    inner: Mapping[int, Any] = {}
    place = None
    with suppress(Exception):
        _xmp(_packet(data, image), found)  # first, because it has languages
    with suppress(Exception):
        _iptc(image, found)
    with suppress(Exception):
        exif = _exif(data, image)
    for tag, kind in EXIF_KINDS.items():
        with suppress(Exception):
            found.add(kind, _exif_text(tag, exif.get(tag)))
    with suppress(Exception):
        inner = exif.get_ifd(ExifTags.IFD.Exif)
    with suppress(Exception):
        place = _place(exif.get_ifd(ExifTags.IFD.GPSInfo))
    return Metadata(tuple(found.snippets.values()), _date(inner, exif), place)


def _exif(data: bytes, image: Image.Image) -> Image.Exif:
    """Pillow's `getexif` decodes all pixels of a PNG to find a chunk behind them, so that chunk is read here."""
    if image.format == "PNG" and not {"exif", "Raw profile type exif"} & image.info.keys():
        image.info["exif"] = _png_exif(data)
    return Image.Image.getexif(image)


def _png_exif(data: bytes) -> bytes:
    place = len(PNG_HEAD)
    while place + PNG_CHUNK.size <= len(data):
        length, name = PNG_CHUNK.unpack_from(data, place)
        place += PNG_CHUNK.size
        if name == b"eXIf":
            return data[place : place + length]
        place += length + 4
    return b""


def _exif_text(tag: int, value: object) -> str:
    """Tags of Windows are UTF-16; Pillow decodes other text as Latin-1, while most of it is UTF-8."""
    if isinstance(value, bytes) and tag != ExifTags.Base.ImageDescription:
        text = value.decode("utf-16-le", "ignore")
        return text.replace(";", ", ") if tag == ExifTags.Base.XPKeywords else text
    return _decoded(value.encode("latin-1", "replace") if isinstance(value, str) else value)


def _iptc(image: Image.Image, found: _Found) -> None:
    records: Mapping[tuple[int, int], Any] = IptcImagePlugin.getiptcinfo(image) or {}  # type: ignore[arg-type]
    is_utf8 = records.get(IPTC_CHARSET) == IPTC_UTF8
    for record, kind in IPTC_KINDS.items():
        value = records.get(record)
        texts = [_decoded(part, is_utf8=is_utf8) for part in (value if isinstance(value, list) else [value])]
        found.add(kind, ", ".join(filter(None, texts)))


def _decoded(value: object, *, is_utf8: bool = False) -> str:
    """Decode as UTF-8 if that is declared or the bytes are valid UTF-8, otherwise as Windows-1252."""
    if not isinstance(value, bytes):
        return ""
    try:
        return value.decode("utf-8", "ignore" if is_utf8 else "strict")  # a field's size limit may cut the last character
    except UnicodeDecodeError:
        return value.decode("cp1252", "replace")


def _packet(data: bytes, image: Image.Image) -> bytes:
    """The XMP packet that Pillow found, or the first in the file: some programs write it to unusual places."""
    packet: Any = image.info.get("xmp") or image.info.get("XML:com.adobe.xmp") or b""
    if not packet and (start := data.find(XMP_START)) >= 0:
        packet = data[start : data.find(XMP_END, start) + len(XMP_END)]
    packet = packet.encode() if isinstance(packet, str) else bytes(packet)
    return packet.strip(b"\0 \t\r\n") if len(packet) <= MAX_XMP_BYTES else b""


def _xmp(packet: bytes, found: _Found) -> None:
    root = fromstring(packet)
    for name, kind in XMP_KINDS.items():
        for element in root.iter(f"{DC}{name}"):
            items = [(item.text or "", item.get(XML_LANG, "")) for item in element.iter(RDF_ITEM)]
            for text, language in _joined(kind, items or [(element.text or "", "")]):
                found.add(kind, text, language)


def _joined(kind: Kind, entries: list[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """All keywords as one text; titles and captions one per language."""
    if kind is Kind.KEYWORDS:
        yield ", ".join(text for text, _ in entries if text), ""
    else:
        yield from entries


def _date(inner: Mapping[int, Any], exif: Image.Exif) -> str:
    """The first valid date, as ISO 8601; EXIF has `2024:05:17 10:20:30`, or zeros for an unknown date."""
    for name in DATES:
        tag = ExifTags.Base[name]
        with suppress(Exception):
            return datetime.strptime(str(inner.get(tag) or exif.get(tag) or "")[:19], "%Y:%m:%d %H:%M:%S").isoformat()
    return ""


def _place(gps: Mapping[int, Any]) -> tuple[float, float] | None:
    """Latitude and longitude in degrees; None if they are out of range, or both zero."""
    latitude = _degrees(gps[ExifTags.GPS.GPSLatitude], gps.get(ExifTags.GPS.GPSLatitudeRef), "S")
    longitude = _degrees(gps[ExifTags.GPS.GPSLongitude], gps.get(ExifTags.GPS.GPSLongitudeRef), "W")
    if not (abs(latitude) <= 90 and abs(longitude) <= 180) or latitude == longitude == 0:  # noqa: PLR2004  (degrees)
        return None
    return latitude, longitude


def _degrees(parts: Any, reference: object, negative: str) -> float:
    """Degrees, minutes and seconds as degrees; `negative` is the reference (S or W) with a negative sign."""
    degrees, minutes, seconds = (float(part) for part in parts)
    sign = -1 if isinstance(reference, str) and reference.strip().upper() == negative else 1
    return sign * round(degrees + minutes / 60 + seconds / 3600, 6)
