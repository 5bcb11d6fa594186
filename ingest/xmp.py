"""XMP, inside an image or beside it: texts, date and place of a packet (ISO 16684-1)."""

from collections.abc import Iterator
from typing import NamedTuple
from xml.etree.ElementTree import Element

from defusedxml.ElementTree import fromstring

from factors.text import Kind
from ingest.coordinates import Place, place_from
from ingest.metadata_dates import iso_date

RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
DC = "{http://purl.org/dc/elements/1.1/}"
XAP = "{http://ns.adobe.com/xap/1.0/}"
EXIF = "{http://ns.adobe.com/exif/1.0/}"
PHOTOSHOP = "{http://ns.adobe.com/photoshop/1.0/}"
IPTC_CORE = "{http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/}"
IPTC_EXTENSION = "{http://iptc.org/std/Iptc4xmpExt/2008-02-29/}"
LIGHTROOM = "{http://ns.adobe.com/lightroom/1.0/}"
DIGIKAM = "{http://www.digikam.org/ns/1.0/}"
MICROSOFT = "{http://ns.microsoft.com/photo/1.0/}"
DJI = "{http://www.dji.com/drone-dji/1.0/}"

TEXTS = {
    f"{DC}title": Kind.TITLE,
    f"{PHOTOSHOP}Headline": Kind.TITLE,
    f"{DC}description": Kind.CAPTION,
    f"{EXIF}UserComment": Kind.CAPTION,
}
# Programs repeat the same keywords in several of these; those with a path (`Places|Italy|Rome`) come last.
KEYWORDS = (
    f"{DC}subject", f"{MICROSOFT}LastKeywordXMP", f"{IPTC_EXTENSION}PersonInImage", f"{IPTC_CORE}Location",
    f"{PHOTOSHOP}City", f"{PHOTOSHOP}State", f"{PHOTOSHOP}Country", f"{LIGHTROOM}hierarchicalSubject", f"{DIGIKAM}TagsList",
)  # fmt: skip
PATHS = {f"{LIGHTROOM}hierarchicalSubject": "|", f"{DIGIKAM}TagsList": "/"}
PLACES = (
    (f"{EXIF}GPSLatitude", f"{EXIF}GPSLongitude"),
    (f"{DJI}GpsLatitude", f"{DJI}GpsLongitude"),
    (f"{DJI}GpsLatitude", f"{DJI}GpsLongtitude"),
)
DATES = (f"{EXIF}DateTimeOriginal", f"{PHOTOSHOP}DateCreated", f"{EXIF}DateTimeDigitized", f"{XAP}CreateDate", f"{DC}date")


class XmpText(NamedTuple):
    """One text; `language` as the packet writes it."""

    kind: Kind
    text: str
    language: str = ""


class Xmp(NamedTuple):
    """Texts, date of the photo (ISO 8601 or empty), and place; in words, which of them is there and not understood."""

    texts: tuple[XmpText, ...] = ()
    date: str = ""
    place: Place | None = None
    notes: tuple[str, ...] = ()


def read_xmp(packet: bytes) -> Xmp:
    """The packet's texts, date and place; any exception of the XML parser where it is not well-formed."""
    properties = _Properties(fromstring(packet))
    dates = [text for name in DATES for text, _ in properties.of(name)]
    date, place = next(filter(None, map(iso_date, dates)), ""), _place(properties)
    angles = [text for name in PLACES[0] for text, _ in properties.of(name)]
    missed = {"date": dates and not date, "place": angles and not place}
    notes = tuple(f"the {what} is not understood" for what, is_missed in missed.items() if is_missed)
    return Xmp(tuple(_texts(properties)), date, place, notes)


class _Properties:
    """The properties of the image: attributes and elements of the packet's top descriptions, not of structures in them."""

    def __init__(self, root: Element) -> None:
        rdfs = list(root.iter(f"{RDF}RDF"))
        self._descriptions = [description for rdf in rdfs for description in rdf]

    def of(self, name: str) -> list[tuple[str, str]]:
        """Texts of a property, each with its language."""
        found: list[tuple[str, str]] = []
        for description in self._descriptions:
            if name in description.attrib:
                found.append((description.attrib[name], ""))
            for element in description.iterfind(name):
                items = [(item.text or "", item.get(XML_LANG, "")) for item in element.iter(f"{RDF}li")]
                found += items or [(element.text or "", element.get(XML_LANG, ""))]
        return [(text.strip(), language) for text, language in found if text.strip()]

    def first(self, name: str) -> str | None:
        """The first text of a property."""
        return next((text for text, _ in self.of(name)), None)


def _texts(properties: _Properties) -> Iterator[XmpText]:
    """Titles and captions one per language; all keywords as one text."""
    for name, kind in TEXTS.items():
        yield from (XmpText(kind, text, language) for text, language in properties.of(name))
    words = (word for name in KEYWORDS for text, _ in properties.of(name) for word in _words(text, PATHS.get(name, "")))
    keywords = dict.fromkeys(word for word in words if word)
    if keywords:
        yield XmpText(Kind.KEYWORDS, ", ".join(keywords))


def _words(text: str, separator: str) -> list[str]:
    """A keyword, or those of a path of them from the general to the special."""
    return [word.strip() for word in text.split(separator)] if separator else [text]


def _place(properties: _Properties) -> Place | None:
    """From EXIF's properties, or those that drones write."""
    for latitude, longitude in PLACES:
        references = (properties.first(f"{latitude}Ref"), properties.first(f"{longitude}Ref"))
        is_signed = latitude.startswith(DJI)
        if place := place_from(properties.first(latitude), properties.first(longitude), *references, signed=is_signed):
            return place
    return None
