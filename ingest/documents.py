"""Documents: one per image, made from its extracted features and from every place where the image was found.

Each place is an entry of `sources` that keeps the text and facts of that place. All linked fields are derived from the entries,
so text and facts are added, replaced and withdrawn by place, in any order, and repeating a step changes nothing.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from factors.base import Factor, Json
from ingest.fields import ExtractedImage, extracted_fields, with_text
from ingest.item import Item
from ingest.snippet_encoder import SnippetEncoder

FACTS = ("category", "price", "date")  # every place's value is found
MAX_SOURCES = 1000  # places kept per image; a logo may be on a million pages


def new_document(
    extracted: ExtractedImage,
    items: Sequence[Item],
    job: str,
    factors: Sequence[Factor],
    snippet_encoder: SnippetEncoder | None = None,
) -> Json:
    """The document of an image that was found in these places, with the fields of these factors.

    `snippet_encoder` embeds the places' text, where there is a model.
    """
    entries = [_entry(item, job) for item in items][:MAX_SOURCES]
    document: Json = {"job": job, "added": _now(), "sources": []} | extracted_fields(extracted, factors)
    return _with_sources(document, entries, factors, snippet_encoder)


def merged(
    document: Mapping[str, Any],
    items: Iterable[Item],
    job: str,
    factors: Sequence[Factor],
    snippet_encoder: SnippetEncoder | None = None,
) -> Json | None:
    """The document with the text and facts of these items, or None when it has all of them already."""
    entries = _merged_entries(document, items, job)
    return None if entries is None else _with_sources(document, entries, factors, snippet_encoder)


def without(
    document: Mapping[str, Any],
    is_gone: Callable[[Json], bool],
    factors: Sequence[Factor],
    snippet_encoder: SnippetEncoder | None = None,
) -> Json | None:
    """The document without some places, or None when no place is left."""
    left = [entry for entry in document.get("sources", ()) if not is_gone(entry)]
    return _with_sources(document, left, factors, snippet_encoder) if left else None


def made_by(document: Mapping[str, Any], item: Item, job: str) -> bool:
    """Whether this job wrote the item's entry."""
    return any(e.get("job") == job for e in document.get("sources", ()) if _key(e) == _item_key(item))


def _merged_entries(document: Mapping[str, Any], items: Iterable[Item], job: str) -> list[Json] | None:
    """The document's entries with those of these items, or None when these add nothing."""
    before = {_key(entry): entry for entry in document.get("sources", ())}
    items = list(items)
    gone = {(item.source, reference, item.collection) for item in items for reference in item.replaces}
    entries = {key: entry for key, entry in before.items() if key not in gone}
    changed = len(entries) < len(before)
    for item in items:
        entry, known = _entry(item, job), entries.get(_item_key(item))
        if known is None and len(entries) >= MAX_SOURCES:
            continue
        if known is None or _without_job(known) != _without_job(entry):
            entries[_item_key(item)], changed = entry, True
    return list(entries.values()) if changed else None


def _entry(item: Item, job: str) -> Json:
    """The entry of one place: its text and facts, without empty ones."""
    facts: Json = {
        "page": item.page,
        "address": item.address,
        "category": item.category,
        "date": item.date,
        "price": item.price,
        "place": list(item.place) if item.place else None,
        "facets": dict(item.facets),
        "texts": [snippet.as_json() for snippet in item.snippets],
    }
    identity = {"source": item.source, "reference": item.reference, "collection": item.collection, "job": job}
    return identity | {name: value for name, value in facts.items() if value not in ("", None, {}, [])}


def _with_sources(
    document: Mapping[str, Any], entries: list[Json], factors: Sequence[Factor], snippet_encoder: SnippetEncoder | None
) -> Json:
    """The document with all fields derived from its places replaced."""
    fields = _entry_fields(entries)
    document = with_text(document, entries, snippet_encoder, factors)
    kept = {name: value for name, value in document.items() if name not in fields}
    return kept | {name: value for name, value in fields.items() if value not in (None, "")}


def _entry_fields(entries: list[Json]) -> Json:
    """The fields that are derived from the places, except for text; None where no place has a fact."""
    facets = (f"{name}={one}" for entry in entries for name, value in entry.get("facets", {}).items() for one in several(value))
    return {
        "sources": entries,
        "collections": _strings(entry["collection"] for entry in entries),
        "facets": _strings(facets),
        "place": _first(entries, "place", _geo_point),
        "changed": _now(),
    } | {name: _values(entries, name) for name in FACTS}


def _geo_point(place: Sequence[float]) -> Json:
    """Latitude and longitude as a geo_point."""
    return {"lat": place[0], "lon": place[1]}


def _first(entries: Iterable[Json], name: str, convert: Callable[[Any], Any] = lambda value: value) -> Any:
    return next((convert(entry[name]) for entry in entries if name in entry), None)


def _values(entries: Iterable[Json], name: str) -> Any:
    """The value of that name, or a list of all different ones in order of the places; None without one."""
    found = list(dict.fromkeys(one for entry in entries if name in entry for one in several(entry[name])))
    return found if len(found) > 1 else next(iter(found), None)


def several(value: Any) -> list[Any]:
    """The entries of a list, or the only value."""
    return list(value) if isinstance(value, list | tuple) else [value]


def _strings(values: Iterable[str]) -> list[str]:
    return sorted({value for value in values if value})


def _item_key(item: Item) -> tuple[str, str, str]:
    """The identity of a place."""
    return item.source, item.reference, item.collection


def _key(entry: Mapping[str, Any]) -> tuple[str, str, str]:
    return entry["source"], entry["reference"], entry["collection"]


def _without_job(entry: Mapping[str, Any]) -> Json:
    return {name: value for name, value in entry.items() if name != "job"}


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
