"""The fields that every document has, whatever the factors."""

from typing import Any

KEYWORD: dict[str, Any] = {"type": "keyword", "ignore_above": 1024}
KEPT: dict[str, Any] = {"type": "object", "enabled": False}  # returned, never searched

CORE: dict[str, Any] = {
    "id": {"type": "keyword"},  # the document's id as a column: reading it there spares loading whole documents
    "collections": KEYWORD,
    "category": KEYWORD,
    "languages": KEYWORD,
    "facets": KEYWORD,  # tokens `name=value`, because feeds bring arbitrary columns
    "price": {"type": "double"},
    "date": {"type": "date", "ignore_malformed": True},
    "place": {"type": "geo_point", "ignore_malformed": True},
    "width": {"type": "integer"},
    "height": {"type": "integer"},
    "bytes": {"type": "long"},
    "format": KEYWORD,
    "added": {"type": "date"},
    "changed": {"type": "date"},
    "title": {"type": "keyword", "index": False, "doc_values": False},
    "sources": KEPT,  # source, reference, collection, page, job
    "texts": KEPT,  # the snippets of linked text
    "job": KEYWORD,
    "missing": KEYWORD,  # extractors that failed on this picture
    "failures": KEPT,  # why: extractor -> what it said
    "weights": KEYWORD,  # tokens `extractor=fingerprint`
}
