"""The index template: the fields of every document, and those that factors declare."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from engine.errors import ConfigurationError
from engine.settings import Settings
from mappings import lucene
from mappings.analysis import ANALYSIS, SIMILARITY

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


Json = dict[str, Any]


def properties(parts: Mapping[str, Json]) -> Json:
    """All fields; ConfigurationError where two factors, or a factor and the core, own the same one."""
    fields = dict(CORE)
    owners = dict.fromkeys(CORE, "every document")
    for factor, part in parts.items():
        for name, field in part.items():
            if name in owners:
                raise ConfigurationError(f"field {name!r} of factor {factor!r} already belongs to {owners[name]!r}")
            owners[name], fields[name] = factor, field
    return fields


def index_body(parts: Mapping[str, Json], meta: Json, settings: Settings) -> Json:
    """Settings and mappings of an index, checked to be safe for the server.

    `parts` are the factors' properties by factor; `meta` goes into the mapping's `_meta` under `omma`, with a mark of fields
    and analysis by which a later mapping is told from this one.
    """
    fields = properties(parts)
    meta = meta | {"mapping": mark(fields)}
    body: Json = {
        "settings": {
            "index": {
                "knn": True,
                "number_of_shards": settings.index_shards,
                "number_of_replicas": settings.index_replicas,
                "refresh_interval": "1s",
                "max_ngram_diff": 0,
            },
            "analysis": ANALYSIS,
            "similarity": SIMILARITY,
        },
        "mappings": {"dynamic": "strict", "_meta": {"omma": meta}, "properties": fields},
    }
    lucene.check(body)
    return body


def mark(fields: Json) -> str:
    """A short mark of fields, analysis and similarity, the same for equal ones."""
    text = json.dumps([fields, ANALYSIS, SIMILARITY], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def index_template(pattern: str, body: Json) -> Json:
    """The composable index template that gives every new version of the index this body."""
    return {"index_patterns": [pattern], "priority": 200, "template": body}
