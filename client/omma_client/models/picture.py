"""Answers of the section "Picture" of Omma's HTTP API.

Written by `omma docs` from the server's models, and compared with them by a test: change those instead.
"""

from __future__ import annotations

from pydantic import BaseModel


class DescribedItem(BaseModel):
    """One thing that a factor found in the image."""

    text: str
    confidence: float | None = None
    # x, y, w, h as fractions of the image
    box: list[float] | None = None
    rgb: list[int] | None = None
    # Further words, such as hypernyms
    more: list[str] = []


class DescribedPart(BaseModel):
    """What one factor shows of an image, under a heading."""

    factor: str
    title: str
    items: list[DescribedItem]
    # The items are lines of text, in reading order
    lines: bool = False
    # The filter that finds images with the same item
    facet: str = ""
    note: str = ""


class LinkedSnippet(BaseModel):
    """A snippet of text that was found with the image."""

    kind: str
    text: str
    language: str = ""
    page: str = ""
    # How much it is about the image, 0..1; a snippet of little weight is not searched
    weight: float = 1.0
    # Why it weighs less than 1
    reason: str = ""
    # Kept apart: shown, not searched
    is_trash: bool = False


class Source(BaseModel):
    """One place that an image was ingested from."""

    source: str
    reference: str
    collection: str
    page: str = ""


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
    # latitude, longitude
    place: list[float] | None = None
    # Of the first place that has one
    price: float | None = None
    # Of all places
    prices: list[float] = []
    collections: list[str] = []
    # Of the first place that has one
    category: str = ""
    # Of all places
    categories: list[str] = []
    languages: list[str] = []
    facets: dict[str, list[str]] = {}
    sources: list[Source] = []
    texts: list[LinkedSnippet] = []
    # Text read in the image, line by line
    text: str = ""
    # What each factor shows of the image
    descriptions: list[DescribedPart] = []
    # Extractors that failed on this image
    missing: list[str] = []
    # Extractor -> why it failed
    failures: dict[str, str] = {}
    # What is wrong with the picture's file
    notes: list[str] = []
    # Extractor -> weights that it ran with
    weights: dict[str, str] = {}
