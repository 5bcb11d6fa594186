"""Structured data of a page: schema.org (JSON-LD, microdata) and Open Graph, read with extruct."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import extruct
from extruct.jsonld import JsonLdExtractor

from engine.errors import InputError
from factors.text import Kind
from ingest.dates import date_of
from ingest.prices import price_of
from ingest.text import clean
from ingest.web.extracted import ExtractedText
from ingest.web.markup import Element, one_line

logger = logging.getLogger(__name__)

DECIMAL = "."  # the decimal mark of prices in schema.org and Open Graph
MAX_THINGS = 200  # per page, and entries per list
MAX_DEPTH = 8
MAX_FACET_LENGTH = 200  # characters
FACETS = ("brand", "sku", "gtin13", "mpn", "color", "material", "model")
PRODUCTS = frozenset({"product", "individualproduct", "productmodel", "productgroup", "offer", "vehicle", "book"})
PICTURES = frozenset({"imageobject", "photograph", "painting", "visualartwork"})
NOT_SHOWN = frozenset(
    {"organization", "website", "webpage", "breadcrumblist", "person", "newsmediaorganization", "searchaction"}
)


@dataclass
class Thing:
    """Something that the page describes: addresses of its images, texts, and facts named like the fields of `Item`."""

    images: list[str] = field(default_factory=list)
    texts: list[ExtractedText] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)
    is_product: bool = False


def things(root: Element, address: str) -> list[Thing]:
    """The things that have an image or are products; invalid structured data is skipped."""
    scripts = (script for script in root.iter("script") if "ld+json" in (script.get("type") or ""))
    extracted = [one for script in scripts for one in _json_ld(script, address)]
    try:
        found = extruct.extract(root, base_url=address, syntaxes=["microdata", "opengraph"], errors="ignore", uniform=True)
    except Exception as error:  # invalid structured data must not cost the page's images
        logger.debug("no structured data: %s", error)
        found = {}
    described = [thing for one in (*extracted, *found.get("microdata", ())) for thing in _described(one, 0)]
    graph = [_open_graph(one) for one in found.get("opengraph", ())]
    return [thing for thing in (*described, *graph) if thing.images or thing.is_product][:MAX_THINGS]


def _json_ld(script: Element, address: str) -> list[Any]:
    """The items of one script; a broken script is skipped, the others are still read."""
    try:
        return list(JsonLdExtractor().extract_items(script, base_url=address))
    except Exception as error:
        logger.debug("no JSON-LD: %s", error)
        return []


def _described(one: Any, depth: int) -> Iterator[Thing]:
    """The thing, and the things nested in it."""
    if isinstance(one, list):
        for inner in one[:MAX_THINGS]:
            yield from _described(inner, depth + 1)
    if not isinstance(one, Mapping) or depth > MAX_DEPTH:
        return
    kinds = {str(kind).rpartition("/")[2].lower() for kind in _several(one.get("@type"))}
    if kinds and not kinds & NOT_SHOWN:
        yield _thing(one, kinds)
    for name, inner in one.items():
        if isinstance(inner, list | Mapping) and name not in ("offers", "brand", "review", "author", "publisher"):
            yield from _described(inner, depth + 1)


def _thing(one: Mapping[str, Any], kinds: set[str]) -> Thing:
    is_product, is_picture = bool(kinds & PRODUCTS), bool(kinds & PICTURES)
    images = _addresses(one.get("image")) + (_addresses(one.get("contentUrl") or one.get("url")) if is_picture else [])
    named = {"name": Kind.HEADING, "headline": Kind.HEADING, "caption": Kind.CAPTION, "description": Kind.NEARBY}
    if is_product:
        named = {"name": Kind.PRODUCT, "description": Kind.CAPTION}
    elif is_picture:
        named = {"name": Kind.CAPTION, "caption": Kind.CAPTION, "description": Kind.CAPTION}
    made = Thing(images, is_product=is_product)
    made.texts = [ExtractedText(kind, text) for name, kind in named.items() if (text := _text(one.get(name)))]
    if is_product:
        made.facts = _facts(one)
        keywords = [*made.facts["facets"].values(), made.facts.get("category", "")]
        made.texts += [ExtractedText(Kind.KEYWORDS, ", ".join(filter(None, keywords)))] if any(keywords) else []
    return made


def _facts(one: Mapping[str, Any]) -> dict[str, Any]:
    """Price, date, category and facets of a product; invalid prices and dates are skipped."""
    offers = next((offer for offer in _several(one.get("offers")) if isinstance(offer, Mapping)), {})
    facets = {name: text for name in FACETS if 0 < len(text := _text(one.get(name))) <= MAX_FACET_LENGTH}
    facts: dict[str, Any] = {"facets": facets}
    price = offers.get("price") or offers.get("lowPrice") or one.get("price")
    with suppress(InputError):
        facts |= {"price": price_of(price, DECIMAL)} if price else {}
    with suppress(InputError):
        facts |= {"date": date_of(str(one["releaseDate"]))} if one.get("releaseDate") else {}
    category = _text(one.get("category"))
    return facts | ({"category": category} if 0 < len(category) <= MAX_FACET_LENGTH else {})


def _open_graph(one: Mapping[str, Any]) -> Thing:
    """The page's preview card for social networks."""
    kind = _text(one.get("@type") or one.get("og:type")).lower()
    images = [a for name in ("og:image", "og:image:secure_url", "og:image:url") for a in _addresses(one.get(name))]
    made = Thing(list(dict.fromkeys(images)), is_product="product" in kind)
    title = Kind.PRODUCT if made.is_product else Kind.PAGE_TITLE
    named = {"og:title": title, "og:image:alt": Kind.ALT, "og:description": Kind.NEARBY}
    made.texts = [
        ExtractedText(k, text, general=k is not Kind.ALT) for name, k in named.items() if (text := _text(one.get(name)))
    ]
    if made.is_product:
        price = one.get("product:price:amount") or one.get("og:price:amount")
        brand = _text(one.get("product:brand") or one.get("og:brand"))
        made.facts = {"facets": {"brand": brand} if 0 < len(brand) <= MAX_FACET_LENGTH else {}}
        with suppress(InputError):
            made.facts |= {"price": price_of(price, DECIMAL)} if price else {}
    return made


def _addresses(value: Any) -> list[str]:
    """Addresses of images: a text, an ImageObject, or a list of either."""
    found = []
    for one in _several(value)[:MAX_THINGS]:
        inner = (one.get("contentUrl") or one.get("url") or one.get("@id")) if isinstance(one, Mapping) else one
        found += [str(inner).strip()] if isinstance(inner, str) and inner.strip() else []
    return found


def _text(value: Any) -> str:
    """The value as one line; for a thing its name, for a list its first entry."""
    one = next(iter(_several(value)), "")
    if isinstance(one, Mapping):
        one = one.get("name") or one.get("@value") or ""
    return one_line(clean(str(one))) if isinstance(one, str | int | float) else ""


def _several(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]
