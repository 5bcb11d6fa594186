"""Requests to the engine during one search, in bounded time, and the record of the search: requests, times, warnings."""

import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

from opensearchpy import OpenSearch
from opensearchpy.exceptions import NotFoundError as MissingError
from opensearchpy.exceptions import TransportError

from engine.client import guard
from engine.errors import EngineUnavailable, NotFoundError, OmmaError

Json = dict[str, Any]
MAX_ID_BYTES = 512  # the engine accepts no longer ids
NDJSON = {"content-type": "application/x-ndjson"}  # in lower case, as the client has its own


class RefusedError(OmmaError):
    """The engine refused a request, or a shard failed; the message says why."""


class Calls:
    """What one search sends to the engine.

    `sent` holds every request as method, path, params and body, exactly as sent, so that any OpenSearch client can
    send it again (a list as body is newline-delimited JSON). `took` holds milliseconds by stage, `warnings` what the answer
    lacks and why. All requests together have `seconds`; after that the search ends with EngineUnavailable.
    """

    def __init__(self, client: OpenSearch, index: str, seconds: float) -> None:
        """All requests of one search go to one index (or alias)."""
        self._client, self.index = client, index
        self._left = self._seconds = seconds
        self._begun = time.perf_counter()
        self.sent: list[Json] = []
        self.took: dict[str, float] = {}
        self.warnings: list[str] = []

    def warn(self, text: str) -> None:
        """Keep a warning for the answer."""
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


COLUMNS_ONLY: Json = {"stored_fields": "_none_"}  # doc values only: loading `_source` takes longer


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
