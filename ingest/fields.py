"""The fields of a document that come from its image or its linked text, and the features that a document restores.

A factor may come from any package. Where it raises on one document, the document is indexed without the factor's fields, the
error is logged, and the document's `failures` have an entry: `factor:NAME` for the fields made from the image,
`factor:NAME:text` for those made from linked text.
"""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from factors.base import Factor, Json
from factors.text import TRASH, Kind, TextSnippet
from ingest.snippet_encoder import SnippetEncoder
from vision.image_features import ImageFeatures, Vector

logger = logging.getLogger(__name__)
FAILURE_PREFIX = "factor:"
TEXT_SUFFIX = ":text"
JOINT = "joint"  # the extractor of the joint embedding of images and words
TITLE_ORDER = (
    Kind.PRODUCT, Kind.TITLE, Kind.CAPTION, Kind.ALT, Kind.HEADING, Kind.KEYWORDS, Kind.ANCHOR, Kind.PAGE_TITLE,
    Kind.FILE_NAME, Kind.NEARBY, Kind.FOLDER_NAME,
)  # fmt: skip
MAX_TITLE_LENGTH = 300
MAX_FAILURE_LENGTH = 300  # characters of an extractor's or factor's error message


@dataclass(frozen=True, slots=True)
class ExtractedImage:
    """An image's features, its format, its size in bytes, fingerprints of the extractors that ran, and what is wrong."""

    image_features: ImageFeatures
    format: str
    bytes: int
    fingerprints: Mapping[str, str]
    notes: tuple[str, ...] = ()


@dataclass(slots=True)
class FactorFields:
    """Fields of several factors, and the errors of those that failed."""

    fields: Json = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)

    def add(self, key: str, make: Callable[[], Mapping[str, Any]]) -> None:
        """Add the fields that `make` returns; where it raises, record the error under `key`."""
        try:
            self.fields |= make()
        except Exception as error:  # a plugin's method may raise anything
            logger.exception("%s failed on a document", key)
            self.failures[key] = f"{type(error).__name__}: {error}"


@dataclass(frozen=True, slots=True)
class Restored:
    """Outputs by extractor that a document's fields keep, and the names of factors that could not restore theirs."""

    outputs: Mapping[str, Any]
    failed: frozenset[str]


def extracted_fields(extracted: ExtractedImage, factors: Iterable[Factor]) -> Json:
    """The fields that come from the image alone."""
    image_features = extracted.image_features
    made = image_fields(factors, image_features)
    return {
        "id": image_features.picture_id,
        "width": image_features.width,
        "height": image_features.height,
        "bytes": extracted.bytes,
        "format": extracted.format,
        **failure_fields({**image_features.failures, **made.failures}),
        "weights": weight_marks(extracted.fingerprints),
        **({"notes": list(extracted.notes)} if extracted.notes else {}),
    } | made.fields


def image_fields(factors: Iterable[Factor], image_features: ImageFeatures) -> FactorFields:
    """The fields that these factors make from an image's features."""
    made = FactorFields()
    for factor in factors:
        made.add(image_failure(factor), partial(factor.image_fields, image_features))
    return made


def image_failure(factor: Factor) -> str:
    """The key in `failures` for fields that a factor makes from the image."""
    return f"{FAILURE_PREFIX}{factor.name}"


def with_text(
    document: Mapping[str, Any],
    entries: Iterable[Mapping[str, Any]],
    snippet_encoder: SnippetEncoder | None,
    factors: Sequence[Factor],
) -> Json:
    """The document with the texts of these entries, each once, and with all fields that come from them: those of factors,
    `languages` and `title`."""
    replaced = {name for factor in factors for name in factor.snippet_fields} | {"title"}
    kept = {name: value for name, value in document.items() if name not in replaced}
    snippets = [TextSnippet.from_json(text) for text in _unique(text for entry in entries for text in entry.get("texts", ()))]
    if snippet_encoder and snippets:
        snippets = snippet_encoder.encoded(snippets, joint_embedding(kept, factors))
    made = _snippet_fields(factors, snippets, kept)
    failures = {name: why for name, why in failures_of(kept).items() if not _is_text_failure(name)}
    texts = [text.as_json() for text in snippets]
    fields = {name: value for name, value in (made.fields | {"title": title_of(texts)}).items() if value not in (None, "")}
    return kept | fields | {"texts": texts, "languages": languages_of(texts)} | failure_fields(failures | made.failures)


def _snippet_fields(factors: Iterable[Factor], snippets: Sequence[TextSnippet], document: Mapping[str, Any]) -> FactorFields:
    """The fields that these factors make from linked text; `document` has the fields that come from its image."""
    made = FactorFields()
    for factor in factors:
        made.add(f"{image_failure(factor)}{TEXT_SUFFIX}", partial(factor.snippet_fields_of, snippets, document))
    return made


def _is_text_failure(key: str) -> bool:
    """Whether a key in `failures` is about fields made from linked text."""
    return key.startswith(FAILURE_PREFIX) and key.endswith(TEXT_SUFFIX)


def _unique(texts: Iterable[Json]) -> list[Json]:
    """Each text once, with its largest weight, even if several pages have it."""
    found: dict[tuple[str, str, str], Json] = {}
    for text in texts:
        key = (text["kind"], text["text"], text["language"])
        if key not in found or text.get("weight", 1.0) > found[key].get("weight", 1.0):
            found[key] = text
    return list(found.values())


def title_of(texts: Sequence[Mapping[str, Any]]) -> str:
    """The first text of the kind that names images best; trash is not used as a title."""
    for kind in TITLE_ORDER:
        found = [text["text"] for text in texts if text["kind"] == kind and text.get("weight", 1.0) >= TRASH]
        if found:
            return str(found[0])[:MAX_TITLE_LENGTH]
    return ""


def languages_of(texts: Iterable[Mapping[str, Any]]) -> list[str]:
    """The languages of the texts, sorted."""
    return sorted({text["language"] for text in texts if text["language"]})


def restored(factors: Iterable[Factor], document: Mapping[str, Any]) -> Restored:
    """Inverse of `image_fields`. An extractor that failed on the document has no output."""
    missing = set(document.get("missing", ()))
    outputs: dict[str, Any] = {}
    failed: set[str] = set()
    for factor in factors:
        try:
            outputs |= factor.restore(document)
        except Exception:
            logger.exception("factor %s cannot restore the features of a document", factor.name)
            failed.add(factor.name)
    return Restored({name: output for name, output in outputs.items() if name not in missing}, frozenset(failed))


def joint_embedding(document: Mapping[str, Any], factors: Iterable[Factor]) -> Vector | None:
    """The image's vector in the joint embedding, restored from the document; None without one."""
    reading = [factor for factor in factors if JOINT in factor.reads]
    found: Vector | None = restored(reading, document).outputs.get(JOINT)
    return found


def failure_fields(failures: Mapping[str, str]) -> Json:
    """`missing`: names of extractors and factors that failed, for filters; `failures`: their error messages."""
    reasons = {name: " ".join(why.split())[:MAX_FAILURE_LENGTH] for name, why in sorted(failures.items())}
    return {"missing": list(reasons), "failures": reasons}


def failures_of(document: Mapping[str, Any]) -> dict[str, str]:
    """Inverse of `failure_fields`."""
    reasons = document.get("failures") or {}
    return {name: reasons.get(name, "") for name in document.get("missing", ())}


def weight_marks(fingerprints: Mapping[str, str]) -> list[str]:
    """`extractor=fingerprint` for each extractor whose output the document holds."""
    return sorted(f"{extractor}={fingerprint}" for extractor, fingerprint in fingerprints.items())


def weights_of(document: Mapping[str, Any]) -> dict[str, str]:
    """Inverse of `weight_marks`."""
    return dict(str(mark).split("=", 1) for mark in document.get("weights", ()))
