"""The engine as a search sees it: requests in bounded time, with a record of them, and what is known of the index."""

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

from cachetools import TTLCache
from opensearchpy import OpenSearch
from opensearchpy.exceptions import NotFoundError as MissingError
from opensearchpy.exceptions import TransportError

from engine.connections import guard
from engine.errors import BadQuestion, EngineUnavailable, NotFoundError, OmmaError
from engine.once_cache import OnceCache
from engine.settings import Settings
from mappings import versions

Json = dict[str, Any]
COLUMNS_ONLY: Json = {"stored_fields": "_none_"}  # doc values only: loading `_source` takes longer
NDJSON = {"content-type": "application/x-ndjson"}  # in lower case, as the client has its own
MAX_ID_BYTES = 512  # the engine accepts no longer ids
ID_LENGTH, MIN_ID_PREFIX = 64, 6  # letters of an id, and of the shortest prefix of one
META_SECONDS = 5.0  # how long metadata is kept: a reindex that ends meanwhile is noticed this much later
MAX_FACET_TOKENS = 500  # of feeds' facets, whose names an error lists


class RefusedError(OmmaError):
    """The engine refused a request, or a shard failed; the message says why."""


class Calls:
    """The requests of one search, and its record.

    `sent` holds every request as method, path, params and body, exactly as sent, so that any OpenSearch client can
    send it again (a list as body is newline-delimited JSON). `took` holds milliseconds by stage, `warnings` what is missing
    in the answer and why. All requests together have `seconds`; after that the search ends with EngineUnavailable.
    """

    def __init__(self, client: OpenSearch, index: str, seconds: float) -> None:
        """All requests of one search go to one index (or alias)."""
        self._client, self.index = client, index
        self._left = self._seconds = seconds
        self._begun = time.perf_counter()
        self.sent: list[Json] = []
        self.took: dict[str, float] = {}
        self.warnings: list[str] = []
        self._together: Callable[[Sequence[Json], dict[str, str]], list[Json]] | None = None

    def part(self, msearch: Callable[[Sequence[Json], dict[str, str]], list[Json]]) -> "Calls":
        """Calls of one of several searches at the same time, in the same record: `msearch` sends what they ask for together."""
        made = Calls(self._client, self.index, self._left)
        made.sent, made._together = self.sent, msearch
        return made

    def fresh(self) -> "Calls":
        """Calls of what follows an answer, to the same index: with time and a record of their own."""
        return Calls(self._client, self.index, self._seconds)

    def of_index(self, index: str) -> "Calls":
        """Calls to another index in what is left of the time, in the same record."""
        made = Calls(self._client, index, self._left)
        made.sent, made.took, made.warnings, made._begun = self.sent, self.took, self.warnings, self._begun
        return made

    def warn(self, text: str) -> None:
        """Keep a warning for the answer, once."""
        if text not in self.warnings:
            self.warnings.append(text)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Add the time that the block takes to a stage."""
        begun = time.perf_counter()
        try:
            yield
        finally:
            self.took[name] = round(self.took.get(name, 0.0) + _milliseconds(begun), 2)
            self.took["total"] = round(_milliseconds(self._begun), 2)

    def search(self, body: Json, **params: str) -> Json:
        """One search, complete: RefusedError where any shard failed."""
        answer = self._send("POST", f"/{self.index}/_search", params, body)
        check_shards(answer)
        return answer

    def msearch(self, bodies: Sequence[Json], **params: str) -> list[Json]:
        """Several searches in one request; a response may hold `error` instead of hits."""
        if self._together:
            return self._together(bodies, params)
        try:
            return self._msearch(bodies, params)
        except RefusedError:  # one of them could not be parsed, for which the engine refuses all
            return [self._alone(body, params) for body in bodies]

    def get(self, document_id: str, without: Sequence[str] = ()) -> Json:
        """The `_source` of one document, without some of its fields; NotFoundError where there is none."""
        if not may_be_id(document_id):
            raise NotFoundError(f"there is no picture {document_id[:80]!r}")
        params = {"_source_excludes": ",".join(without)} if without else {}
        try:
            found = self._send("GET", f"/{self.index}/_doc/{quote(document_id, safe='')}", params, None)
        except MissingError as error:
            raise NotFoundError(f"there is no picture {document_id[:80]!r}") from error
        return dict(found["_source"])

    def documents(self, ids: Sequence[str], without: Sequence[str] = ()) -> list[Json]:
        """The `_source` of several documents, in this order, without some of their fields; NotFoundError if one is unknown."""
        if not ids:
            return []
        if unusable := next((name for name in ids if not may_be_id(name)), None):
            raise NotFoundError(f"there is no picture {unusable[:80]!r}")
        params = {"_source_excludes": ",".join(without)} if without else {}
        found = self._send("POST", f"/{self.index}/_mget", params, {"ids": list(ids)})["docs"]
        for name, one in zip(ids, found, strict=True):
            if not one.get("found"):
                raise NotFoundError(f"there is no picture {name[:80]!r}")
        return [dict(one["_source"]) for one in found]

    def _msearch(self, bodies: Sequence[Json], params: dict[str, str]) -> list[Json]:
        lines: list[Json] = [line for body in bodies for line in ({}, body)]
        responses: list[Json] = self._send("POST", f"/{self.index}/_msearch", params, lines)["responses"]
        return responses

    def _alone(self, body: Json, params: dict[str, str]) -> Json:
        try:
            return self._msearch([body], params)[0]
        except RefusedError as error:
            return {"error": str(error)}

    def _send(self, method: str, path: str, params: dict[str, str], body: Any) -> Json:
        self.sent.append({"method": method, "path": path, "params": params, "body": body})
        if self._left <= 0:
            raise EngineUnavailable(f"OpenSearch took longer than {self._seconds:g} s for one search (OMMA_OPENSEARCH_TIMEOUT)")
        begun = time.perf_counter()
        try:
            return self._perform(method, path, params, body)
        finally:
            self._left -= time.perf_counter() - begun

    def _perform(self, method: str, path: str, params: dict[str, str], body: Any) -> Json:
        headers = NDJSON if isinstance(body, list) else None
        sent = "".join(json.dumps(line) + "\n" for line in body) if isinstance(body, list) else body
        try:
            with guard():
                answer: Json = self._client.transport.perform_request(
                    method, path, params=dict(params), body=sent, timeout=self._left, headers=headers
                )
        except MissingError:
            raise
        except TransportError as error:
            raise RefusedError(f"OpenSearch refused the request: {reason(_details(error))}") from error
        return answer


def may_be_id(text: str) -> bool:
    """Whether the engine accepts the text as the id of a document."""
    try:
        return 0 < len(text.encode()) <= MAX_ID_BYTES
    except UnicodeEncodeError:
        return False


def id_of(hit: Json) -> str:
    """The id of a hit of a COLUMNS_ONLY request."""
    return str(hit["fields"]["id"][0])


def check_shards(response: Json) -> None:
    """RefusedError where the response is an error, or some shard failed."""
    if "error" in response:
        raise RefusedError(reason(response["error"]))
    failures = response.get("_shards", {}).get("failures")
    if failures:
        raise RefusedError(reason(failures[0].get("reason")))


def reason(error: Any) -> str:
    """The innermost reason of an engine error."""
    while isinstance(error, dict):
        causes = [*error.get("root_cause", []), *(shard.get("reason") for shard in error.get("failed_shards", []))]
        inner = error.get("caused_by") or next((cause for cause in causes if cause != error), None)
        if not isinstance(inner, dict) or "reason" not in inner:
            return str(error.get("reason") or error.get("type"))
        error = inner
    return str(error)


def _details(error: TransportError) -> Any:
    info = error.info
    return info.get("error", info) if isinstance(info, dict) else str(error.error)


def _milliseconds(begun: float) -> float:
    return 1000 * (time.perf_counter() - begun)


class Index:
    """The alias, and the `_meta` of the mapping behind it."""

    def __init__(self, client: OpenSearch, settings: Settings, kind: str = versions.PICTURES) -> None:
        """Sends no request yet. `kind`: of documents, or of entities (mappings/versions.py)."""
        self._client, self._settings, self._kind = client, settings, kind
        self.alias = versions.alias(settings, kind)
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
            return versions.meta(self._client, self._settings, self._kind)
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
