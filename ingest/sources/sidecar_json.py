"""JSON beside a picture, of Omma's own form, Google Takeout, exiftool or LabelMe: texts, facts, and what was not understood."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from engine.errors import InputError
from factors.text import Kind, TextSnippet
from ingest.coordinates import place_from, place_of_text
from ingest.item import facts_of
from ingest.metadata_dates import iso_date, iso_of_timestamp
from ingest.names import name_snippet
from ingest.text import clean

TEXT_KEYS = {
    "title": Kind.TITLE,
    "caption": Kind.CAPTION,
    "description": Kind.CAPTION,
    "alt": Kind.ALT,
    "anchor": Kind.ANCHOR,
    "keywords": Kind.KEYWORDS,
    "tags": Kind.KEYWORDS,
    "nearby": Kind.NEARBY,
}
OTHER_KEYS = frozenset({*TEXT_KEYS, "language"})  # that are no facets
TAKEOUT_KEYS = frozenset({"photoTakenTime", "geoData", "geoDataExif", "googlePhotosOrigin"})
LABELME_KEYS = frozenset({"shapes", "imagePath"})
# exiftool's names of tags, without groups (`XMP:Title`) and languages (`Title-de`).
EXIFTOOL_TEXTS = {
    "title": ("Title", "ObjectName", "Headline", "XPTitle"),
    "caption": ("Description", "ImageDescription", "Caption-Abstract", "XPSubject", "XPComment"),
    "keywords": ("Keywords", "Subject", "TagsList", "HierarchicalSubject", "XPKeywords", "PersonInImage", "Sub-location",
                 "Location", "City", "State", "Province-State", "Country", "Country-PrimaryLocationName"),
}  # fmt: skip
EXIFTOOL_DATES = (
    "SubSecDateTimeOriginal",
    "DateTimeOriginal",
    "DateTimeCreated",
    "DateCreated",
    "SubSecCreateDate",
    "CreateDate",
)


@dataclass(frozen=True, slots=True)
class Sidecar:
    """Text snippets, facts named like the fields of `Item`, and in words what was left out because it was not understood."""

    snippets: tuple[TextSnippet, ...] = ()
    facts: dict[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def sidecar_of(content: Any, picture: str) -> Sidecar:
    """What the JSON says of the picture of that name. InputError where it is of no known form."""
    if isinstance(content, list):
        return _exiftool(_of_picture(content, picture))
    if not isinstance(content, Mapping):
        raise InputError("neither an object nor a list of exiftool")
    if "SourceFile" in content or "ExifTool:ExifToolVersion" in content:
        return _exiftool(content)
    if TAKEOUT_KEYS & content.keys():
        return _takeout(content, picture)
    if content.keys() >= LABELME_KEYS:
        return _labelme(content)
    return _own(content)


def snippets_of(record: Mapping[str, Any]) -> Iterator[TextSnippet]:
    """Snippets of a JSON object: a text, a list of texts, or texts by language under each key of `TEXT_KEYS`."""
    language, page = str(record.get("language") or ""), str(record.get("page") or "")
    for key, kind in TEXT_KEYS.items():
        value = record.get(key)
        if isinstance(value, Mapping):
            entries = [(str(text), str(code)) for code, text in value.items()]
        elif isinstance(value, list):
            entries = [(", ".join(_texts(value)), language)]
        else:
            entries = [(str(value or ""), language)]
        yield from (TextSnippet(kind, clean(text), clean(code), clean(page)) for text, code in entries if clean(text))


def _own(record: Mapping[str, Any]) -> Sidecar:
    """Omma's keys."""
    facts = facts_of(_usual(dict(record)), known=OTHER_KEYS)
    return Sidecar(tuple(snippets_of(record)), facts, facts.pop("notes", ()))


def _usual(record: dict[str, Any]) -> dict[str, Any]:
    """Dates as metadata has them, and places as text with hemispheres, in the form that `facts_of` reads."""
    if iso := iso_date(record.get("date")):
        record["date"] = iso
    if isinstance(place := record.get("place"), str) and (found := place_of_text(place)):
        record["place"] = list(found)
    return record


def _takeout(record: Mapping[str, Any], picture: str) -> Sidecar:
    """Google Photos: the title is the file's name before it was cut, times are UTC, and a place of zeros is none."""
    people = [person.get("name") for person in _list(record.get("people")) if isinstance(person, Mapping)]
    texts = {"caption": _text(record.get("description")), "keywords": [name for name in people if name]}
    title = _text(record.get("title"))
    names = name_snippet(title) if title != picture else ()
    taken = record.get("photoTakenTime")
    date = iso_of_timestamp(taken.get("timestamp")) if isinstance(taken, Mapping) else ""
    places = (record.get("geoData"), record.get("geoDataExif"))
    found = (
        place_from(place.get("latitude"), place.get("longitude"), signed=True) for place in places if isinstance(place, Mapping)
    )
    is_known = isinstance(taken, Mapping) and str(taken.get("timestamp", "0")) not in ("", "0")
    notes = ("photoTakenTime is not understood",) if is_known and not date else ()
    facts = {"date": date, "place": next(filter(None, found), None)}
    return Sidecar((*snippets_of(texts), *names), _known(facts), notes)


def _exiftool(record: Mapping[str, Any]) -> Sidecar:
    """Tags of any group. A coordinate has its hemisphere in its text or in a tag of its own, or is a signed number."""
    tags = _tags(record)
    texts = {key: [text for name in names for text in _texts(tags.get(name))] for key, names in EXIFTOOL_TEXTS.items()}
    keywords = [part.strip() for text in texts.pop("keywords") for part in text.split("|")]
    snippets = [TextSnippet(TEXT_KEYS[key], clean(text)) for key, found in texts.items() for text in dict.fromkeys(found)]
    date = next((iso for name in EXIFTOOL_DATES if (iso := iso_date(tags.get(name)))), "")
    angles = (tags.get("GPSLatitude"), tags.get("GPSLongitude"))
    is_signed = all(isinstance(angle, int | float) for angle in angles)
    place = place_from(*angles, tags.get("GPSLatitudeRef"), tags.get("GPSLongitudeRef"), signed=is_signed)
    place = place or place_of_text(_text(tags.get("GPSPosition")))
    missed = {"date": not date and any(tags.get(name) for name in EXIFTOOL_DATES), "place": not place and any(angles)}
    notes = tuple(f"the {what} is not understood" for what, is_missed in missed.items() if is_missed)
    kept = (*(snippet for snippet in snippets if snippet.text), *snippets_of({"keywords": list(dict.fromkeys(keywords))}))
    return Sidecar(kept, _known({"date": date, "place": place}), notes)


def _tags(record: Mapping[str, Any]) -> dict[str, Any]:
    """Values by tag without its group; of several groups, the first, but coordinates that exiftool composed are preferred."""
    ordered = sorted(record.items(), key=lambda entry: not str(entry[0]).startswith("Composite:"))
    return {str(name).rpartition(":")[2]: value for name, value in reversed(ordered)}


def _labelme(record: Mapping[str, Any]) -> Sidecar:
    """The labels of the annotated shapes are keywords."""
    labels = [shape.get("label") for shape in _list(record["shapes"]) if isinstance(shape, Mapping)]
    return Sidecar(tuple(snippets_of({"keywords": list(dict.fromkeys(filter(None, labels)))})))


def _of_picture(records: Sequence[Any], picture: str) -> Mapping[str, Any]:
    """The record of a list of exiftool that names the picture, or the only one. InputError."""
    found = [record for record in records if isinstance(record, Mapping) and "SourceFile" in record]
    if not found:
        raise InputError("a list, and not one of exiftool")
    named = [record for record in found if _text(record["SourceFile"]).rpartition("/")[2] == picture]
    return named[0] if named else found[0] if len(found) == 1 else {}


def _known(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in facts.items() if value}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _texts(value: Any) -> list[str]:
    """A value, or a list of values, as texts."""
    return [str(text) for text in _list(value) if isinstance(text, str | int | float)]


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]
