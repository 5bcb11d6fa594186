"""Documents: what is indexed of a picture, from what was seen of it and from every place it was met in.

Each place is an entry of `sources` that keeps what that place says. Everything linked is made anew from the entries, so
that text and facts are added, replaced and taken back by their place, in any order, and twice is the same as once.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from factors.base import Json
from factors.linked import TRASH, Kind, TextSnippet
from factors.registry import all_factors, snippet_fields
from ingest.item import Item
from ingest.snippet_encoder import SnippetEncoder
from vision.image_features import ImageFeatures

FACTS = ("category", "date", "price")  # taken from the first entry that has them
TITLE_ORDER = (
    Kind.PRODUCT, Kind.TITLE, Kind.CAPTION, Kind.ALT, Kind.HEADING, Kind.KEYWORDS, Kind.ANCHOR, Kind.PAGE_TITLE,
    Kind.FILE_NAME, Kind.NEARBY,
)  # fmt: skip
LONGEST_TITLE = 300
LONGEST_FAILURE = 300  # letters of what an extractor that failed says
MOST_SOURCES = 1000  # places of one picture that are remembered; a blank logo may stand on a million pages


@dataclass(frozen=True, slots=True)
class ExtractedImage:
    """What is known of a picture's bytes: format name, size in bytes, what the extractors saw and by which weights."""

    image_features: ImageFeatures
    format: str
    bytes: int
    fingerprints: Mapping[str, str]


def new_document(seen: ExtractedImage, items: Sequence[Item], job: str, snippet_encoder: SnippetEncoder | None = None) -> Json:
    """The document of a picture that was met in these places; `snippet_encoder` reads what they say of it, where there is a
    model.
    """
    document: Json = {"job": job, "added": _now(), "sources": []} | seen_fields(seen)
    return _linked(document, [entry_of(item, job) for item in items][:MOST_SOURCES], snippet_encoder)


def seen_fields(seen: ExtractedImage) -> Json:
    """The fields that come from the picture alone."""
    image_features = seen.image_features
    fields: Json = {
        "id": image_features.picture_id,
        "width": image_features.width,
        "height": image_features.height,
        "bytes": seen.bytes,
        "format": seen.format,
        **failure_fields(image_features.failures),
        "weights": sorted(f"{extractor}={made_by}" for extractor, made_by in seen.fingerprints.items()),
    }
    for factor in all_factors():
        fields |= factor.image_fields(image_features)
    return fields


def failure_fields(failures: Mapping[str, str]) -> Json:
    """Which extractors failed, to search by, and why, to read."""
    told = {extractor: " ".join(why.split())[:LONGEST_FAILURE] for extractor, why in sorted(failures.items())}
    return {"missing": list(told), "failures": told}


def failures_of(document: Mapping[str, Any]) -> dict[str, str]:
    """The way back."""
    said = document.get("failures") or {}
    return {extractor: said.get(extractor, "") for extractor in document.get("missing", ())}


def merged(
    document: Mapping[str, Any], items: Iterable[Item], job: str, snippet_encoder: SnippetEncoder | None = None
) -> Json | None:
    """The document with what these items say, or None when it says all of it already."""
    entries = with_entries(document, items, job)
    return None if entries is None else _linked(document, entries, snippet_encoder)


def with_entries(document: Mapping[str, Any], items: Iterable[Item], job: str) -> list[Json] | None:
    """The entries of the document with those of these items, or None when they say nothing new."""
    entries = {_key(entry): entry for entry in document.get("sources", ())}
    changed = False
    for item in items:
        entry, known = entry_of(item, job), entries.get(item_key(item))
        if known is None and len(entries) >= MOST_SOURCES:
            continue
        if known is None or _said(known) != _said(entry):
            entries[item_key(item)], changed = entry, True
    return list(entries.values()) if changed else None


def without(document: Mapping[str, Any], collection: str, snippet_encoder: SnippetEncoder | None = None) -> Json | None:
    """The document as if it had never been met in that collection, or None when nothing of it is left."""
    left = [entry for entry in document.get("sources", ()) if entry["collection"] != collection]
    return _linked(document, left, snippet_encoder) if left else None


def made_by(document: Mapping[str, Any], item: Item, job: str) -> bool:
    """Whether it was this job that put what the item says into the document."""
    return any(e.get("job") == job for e in document.get("sources", ()) if _key(e) == item_key(item))


def entry_of(item: Item, job: str) -> Json:
    """What one place says of a picture; parts that are empty are left out."""
    told: Json = {
        "page": item.page,
        "address": item.address,
        "category": item.category,
        "date": item.date,
        "price": item.price,
        "place": list(item.place) if item.place else None,
        "facets": item.facets,
        "texts": [snippet.as_json() for snippet in item.snippets],
    }
    where = {"source": item.source, "reference": item.reference, "collection": item.collection, "job": job}
    return where | {name: value for name, value in told.items() if value not in ("", None, {}, [])}


def item_key(item: Item) -> tuple[str, str, str]:
    """What makes two places the same."""
    return item.source, item.reference, item.collection


def text_fields(
    entries: Iterable[Mapping[str, Any]], seen: Mapping[str, Any], snippet_encoder: SnippetEncoder | None = None
) -> Json:
    """The texts of all places, each once, and the fields that every factor makes of them."""
    snippets = [TextSnippet.from_json(text) for text in _unique(text for entry in entries for text in entry.get("texts", ()))]
    read = snippet_encoder.of(snippets, seen) if snippet_encoder and snippets else snippets
    return {"texts": [snippet.as_json() for snippet in read]} | linked_fields(read, seen)


def linked_fields(snippets: Sequence[TextSnippet], seen: Mapping[str, Any]) -> Json:
    """The fields that every factor makes from linked text, where needed together with what was seen."""
    fields: Json = {}
    for factor in all_factors():
        fields |= factor.snippet_fields_of(snippets, seen)
    return fields


def title_of(texts: Sequence[Mapping[str, Any]]) -> str:
    """The first text of the kind that names pictures best, as it was found; what is kept apart names nothing."""
    for kind in TITLE_ORDER:
        found = [text["text"] for text in texts if text["kind"] == kind and text.get("weight", 1.0) >= TRASH]
        if found:
            return str(found[0])[:LONGEST_TITLE]
    return ""


def _linked(document: Mapping[str, Any], entries: list[Json], snippet_encoder: SnippetEncoder | None) -> Json:
    """The document with everything that comes from its places made anew."""
    linked = snippet_fields()
    seen = {name: value for name, value in document.items() if name not in linked}
    texts = (told := text_fields(entries, seen, snippet_encoder))["texts"]
    facets = (f"{k}={v}" for entry in entries for k, v in entry.get("facets", {}).items())
    fields: Json = {
        "sources": entries,
        "collections": _strings(entry["collection"] for entry in entries),
        "languages": _strings(text["language"] for text in texts),
        "facets": _strings(facets),
        "title": title_of(texts),
        "place": _first(entries, "place", as_point),
        "changed": _now(),
    }
    fields |= {name: _first(entries, name) for name in FACTS}
    fields |= told
    kept = {name: value for name, value in seen.items() if name not in fields}
    return kept | {name: value for name, value in fields.items() if value not in (None, "")}


def as_point(place: Sequence[float]) -> Json:
    """Latitude and longitude, as the index takes them."""
    return {"lat": place[0], "lon": place[1]}


def _first(entries: Iterable[Json], name: str, made: Any = lambda value: value) -> Any:
    return next((made(entry[name]) for entry in entries if name in entry), None)


def _unique(texts: Iterable[Json]) -> list[Json]:
    """Each text once, whatever page it stood on, as it weighs most."""
    found: dict[tuple[str, str, str], Json] = {}
    for text in texts:
        key = (text["kind"], text["text"], text["language"])
        if key not in found or text.get("weight", 1.0) > found[key].get("weight", 1.0):
            found[key] = text
    return list(found.values())


def _strings(values: Iterable[str]) -> list[str]:
    return sorted({value for value in values if value})


def _key(entry: Mapping[str, Any]) -> tuple[str, str, str]:
    return entry["source"], entry["reference"], entry["collection"]


def _said(entry: Mapping[str, Any]) -> Json:
    return {name: value for name, value in entry.items() if name != "job"}


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
