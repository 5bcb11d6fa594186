"""Documents in bulk: written by the one bulk writer, and read with their position in the order of writes.

A write may depend on that position, and then fails where somebody else wrote the document meanwhile.
"""

import random
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from typing import Any, Literal

from opensearchpy import OpenSearch
from opensearchpy.exceptions import TransportError
from opensearchpy.helpers import scan, streaming_bulk

from engine.connections import guard
from engine.errors import EngineUnavailable, OmmaError

Json = dict[str, Any]
SCROLL_KEPT = "30m"  # between two batches of `read_all`: long enough for models to extract features of one
CHUNK_ACTIONS = 256
CHUNK_BYTES = 8 * 1024 * 1024  # far below the engine's limit of a request (http.max_content_length, 100 MB)
MAX_ATTEMPTS = 7  # to send an action to an overloaded server
MAX_PAUSE = 10.0  # seconds between two attempts
MAX_REASON = 500  # characters
CONFLICT, MISSING = 409, 404
INTERNAL_ERROR = 500  # repeated like an overload, then refused: it may be the document's own fault
RETRIED = frozenset({429, INTERNAL_ERROR, 502, 503, 504})
BLOCK_ERROR, NO_INDEX_ERROR = "cluster_block_exception", "index_not_found_exception"


@dataclass(frozen=True, slots=True)
class Action:
    """One write. `document` is None for a deletion.

    `position` (sequence number, primary term) makes it conditional: the document must not have been written since it was
    read. `version` is an external version: the document is written only where the index holds an earlier one.
    """

    kind: Literal["create", "index", "delete"]
    index: str
    id: str
    document: Mapping[str, Any] | None = None
    position: tuple[int, int] | None = None
    version: int | None = None


class Status(StrEnum):
    """How an action ended."""

    WRITTEN = "written"
    MISSING = "missing"  # a deletion of a document that is not there
    CONFLICT = "conflict"  # the condition of the action does not hold: somebody else wrote the document
    REFUSED = "refused"  # the mapping does not take the document
    BLOCKED = "blocked"  # the index takes no writes now: it is being replaced, or the disk is full
    NO_INDEX = "no index"


@dataclass(frozen=True, slots=True)
class Result:
    """How one action ended; `reason` is the engine's innermost reason where the action was not carried out."""

    action: Action
    status: Status
    reason: str = ""


def write(client: OpenSearch, actions: Iterable[Action], *, refresh: bool = False) -> list[Result]:
    """Carry out all actions; one result each, in any order.

    EngineUnavailable when the server cannot be reached or stays overloaded: actions of this call may or may not have been
    carried out, and the caller repeats them. `refresh`: the writes are visible to searches when this returns.
    """
    results: list[Result] = []
    waiting = list(actions)
    for attempt in range(MAX_ATTEMPTS):
        if attempt:
            pause(attempt)
        answered, waiting = _send(client, waiting, refresh=refresh, last=attempt == MAX_ATTEMPTS - 1)
        results += answered
        if not waiting:
            return results
    raise EngineUnavailable(f"OpenSearch is overloaded and did not take {len(waiting)} writes; try again later")


def write_all(client: OpenSearch, actions: Iterable[Action], *, refresh: bool = False) -> list[Result]:
    """Like `write`, but raise for every result that is neither written, in conflict, nor missing; see `check`."""
    results = write(client, actions, refresh=refresh)
    for result in results:
        check(result)
    return results


def check(result: Result) -> None:
    """Raise OmmaError for a refused document, EngineUnavailable where the index takes no writes."""
    if result.status is Status.REFUSED:
        raise OmmaError(f"{result.action.index} does not take {result.action.id}: {result.reason}")
    if result.status in (Status.BLOCKED, Status.NO_INDEX):
        raise EngineUnavailable(
            f"{result.action.index} takes no writes now: a reindex is replacing it, or the disk is full; try again afterwards"
        )


def pause(attempt: int) -> None:
    """Wait longer with each attempt, by a random share so that writers do not return at the same time."""
    time.sleep(min(2.0**attempt, 2 * MAX_PAUSE) * random.uniform(0.1, 0.5))  # noqa: S311  (no secret)


def reason_of(error: Mapping[str, Any] | str) -> str:
    """The engine's reason and those of its causes, in one line."""
    parts: list[str] = []
    cause: Any = error
    while isinstance(cause, Mapping):
        parts.append(str(cause.get("reason") or ""))
        cause = cause.get("caused_by")
    text = ": ".join(part for part in parts if part) or str(error)
    return " ".join(text.split())[:MAX_REASON]


def _send(client: OpenSearch, actions: list[Action], *, refresh: bool, last: bool) -> tuple[list[Result], list[Action]]:
    """Send all actions once; returns results, and the actions to send again."""
    results: list[Result] = []
    again: list[Action] = []
    for action, answer in zip(actions, _answers(client, actions, refresh=refresh), strict=True):
        status = answer.get("status")
        if status in RETRIED and not _is_block(answer) and not (last and status == INTERNAL_ERROR):
            again.append(action)
        else:
            results.append(_result(action, answer))
    return results, again


def _answers(client: OpenSearch, actions: list[Action], *, refresh: bool) -> Iterator[Json]:
    """The engine's answer to each action, in order; the answer of a request that failed as a whole is repeated for each."""
    stream = streaming_bulk(
        client,
        actions,
        chunk_size=CHUNK_ACTIONS,
        max_chunk_bytes=CHUNK_BYTES,
        raise_on_error=False,
        raise_on_exception=False,
        expand_action_callback=_request_lines,
        refresh="true" if refresh else "false",
    )
    with guard():
        for _, answer in stream:
            ((_, outcome),) = answer.items()
            failure = outcome.get("exception")
            if isinstance(failure, TransportError) and failure.status_code not in RETRIED and not _is_block(outcome):
                raise failure
            yield outcome


def _request_lines(action: Action) -> tuple[Json, Mapping[str, Any] | None]:
    """The line of the action and the line of its document, in the format of the bulk API."""
    target: Json = {"_index": action.index, "_id": action.id}
    if action.position is not None:
        target |= {"if_seq_no": action.position[0], "if_primary_term": action.position[1]}
    if action.version is not None:
        target |= {"version": action.version, "version_type": "external"}
    return {action.kind: target}, None if action.kind == "delete" else action.document or {}


def _result(action: Action, answer: Mapping[str, Any]) -> Result:
    status, error = answer.get("status"), answer.get("error")
    if error is None:
        return Result(action, Status.MISSING if status == MISSING else Status.WRITTEN)
    return Result(action, _status(status, answer), reason_of(error))


def _status(status: Any, answer: Mapping[str, Any]) -> Status:
    if _is_block(answer):
        return Status.BLOCKED
    if _error_type(answer) == NO_INDEX_ERROR:
        return Status.NO_INDEX
    return Status.CONFLICT if status == CONFLICT else Status.REFUSED


def _is_block(answer: Mapping[str, Any]) -> bool:
    return _error_type(answer) == BLOCK_ERROR


def _error_type(answer: Mapping[str, Any]) -> str:
    """The engine's type of the error, of one action or of the whole request; empty without an error."""
    failure, error = answer.get("exception"), answer.get("error")
    if isinstance(failure, TransportError):
        return str(failure.error)
    return str(error.get("type")) if isinstance(error, Mapping) else ""


@dataclass(frozen=True, slots=True)
class Stored:
    """A document as it was read. `position`: sequence number and primary term of its last write; `version`: the engine's."""

    id: str
    source: Json
    position: tuple[int, int]
    version: int = 0


def read(client: OpenSearch, index: str, ids: Iterable[str], *, source: bool = True) -> dict[str, Stored]:
    """The documents with these ids, as far as they exist; without their fields unless `source`."""
    wanted = list(ids)
    if not wanted:
        return {}
    with guard():
        found = client.mget(index=index, body={"ids": wanted}, params={} if source else {"_source": "false"})["docs"]
    return {document["_id"]: _stored(document) for document in found if document.get("found")}


def read_all(
    client: OpenSearch, index: str, query: Mapping[str, Any], size: int, *, source: bool | Sequence[str] = True
) -> Iterator[list[Stored]]:
    """All documents that match a query when the iteration begins, in batches of `size`; `source`: with fields, or which."""
    body = {"query": dict(query), "_source": source, "seq_no_primary_term": True}
    with guard():
        hits = scan(client, index=index, query=body, size=size, scroll=SCROLL_KEPT)
        while batch := [_stored(hit) for hit in islice(hits, size)]:
            yield batch


def _stored(hit: Mapping[str, Any]) -> Stored:
    position = int(hit["_seq_no"]), int(hit["_primary_term"])
    return Stored(hit["_id"], hit.get("_source", {}), position, int(hit.get("_version", 0)))
