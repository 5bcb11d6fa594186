"""Documents: what is indexed of an image, from its extracted features and from every place where it was met.

Each place is an entry of `sources` that keeps what that place says. All linked fields are made again from the entries, so that
text and facts are added, replaced and withdrawn by their place, in any order, and twice is the same as once.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from factors.base import Factor, Json
from factors.text import TRASH, Kind, TextSnippet
from ingest import factor_fields
from ingest.item import Item
from ingest.snippet_encoder import SnippetEncoder
from vision.image_features import ImageFeatures

FACTS = ("category", "date", "price")  # taken from the first entry that has them
TITLE_ORDER = (
    Kind.PRODUCT, Kind.TITLE, Kind.CAPTION, Kind.ALT, Kind.HEADING, Kind.KEYWORDS, Kind.ANCHOR, Kind.PAGE_TITLE,
    Kind.FILE_NAME, Kind.NEARBY,
)  # fmt: skip
MAX_TITLE_LENGTH = 300
MAX_FAILURE_LENGTH = 300  # characters of an extractor's or factor's error message
MAX_SOURCES = 1000  # places remembered per image; a blank logo may stand on a million pages


@dataclass(frozen=True, slots=True)
class ExtractedImage:
    """An image's features, its format, its size in bytes, and the fingerprints of the extractors that ran."""

    image_features: ImageFeatures
    format: str
    bytes: int
    fingerprints: Mapping[str, str]


def new_document(
    extracted: ExtractedImage,
    items: Sequence[Item],
    job: str,
    factors: Sequence[Factor],
    snippet_encoder: SnippetEncoder | None = None,
) -> Json:
    """The document of an image that was met in these places, with the fields of these factors.

    `snippet_encoder` embeds the places' text, where there is a model.
    """
    document: Json = {"job": job, "added": _now(), "sources": []} | extracted_fields(extracted, factors)
    return _with_sources(document, [entry_of(item, job) for item in items][:MAX_SOURCES], factors, snippet_encoder)


def extracted_fields(extracted: ExtractedImage, factors: Iterable[Factor]) -> Json:
    """The fields that come from the image alone."""
    image_features = extracted.image_features
    made = factor_fields.image_fields(factors, image_features)
    return {
        "id": image_features.picture_id,
        "width": image_features.width,
        "height": image_features.height,
        "bytes": extracted.bytes,
        "format": extracted.format,
        **failure_fields({**image_features.failures, **made.failures}),
        "weights": weight_marks(extracted.fingerprints),
    } | made.fields


def weight_marks(fingerprints: Mapping[str, str]) -> list[str]:
    """`extractor=fingerprint` for each extractor whose output the document holds."""
    return sorted(f"{extractor}={fingerprint}" for extractor, fingerprint in fingerprints.items())


def weights_of(document: Mapping[str, Any]) -> dict[str, str]:
    """Inverse of `weight_marks`."""
    return dict(str(mark).split("=", 1) for mark in document.get("weights", ()))


def failure_fields(failures: Mapping[str, str]) -> Json:
    """Names of extractors and factors that failed, to search by, and why, to read."""
    reasons = {name: " ".join(why.split())[:MAX_FAILURE_LENGTH] for name, why in sorted(failures.items())}
    return {"missing": list(reasons), "failures": reasons}


def failures_of(document: Mapping[str, Any]) -> dict[str, str]:
    """Inverse of `failure_fields`."""
    reasons = document.get("failures") or {}
    return {name: reasons.get(name, "") for name in document.get("missing", ())}


def merged(
    document: Mapping[str, Any],
    items: Iterable[Item],
    job: str,
    factors: Sequence[Factor],
    snippet_encoder: SnippetEncoder | None = None,
) -> Json | None:
    """The document with the text and facts of these items, or None when it has all of them already."""
    entries = with_entries(document, items, job)
    return None if entries is None else _with_sources(document, entries, factors, snippet_encoder)


def with_entries(document: Mapping[str, Any], items: Iterable[Item], job: str) -> list[Json] | None:
    """The document's entries with those of these items, or None when these add nothing."""
    entries = {_key(entry): entry for entry in document.get("sources", ())}
    changed = False
    for item in items:
        entry, known = entry_of(item, job), entries.get(item_key(item))
        if known is None and len(entries) >= MAX_SOURCES:
            continue
        if known is None or _without_job(known) != _without_job(entry):
            entries[item_key(item)], changed = entry, True
    return list(entries.values()) if changed else None


def without(
    document: Mapping[str, Any], collection: str, factors: Sequence[Factor], snippet_encoder: SnippetEncoder | None = None
) -> Json | None:
    """The document without the places of a collection, or None when no place is left."""
    left = [entry for entry in document.get("sources", ()) if entry["collection"] != collection]
    return _with_sources(document, left, factors, snippet_encoder) if left else None


def made_by(document: Mapping[str, Any], item: Item, job: str) -> bool:
    """Whether this job wrote the item's entry."""
    return any(e.get("job") == job for e in document.get("sources", ()) if _key(e) == item_key(item))


def entry_of(item: Item, job: str) -> Json:
    """The entry of one place: its text and facts, without those that are empty."""
    said: Json = {
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
    return where | {name: value for name, value in said.items() if value not in ("", None, {}, [])}


def item_key(item: Item) -> tuple[str, str, str]:
    """The identity of a place."""
    return item.source, item.reference, item.collection


def with_text(
    document: Mapping[str, Any],
    entries: Iterable[Mapping[str, Any]],
    snippet_encoder: SnippetEncoder | None,
    factors: Sequence[Factor],
) -> Json:
    """The document with the texts of these entries, each once, and with the fields that factors make from them."""
    replaced = {name for factor in factors for name in factor.snippet_fields}
    kept = {name: value for name, value in document.items() if name not in replaced}
    snippets = [TextSnippet.from_json(text) for text in _unique(text for entry in entries for text in entry.get("texts", ()))]
    encoded = snippet_encoder.of(snippets, kept, factors) if snippet_encoder and snippets else snippets
    made = factor_fields.snippet_fields(factors, encoded, kept)
    failures = {name: why for name, why in failures_of(kept).items() if not factor_fields.is_text_failure(name)}
    fields = {name: value for name, value in made.fields.items() if value not in (None, "")}
    return kept | fields | {"texts": [text.as_json() for text in encoded]} | failure_fields(failures | made.failures)


def title_of(texts: Sequence[Mapping[str, Any]]) -> str:
    """The first text of the kind that names images best; trash is no title."""
    for kind in TITLE_ORDER:
        found = [text["text"] for text in texts if text["kind"] == kind and text.get("weight", 1.0) >= TRASH]
        if found:
            return str(found[0])[:MAX_TITLE_LENGTH]
    return ""


def _with_sources(
    document: Mapping[str, Any], entries: list[Json], factors: Sequence[Factor], snippet_encoder: SnippetEncoder | None
) -> Json:
    """The document with everything that comes from its places made again."""
    document = with_text(document, entries, snippet_encoder, factors)
    facets = (f"{name}={value}" for entry in entries for name, value in entry.get("facets", {}).items())
    fields: Json = {
        "sources": entries,
        "collections": _strings(entry["collection"] for entry in entries),
        "languages": _strings(text["language"] for text in document["texts"]),
        "facets": _strings(facets),
        "title": title_of(document["texts"]),
        "place": _first(entries, "place", as_point),
        "changed": _now(),
    }
    fields |= {name: _first(entries, name) for name in FACTS}
    kept = {name: value for name, value in document.items() if name not in fields}
    return kept | {name: value for name, value in fields.items() if value not in (None, "")}


def as_point(place: Sequence[float]) -> Json:
    """Latitude and longitude as a geo_point."""
    return {"lat": place[0], "lon": place[1]}


def _first(entries: Iterable[Json], name: str, made: Any = lambda value: value) -> Any:
    return next((made(entry[name]) for entry in entries if name in entry), None)


def _unique(texts: Iterable[Json]) -> list[Json]:
    """Each text once, whatever page it stood on, with its largest weight."""
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


def _without_job(entry: Mapping[str, Any]) -> Json:
    return {name: value for name, value in entry.items() if name != "job"}


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
