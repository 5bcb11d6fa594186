"""Metadata of the index that a search needs first (kept for a few seconds), and short ids of documents."""

from collections.abc import Mapping
from typing import Any

from cachetools import TTLCache
from opensearchpy import OpenSearch

from engine.client import guard
from engine.errors import BadQuestion, NotFoundError
from engine.once_cache import OnceCache
from engine.settings import Settings
from mappings import versions

Json = dict[str, Any]
META_SECONDS = 5.0  # how long metadata is kept: a reindex that ends meanwhile is noticed this much later
MAX_FACET_TOKENS = 500  # from which the names of feeds' facets are listed in an error
ID_LENGTH, MIN_ID_PREFIX = 64, 6  # letters of an id, and of the shortest prefix of one


class Index:
    """The alias, and the `_meta` of the mapping behind it."""

    def __init__(self, client: OpenSearch, settings: Settings) -> None:
        """Sends no request yet."""
        self._client, self._settings = client, settings
        self.alias = versions.alias(settings)
        self._metas: OnceCache[str, Json | None] = OnceCache(TTLCache(1, META_SECONDS))

    def meta(self) -> Json | None:
        """Factors and weights of the current mapping; None where no index exists."""
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
        body = {"size": 0, "aggs": {"facets": {"terms": {"field": "facets", "size": MAX_FACET_TOKENS}}}}
        with guard():
            buckets = self._client.search(index=self.alias, body=body)["aggregations"]["facets"]["buckets"]
        return sorted({str(bucket["key"]).partition("=")[0] for bucket in buckets})

    def _fetch(self) -> Json | None:
        try:
            return versions.meta(self._client, self._settings)
        except NotFoundError:
            return None


def full_id(client: OpenSearch, settings: Settings, given: str) -> str:
    """The id that has this prefix; NotFoundError where there is none, BadQuestion where there are several."""
    given = given.strip().lower()
    if len(given) >= ID_LENGTH:
        return given
    if len(given) < MIN_ID_PREFIX:
        raise BadQuestion(f"{given!r} is too short for an id; give at least {MIN_ID_PREFIX} letters of it")
    body = {"size": 2, "_source": False, "query": {"prefix": {"id": given}}}
    with guard():
        hits = client.search(index=versions.alias(settings), body=body, ignore_unavailable=True)["hits"]["hits"]
    if not hits:
        raise NotFoundError(f"there is no picture {given!r}")
    if len(hits) > 1:
        raise BadQuestion(f"several pictures begin with {given!r}; give more of the id")
    return str(hits[0]["_id"])
