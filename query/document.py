"""Everything known of one image, for its own page and for `omma show`."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from opensearchpy.exceptions import NotFoundError as MissingError
from pydantic import BaseModel, Field

from engine.connections import Context, guard
from engine.errors import NotFoundError
from factors.base import DescriptionItem, Factor
from factors.registry import FactorRegistry
from factors.text import TextSnippet
from ingest.fields import failures_of
from mappings.versions import alias
from query.answer import Source
from query.encoder import restore
from query.engine_calls import may_be_id
from query.page import as_list, point_of, source_of, values_by_name
from vision.image_features import ImageFeatures

SINGLE_VALUES = ("title", "width", "height", "bytes", "format", "added")
FIRST_VALUES = ("category", "date", "price")  # of the first place that has one
LISTS = ("collections", "languages", "missing", "notes")


class DescribedItem(BaseModel):
    """One thing that a factor found in the image."""

    text: str
    confidence: float | None = None
    box: list[float] | None = Field(None, description="x, y, w, h as fractions of the image")
    rgb: list[int] | None = None
    more: list[str] = Field([], description="Further words, such as hypernyms")


class DescribedPart(BaseModel):
    """What one factor shows of an image, under a heading."""

    factor: str
    title: str
    items: list[DescribedItem]
    lines: bool = Field(False, description="The items are lines of text, in reading order")
    facet: str = Field("", description="The filter that finds images with the same item")
    note: str = ""

    @property
    def is_drawn(self) -> bool:
        """Whether the page draws the items' boxes over the image."""
        return not self.note and any(item.box for item in self.items)


class LinkedSnippet(BaseModel):
    """A snippet of text that was found with the image."""

    kind: str
    text: str
    language: str = ""
    page: str = ""
    weight: float = Field(1.0, description="How much it is about the image, 0..1; a snippet of little weight is not searched")
    reason: str = Field("", description="Why it weighs less than 1")
    is_trash: bool = Field(False, description="Kept apart: shown, not searched")


class DocumentView(BaseModel):
    """A document without its vectors. `descriptions` are what each factor found in the image."""

    id: str
    title: str = ""
    width: int = 0
    height: int = 0
    bytes: int = 0
    format: str = ""
    date: str = ""
    added: str = ""
    place: list[float] | None = Field(None, description="latitude, longitude")
    price: float | None = Field(None, description="Of the first place that has one")
    prices: list[float] = Field([], description="Of all places")
    collections: list[str] = []
    category: str = Field("", description="Of the first place that has one")
    categories: list[str] = Field([], description="Of all places")
    languages: list[str] = []
    facets: dict[str, list[str]] = {}
    sources: list[Source] = []
    texts: list[LinkedSnippet] = []
    text: str = Field("", description="Text read in the image, line by line")
    descriptions: list[DescribedPart] = Field([], description="What each factor shows of the image")
    missing: list[str] = Field([], description="Extractors that failed on this image")
    failures: dict[str, str] = Field({}, description="Extractor -> why it failed")
    notes: list[str] = Field([], description="What is wrong with the picture's file")
    weights: dict[str, str] = Field({}, description="Extractor -> weights that it ran with")


def show(context: Context, document_id: str) -> DocumentView:
    """The view of a document; NotFoundError, EngineUnavailable."""
    if not may_be_id(document_id):
        raise NotFoundError(f"there is no picture {document_id[:80]!r}")
    try:
        with guard():
            found = context.client.get(index=alias(context.settings), id=document_id)
    except MissingError as error:
        raise NotFoundError(f"there is no picture {document_id[:80]!r}") from error
    document: dict[str, Any] = found["_source"]
    factors = FactorRegistry.of(context.settings).active
    features = restore(document_id, document, factors)
    return DocumentView(
        id=document_id,
        **_facts(document),
        text="\n".join(features.text.lines) if features.text else "",
        descriptions=list(described(factors, features, document)),
        sources=[source_of(entry) for entry in document.get("sources", [])],
        texts=[_linked(TextSnippet.from_json(entry)) for entry in document.get("texts", [])],
    )


def _linked(snippet: TextSnippet) -> LinkedSnippet:
    return LinkedSnippet(**snippet.as_json(), is_trash=snippet.is_trash)


def _facts(document: Mapping[str, Any]) -> dict[str, Any]:
    """Core fields as they are."""
    single = {name: document[name] for name in SINGLE_VALUES if document.get(name) is not None}
    single |= {name: as_list(document[name])[0] for name in FIRST_VALUES if document.get(name) not in (None, [], "")}
    lists = {name: as_list(document[name]) for name in LISTS if document.get(name)}
    made = {
        "prices": as_list(document.get("price", [])),
        "categories": as_list(document.get("category", [])),
        "place": point_of(document.get("place")),
        "failures": failures_of(document),
        "facets": values_by_name(document.get("facets") or []),
        "weights": {name: values[0] for name, values in values_by_name(document.get("weights") or []).items()},
    }
    return single | lists | made


def described(factors: Sequence[Factor], features: ImageFeatures, document: Mapping[str, Any]) -> Iterator[DescribedPart]:
    """The parts of every factor, in the factors' order; empty ones are left out."""
    for factor in factors:
        for part in factor.describe(features, document):
            if part.items:
                items = [_item(item) for item in part.items]
                yield DescribedPart(
                    factor=factor.name, title=part.title, items=items, lines=part.lines, facet=part.facet, note=part.note
                )


def _item(item: DescriptionItem) -> DescribedItem:
    return DescribedItem(
        text=item.text,
        confidence=item.confidence,
        box=item.box.as_list() if item.box else None,
        rgb=list(item.rgb) if item.rgb else None,
        more=list(item.more),
    )
