"""What a search must know of the index before it asks: read seldom, kept for a short time."""

from collections.abc import Mapping
from typing import Any

from cachetools import TTLCache
from opensearchpy import OpenSearch

from engine.client import guard
from engine.errors import NotFoundError
from engine.once_cache import OnceCache
from engine.settings import Settings
from mappings import versions

Json = dict[str, Any]
FRESH = 5.0  # seconds; a reindex that ends meanwhile is noticed this much later
MOST_FACETS = 500  # tokens from which the names of feeds' facets are listed in an error


class Index:
    """The alias, and the `_meta` of the mapping behind it."""

    def __init__(self, client: OpenSearch, settings: Settings) -> None:
        """Nothing is asked yet."""
        self._client, self._settings = client, settings
        self.alias = versions.alias(settings)
        self._metas: OnceCache[str, Json | None] = OnceCache(TTLCache(1, FRESH))

    def meta(self) -> Json | None:
        """Factors and weights of the current mapping; None where nothing was ever indexed."""
        return self._metas.get(self.alias, self._fetch, keep=lambda meta: meta is not None)

    def fingerprints(self) -> Mapping[str, str]:
        """Extractor -> fingerprint of the weights that made the index."""
        found: dict[str, str] = {}
        for extractors in ((self.meta() or {}).get("factors") or {}).values():
            found |= extractors
        return found

    def has_factor(self, name: str) -> bool:
        """Whether the mapping has the fields of that factor."""
        return name in ((self.meta() or {}).get("factors") or {})

    def has_facet(self, name: str) -> bool:
        """Whether any document has a facet of that name (whatever its case)."""
        query = {"prefix": {"facets": {"value": f"{name}=", "case_insensitive": True}}}
        body = {"size": 0, "terminate_after": 1, "query": query}
        with guard():
            return bool(self._client.search(index=self.alias, body=body)["hits"]["total"]["value"])

    def facet_names(self) -> list[str]:
        """Names of facets that feeds brought."""
        body = {"size": 0, "aggs": {"facets": {"terms": {"field": "facets", "size": MOST_FACETS}}}}
        with guard():
            buckets = self._client.search(index=self.alias, body=body)["aggregations"]["facets"]["buckets"]
        return sorted({str(bucket["key"]).partition("=")[0] for bucket in buckets})

    def _fetch(self) -> Json | None:
        try:
            return versions.meta(self._client, self._settings)
        except NotFoundError:
            return None
