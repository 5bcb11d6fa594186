"""Metadata of image files: EXIF, IPTC and XMP. Pixels are not decoded."""

import logging
import re
import struct
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from PIL import ExifTags, Image, IptcImagePlugin

from factors.text import Kind, TextSnippet
from ingest.coordinates import Place, place_from
from ingest.metadata_dates import iso_date
from ingest.photography import camera_words, photography
from ingest.text import clean
from ingest.xmp import Xmp, read_xmp
from vision.decoding import opened

logger = logging.getLogger(__name__)

XMP_START, XMP_END = b"<x:xmpmeta", b"</x:xmpmeta>"
MAX_XMP_BYTES = 4 * 1024 * 1024  # of a packet; some contain a small image
LANGUAGE = re.compile(r"[A-Za-z]{2,8}([-_][A-Za-z0-9]{1,8}){0,4}")
IPTC_KINDS = {(2, 5): Kind.TITLE, (2, 105): Kind.TITLE, (2, 120): Kind.CAPTION}
IPTC_KEYWORDS = ((2, 25), (2, 92), (2, 90), (2, 95), (2, 101))  # keywords; sublocation, city, province, country
IPTC_DATE = (2, 55)
IPTC_CHARSET, IPTC_UTF8 = (1, 90), b"\x1b%G"
EXIF_KINDS = {
    ExifTags.Base.ImageDescription: Kind.CAPTION,
    ExifTags.Base.XPTitle: Kind.TITLE,
    ExifTags.Base.XPSubject: Kind.CAPTION,
    ExifTags.Base.XPComment: Kind.CAPTION,
    ExifTags.Base.XPKeywords: Kind.KEYWORDS,
}
MAX_EXIF_DATE = 19  # characters, without what programs append
DEFAULT_TEXTS = {"olympus digital camera", "digital camera", "sony dsc", "samsung digital camera", "default", "untitled"}
MAX_SNIPPETS = 100  # per file
PNG_HEAD = b"\x89PNG\r\n\x1a\n"
PNG_CHUNK = struct.Struct(">I4s")  # length and name; the data and a checksum of four bytes follow


@dataclass(frozen=True, slots=True)
class Metadata:
    """Text, date (ISO 8601) and place (latitude, longitude in degrees) of a file, and how the photo was taken (`facets`).

    `notes`: what of it is not understood.
    """

    snippets: tuple[TextSnippet, ...] = ()
    date: str = ""
    place: Place | None = None
    notes: tuple[str, ...] = ()
    facets: Mapping[str, str] = field(default_factory=dict)


@dataclass
class _Found:
    snippets: dict[tuple[Kind, str], TextSnippet] = field(default_factory=dict)

    def add(self, kind: Kind, text: str, language: str = "") -> None:
        """Keep each text once, without default texts of cameras; prefer a version with a language."""
        snippet = TextSnippet(kind, clean(text), language if LANGUAGE.fullmatch(language) else "")
        known = self.snippets.get((kind, snippet.text))
        if not snippet.text or snippet.text.lower() in DEFAULT_TEXTS or (known is None and len(self.snippets) >= MAX_SNIPPETS):
            return
        if known is None or not known.language:
            self.snippets[kind, snippet.text] = snippet


def read_metadata(data: bytes) -> Metadata:
    """The metadata of an image file; damaged parts are skipped, the others are used."""
    try:
        with opened(data) as image:
            return _read(data, image)
    except Exception as error:  # the decoder refuses a broken image, with a reason
        logger.debug("no metadata: %s", error)
        return Metadata()


def read_packet(packet: bytes) -> Metadata:
    """The metadata of an XMP packet, as a file beside an image holds it; any exception where it is not well-formed."""
    is_utf16 = packet.startswith((b"\xff\xfe", b"\xfe\xff"))  # whose blanks and ends of lines have two bytes
    found, xmp = _Found(), read_xmp(packet if is_utf16 else packet.strip(b"\0 \t\r\n"))
    for text in xmp.texts:
        found.add(*text)
    return Metadata(tuple(found.snippets.values()), xmp.date, xmp.place, xmp.notes)


def _read(data: bytes, image: Image.Image) -> Metadata:
    """Every access may raise anything on damaged files. The date of the photo comes before those of its processing."""
    found, exif, xmp = _Found(), Image.Exif(), Xmp()
    inner: Mapping[int, Any] = {}
    iptc_date, place = "", None
    with suppress(Exception):
        xmp = read_xmp(_packet(data, image))
        for text in xmp.texts:  # first, because they have languages
            found.add(*text)
    with suppress(Exception):
        iptc_date = _iptc(image, found)
    with suppress(Exception):
        exif = _exif(data, image)
    for tag, kind in EXIF_KINDS.items():
        with suppress(Exception):
            found.add(kind, _exif_text(tag, exif.get(tag)))
    with suppress(Exception):
        inner = exif.get_ifd(ExifTags.IFD.Exif)
    with suppress(Exception):
        place = _place(exif.get_ifd(ExifTags.IFD.GPSInfo))
    dates = (_date(inner, exif, "DateTimeOriginal"), xmp.date, iptc_date, _date(inner, exif, "DateTimeDigitized", "DateTime"))
    taken = photography(exif, inner)
    snippets = (*found.snippets.values(), *camera_words(taken))
    return Metadata(snippets, next(filter(None, dates), ""), place or xmp.place, facets=taken)


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


def _iptc(image: Image.Image, found: _Found) -> str:
    """Add the texts; return the date, as ISO 8601, or nothing."""
    records: Mapping[tuple[int, int], Any] = IptcImagePlugin.getiptcinfo(image) or {}  # type: ignore[arg-type]
    for record, kind in IPTC_KINDS.items():
        found.add(kind, ", ".join(_iptc_texts(records, record)))
    words = (word for record in IPTC_KEYWORDS for word in _iptc_texts(records, record))
    found.add(Kind.KEYWORDS, ", ".join(dict.fromkeys(words)))
    return next((date for text in _iptc_texts(records, IPTC_DATE) if (date := iso_date(text))), "")


def _iptc_texts(records: Mapping[tuple[int, int], Any], record: tuple[int, int]) -> list[str]:
    value, is_utf8 = records.get(record), records.get(IPTC_CHARSET) == IPTC_UTF8
    texts = [_decoded(part, is_utf8=is_utf8) for part in (value if isinstance(value, list) else [value])]
    return list(filter(None, texts))


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


def _date(inner: Mapping[int, Any], exif: Image.Exif, *names: str) -> str:
    """The first valid date, as ISO 8601."""
    for name in names:
        with suppress(Exception):
            tag = ExifTags.Base[name]
            text = str(inner.get(tag) or exif.get(tag) or "")
            if date := iso_date(text) or iso_date(text[:MAX_EXIF_DATE]):
                return date
    return ""


def _place(gps: Mapping[int, Any]) -> Place | None:
    """Latitude and longitude in degrees; None where they are not valid or not complete."""
    names = ExifTags.GPS
    return place_from(
        gps[names.GPSLatitude], gps[names.GPSLongitude], gps.get(names.GPSLatitudeRef), gps.get(names.GPSLongitudeRef)
    )
