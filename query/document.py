"""Everything known of one picture, for its own page and for `omma show`."""

from collections.abc import Mapping
from typing import Any

from opensearchpy import OpenSearch
from opensearchpy.exceptions import NotFoundError as MissingError
from pydantic import BaseModel, Field

from engine.client import guard
from engine.errors import NotFoundError
from engine.settings import Settings
from factors.linked import TextSnippet
from factors.registry import all_factors
from ingest.documents import failures_of
from mappings.versions import alias
from query.answer import FoundObject, Source
from query.encoder import restore
from query.engine_calls import may_be_id
from query.page import as_list, first, point_of
from vision.image_features import ImageFeatures


class SeenWord(BaseModel):
    """A word that was read in the picture."""

    text: str
    confidence: float
    box: list[float] = Field(description="x, y, w, h as fractions of the picture")


class SeenLabel(BaseModel):
    """A class of the classifier."""

    names: list[str]
    kinds: list[str] = Field(description="WordNet hypernyms, nearest first")
    confidence: float


class SeenColour(BaseModel):
    """A dominant colour."""

    name: str
    rgb: list[int]
    share: float


class LinkedSnippet(BaseModel):
    """A snippet of text that was met with the picture."""

    kind: str
    text: str
    language: str = ""
    page: str = ""
    weight: float = Field(1.0, description="How much it is about the picture, 0..1; what weighs little is not searched")
    reason: str = Field("", description="Why it weighs less than 1")
    is_trash: bool = Field(False, description="Kept apart: shown, not searched")


class DocumentView(BaseModel):
    """A document without its vectors."""

    id: str
    title: str = ""
    width: int = 0
    height: int = 0
    bytes: int = 0
    format: str = ""
    date: str = ""
    added: str = ""
    place: list[float] | None = Field(None, description="latitude, longitude")
    price: float | None = None
    collections: list[str] = []
    category: str = ""
    languages: list[str] = []
    facets: dict[str, list[str]] = {}
    sources: list[Source] = []
    texts: list[LinkedSnippet] = []
    objects: list[FoundObject] = []
    words: list[SeenWord] = []
    text: str = Field("", description="What was read in the picture, line by line")
    low_confidence: str = Field("", description="Lines that the reader doubts; nothing is found by them")
    labels: list[SeenLabel] = []
    colours: list[SeenColour] = []
    missing: list[str] = Field([], description="Extractors that failed on this picture")
    failures: dict[str, str] = Field({}, description="Extractor -> why it failed")
    weights: dict[str, str] = Field({}, description="Extractor -> weights that looked at it")


def show(client: OpenSearch, settings: Settings, document_id: str) -> DocumentView:
    """The view of a document; NotFoundError, EngineUnavailable."""
    if not may_be_id(document_id):
        raise NotFoundError(f"there is no picture {document_id[:80]!r}")
    try:
        with guard():
            found = client.get(index=alias(settings), id=document_id)
    except MissingError as error:
        raise NotFoundError(f"there is no picture {document_id[:80]!r}") from error
    document: dict[str, Any] = found["_source"]
    return DocumentView(
        id=document_id,
        **_facts(document),
        **_seen(restore(document_id, document, all_factors())),
        sources=[Source(**{k: e.get(k) or "" for k in Source.model_fields}) for e in document.get("sources", [])],
        texts=[_linked(TextSnippet.from_json(entry)) for entry in document.get("texts", [])],
    )


def _linked(snippet: TextSnippet) -> LinkedSnippet:
    return LinkedSnippet(**snippet.as_json(), is_trash=snippet.is_trash)


def _facts(document: Mapping[str, Any]) -> dict[str, Any]:
    """What is not seen: core fields as they are."""
    plain = ("title", "width", "height", "bytes", "format", "date", "added", "price")
    facts = {name: document[name] for name in plain if document.get(name) is not None}
    lists = {name: as_list(document[name]) for name in ("collections", "languages", "missing") if document.get(name)}
    return (
        facts
        | lists
        | {
            "category": first(document["category"]) if document.get("category") else "",
            "place": point_of(document.get("place")),
            "failures": failures_of(document),
            "facets": _pairs(document.get("facets") or []),
            "weights": {name: values[0] for name, values in _pairs(document.get("weights") or []).items()},
        }
    )


def _pairs(tokens: Any) -> dict[str, list[str]]:
    """Tokens `name=value` as values by name."""
    found: dict[str, list[str]] = {}
    for token in as_list(tokens):
        name, _, value = token.partition("=")
        found.setdefault(name, []).append(value)
    return found


def _seen(seen: ImageFeatures) -> dict[str, Any]:
    """What the extractors saw, without vectors."""
    text = seen.text
    return {
        "objects": [FoundObject(label=o.label, confidence=o.confidence, box=o.box.as_list()) for o in seen.objects or ()],
        "words": [SeenWord(text=w.text, confidence=w.confidence, box=w.box.as_list()) for w in (text.words if text else ())],
        "text": "\n".join(text.lines) if text else "",
        "low_confidence": "\n".join(line.text for line in text.low_confidence) if text else "",
        "labels": [
            SeenLabel(names=list(la.names), kinds=list(la.hypernyms), confidence=la.confidence) for la in seen.labels or ()
        ],
        "colours": [SeenColour(name=c.name, rgb=list(c.rgb), share=c.share) for c in seen.colours or ()],
    }
