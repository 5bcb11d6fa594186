"""What a picture file says about itself: EXIF, IPTC and XMP."""

import io
import logging
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from defusedxml.ElementTree import fromstring
from PIL import ExifTags, Image, IptcImagePlugin

from factors.linked import Kind, Piece
from ingest.noise import clean

logger = logging.getLogger(__name__)

DC = "{http://purl.org/dc/elements/1.1/}"
XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
RDF_ITEM = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}li"
XMP_PACKET = re.compile(rb"<x:xmpmeta.*?</x:xmpmeta>", re.DOTALL)
XMP_KINDS = {"title": Kind.TITLE, "description": Kind.CAPTION, "subject": Kind.KEYWORDS}
IPTC_KINDS = {(2, 5): Kind.TITLE, (2, 105): Kind.TITLE, (2, 120): Kind.CAPTION, (2, 25): Kind.KEYWORDS}
EXIF_KINDS = {
    ExifTags.Base.ImageDescription: Kind.CAPTION,
    ExifTags.Base.XPTitle: Kind.TITLE,
    ExifTags.Base.XPSubject: Kind.CAPTION,
    ExifTags.Base.XPComment: Kind.CAPTION,
    ExifTags.Base.XPKeywords: Kind.KEYWORDS,
}
DATES = ("DateTimeOriginal", "DateTimeDigitized", "DateTime")
UNTOLD = {"olympus digital camera", "digital camera", "sony dsc", "samsung digital camera", "default", "untitled"}


@dataclass(frozen=True, slots=True)
class Metadata:
    """Text, date (ISO 8601) and place (latitude, longitude in degrees) that a file carries."""

    pieces: tuple[Piece, ...] = ()
    date: str = ""
    place: tuple[float, float] | None = None


@dataclass
class _Found:
    pieces: list[Piece] = field(default_factory=list)

    def add(self, kind: Kind, text: str, language: str = "") -> None:
        """Keep a text that says something, once."""
        piece = Piece(kind, clean(text), "" if language == "x-default" else language)
        known = {(other.kind, other.text) for other in self.pieces}
        if piece.text and piece.text.lower() not in UNTOLD and (kind, piece.text) not in known:
            self.pieces.append(piece)


def read_metadata(data: bytes) -> Metadata:
    """Whatever the bytes tell; nothing, rather than an error, where they cannot be read."""
    try:
        with Image.open(io.BytesIO(data)) as image:
            exif, found = image.getexif(), _Found()
            for reader in (_xmp, _iptc):  # XMP first: it knows languages
                reader(data, image, found)
            _exif(exif, found)
            return Metadata(tuple(found.pieces), _date(exif), _place(exif.get_ifd(ExifTags.IFD.GPSInfo)))
    except Exception as error:  # a broken header is the decoder's to refuse, with its own reason
        logger.debug("no metadata: %s", error)
        return Metadata()


def _exif(exif: Image.Exif, found: _Found) -> None:
    for tag, kind in EXIF_KINDS.items():
        value = exif.get(tag)
        text = value.decode("utf-16-le", "ignore") if isinstance(value, bytes) else str(value or "")
        found.add(kind, text.rstrip("\0"))


def _iptc(data: bytes, image: Image.Image, found: _Found) -> None:
    records: Mapping[tuple[int, int], Any] = IptcImagePlugin.getiptcinfo(image) or {}  # type: ignore[arg-type]
    for record, kind in IPTC_KINDS.items():
        value = records.get(record, [])
        texts = [_decoded(part) for part in (value if isinstance(value, list) else [value])]
        found.add(kind, ", ".join(texts))


def _decoded(value: bytes) -> str:
    """IPTC says seldom how its text is encoded: UTF-8 where that fits, Latin 1 otherwise."""
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return value.decode("latin-1")


def _xmp(data: bytes, image: Image.Image, found: _Found) -> None:
    packet = XMP_PACKET.search(data)
    root = fromstring(packet.group()) if packet else None
    for name, kind in XMP_KINDS.items():
        for element in root.iter(f"{DC}{name}") if root is not None else ():
            entries = [(item.text or "", item.get(XML_LANG, "")) for item in element.iter(RDF_ITEM)]
            for text, language in _joined(kind, entries):
                found.add(kind, text, language)


def _joined(kind: Kind, entries: list[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Keywords are one piece; titles and captions one for each language."""
    if kind is Kind.KEYWORDS:
        yield ", ".join(text for text, _ in entries), ""
    else:
        yield from entries


def _date(exif: Image.Exif) -> str:
    """The first date that is one, as ISO 8601; EXIF writes `2024:05:17 10:20:30`, and zeros where it knows none."""
    inner = exif.get_ifd(ExifTags.IFD.Exif)
    for name in DATES:
        tag = ExifTags.Base[name]
        try:
            return datetime.strptime(str(inner.get(tag) or exif.get(tag) or "")[:19], "%Y:%m:%d %H:%M:%S").isoformat()
        except ValueError:
            continue
    return ""


def _place(gps: Mapping[int, Any]) -> tuple[float, float] | None:
    """Latitude and longitude in degrees, where both are there and on this planet."""
    try:
        latitude = _degrees(gps[ExifTags.GPS.GPSLatitude], gps.get(ExifTags.GPS.GPSLatitudeRef, "N") == "S")
        longitude = _degrees(gps[ExifTags.GPS.GPSLongitude], gps.get(ExifTags.GPS.GPSLongitudeRef, "E") == "W")
    except (KeyError, TypeError, ValueError, ZeroDivisionError):
        return None
    if not (abs(latitude) <= 90 and abs(longitude) <= 180) or latitude == longitude == 0:  # noqa: PLR2004  (degrees)
        return None
    return latitude, longitude


def _degrees(parts: Any, negative: bool) -> float:
    degrees, minutes, seconds = (float(part) for part in parts)
    return round((degrees + minutes / 60 + seconds / 3600) * (-1 if negative else 1), 6)
