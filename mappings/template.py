"""The index template: the fields of every document, and those that factors declare."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from engine.errors import ConfigurationError
from engine.settings import Settings
from mappings import lucene
from mappings.analysis import ANALYSIS, SIMILARITY

Json = dict[str, Any]
KEYWORD: Json = {"type": "keyword", "ignore_above": 1024}
STORED_ONLY: Json = {"type": "object", "enabled": False}  # returned, never searched

# The fields of every document, whatever the factors.
CORE: Json = {
    "id": {"type": "keyword"},  # as a column: reading the id there avoids loading whole documents
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
    "sources": STORED_ONLY,  # source, reference, collection, page, job
    "texts": STORED_ONLY,  # the snippets of linked text
    "job": KEYWORD,
    "missing": KEYWORD,  # extractors that failed on this picture
    "failures": STORED_ONLY,  # extractor -> its error message
    "notes": STORED_ONLY,  # what is wrong with the picture's file
    "weights": KEYWORD,  # tokens `extractor=fingerprint`
}


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

    `parts`: the factors' properties by factor; `meta`: goes into the mapping's `_meta` under `omma`, with a mark of fields and
    analysis that differs for a different mapping. UnsafeMappingError, ConfigurationError.
    """
    fields = properties(parts)
    meta = meta | {"mapping": mark(fields)}
    index = {
        "knn": True,
        "number_of_shards": settings.index_shards,
        "number_of_replicas": settings.index_replicas,
        "refresh_interval": "1s",
        "max_ngram_diff": 0,
    }
    body: Json = {
        "settings": {"index": index, "analysis": ANALYSIS, "similarity": SIMILARITY},
        "mappings": {"dynamic": "strict", "_meta": {"omma": meta}, "properties": fields},
    }
    lucene.check(body)
    return body


def mark(fields: Json) -> str:
    """12 hexadecimal digits, equal for equal fields, analysis and similarity."""
    text = json.dumps([fields, ANALYSIS, SIMILARITY], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def index_template(pattern: str, body: Json) -> Json:
    """The composable index template by which every new version of the index gets this body."""
    return {"index_patterns": [pattern], "priority": 200, "template": body}
