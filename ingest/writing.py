"""Writing documents: no write is lost to another that came at the same time, and an overloaded server is waited for."""

import random
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from opensearchpy import OpenSearch

from engine.client import guard
from engine.errors import EngineUnavailable
from engine.settings import Settings
from factors.base import Json
from ingest.documents import ExtractedImage, made_by, merged, new_document, with_entries
from ingest.item import Item
from ingest.jobs import Outcome
from ingest.snippet_encoder import SnippetEncoder
from mappings.versions import alias

OVERLOADED = (429, 503)
CONFLICT = 409
BLOCKED = "cluster_block_exception"  # the index is being replaced (`omma reindex`), or the disk is full
PATIENCE = 6  # rounds of waiting for an overloaded server, or of meeting another writer
SAID = ["sources"]  # what tells whether a document says something already


@dataclass(frozen=True, slots=True)
class Stored:
    """A document as it was read, with the place in the order of writes that a later write must not have passed."""

    source: Json
    version: tuple[int, int]


@dataclass
class Written:
    """What became of each picture: an outcome for every one of its items, or why the server did not take it."""

    outcomes: dict[str, list[Outcome]] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)


class Writer:
    """Writes behind the alias of the settings."""

    def __init__(self, client: OpenSearch, settings: Settings, snippet_encoder: SnippetEncoder | None = None) -> None:
        """The index is there already: `mappings.versions.ensure`. `snippet_encoder` reads linked text, where there is a
        model.
        """
        self._client, self._alias, self._snippet_encoder = client, alias(settings), snippet_encoder

    def known(self, ids: Iterable[str]) -> set[str]:
        """Those of these pictures that have a document."""
        return set(self._read(ids, ["job"]))

    def write(self, items: Mapping[str, Sequence[Item]], seen: Mapping[str, ExtractedImage], job: str) -> Written:
        """Make or complete the document of each picture; `seen` is needed of pictures without a document.

        EngineUnavailable when the server stays overloaded: nothing is lost, the same call may be made again.
        """
        written, waiting = Written(), dict(items)
        for attempt in range(PATIENCE):
            waiting = self._round(waiting, seen, job, written)
            if not waiting:
                return written
            time.sleep(min(2**attempt, 20) * random.uniform(0.1, 0.5))  # noqa: S311  (spreads writers, no secret)
        raise EngineUnavailable(f"OpenSearch did not take {len(waiting)} documents: overloaded, or many write at once")

    def _round(
        self, items: Mapping[str, Sequence[Item]], seen: Mapping[str, ExtractedImage], job: str, written: Written
    ) -> dict[str, Sequence[Item]]:
        """Write once; what must be written again."""
        stored, lines = self._stored(items, job, written), []
        left = {picture: items[picture] for picture in items if picture not in written.outcomes}
        for picture, found in left.items():
            if picture in stored:
                lines += self._replace(
                    picture, stored[picture], merged(stored[picture].source, found, job, self._snippet_encoder)
                )
            elif picture in seen:
                lines += self._create(picture, new_document(seen[picture], found, job, self._snippet_encoder))
            else:
                raise EngineUnavailable(f"the document of {picture} was deleted while it was completed")
        self._send(lines, left, written)
        return {p: found for p, found in left.items() if p not in written.outcomes and p not in written.refused}

    def _stored(self, items: Mapping[str, Sequence[Item]], job: str, written: Written) -> dict[str, Stored]:
        """Documents that must be changed, whole; those that say everything already get their outcomes."""
        stored = self._read(items, SAID)
        for picture, document in stored.items():
            if with_entries(document.source, items[picture], job) is None:
                written.outcomes[picture] = [
                    Outcome.INDEXED if made_by(document.source, item, job) else Outcome.UNCHANGED for item in items[picture]
                ]
        return self._read([picture for picture in stored if picture not in written.outcomes])

    def _read(self, ids: Iterable[str], fields: list[str] | None = None) -> dict[str, Stored]:
        wanted = list(ids)
        if not wanted:
            return {}
        with guard():
            found = self._client.mget(
                index=self._alias, body={"ids": wanted}, params={"_source": ",".join(fields)} if fields else {}
            )
        return {
            d["_id"]: Stored(d.get("_source", {}), (d["_seq_no"], d["_primary_term"])) for d in found["docs"] if d.get("found")
        }

    def _create(self, picture: str, document: Json) -> list[Json]:
        return [{"create": {"_index": self._alias, "_id": picture}}, document]

    def _replace(self, picture: str, stored: Stored, document: Json | None) -> list[Json]:
        """Nothing to send when another writer has said the same meanwhile: the next round finds that out."""
        number, term = stored.version
        action = {"_index": self._alias, "_id": picture, "if_seq_no": number, "if_primary_term": term}
        return [{"index": action}, document] if document else []

    def _send(self, lines: list[Json], items: Mapping[str, Sequence[Item]], written: Written) -> None:
        """Send all and note what was taken or refused; what met another writer or an overloaded server is neither.

        What is noted as indexed can be searched: a job that is done shows its pictures.
        """
        if not lines:
            return
        with guard():
            answers = self._client.bulk(body=lines, params={"refresh": "true"})["items"]
        for answer in (next(iter(item.values())) for item in answers):
            if answer["status"] in (CONFLICT, *OVERLOADED) or answer.get("error", {}).get("type") == BLOCKED:
                continue
            if "error" in answer:
                written.refused[answer["_id"]] = reason_of(answer["error"])
            else:
                written.outcomes[answer["_id"]] = [Outcome.INDEXED] * len(items[answer["_id"]])


def reason_of(error: Mapping[str, Any]) -> str:
    """What the server says of a document that it does not take, with the cause beneath."""
    cause = error.get("caused_by") or {}
    return ": ".join(part for part in (str(error.get("reason", "")), str(cause.get("reason", ""))) if part)[:500]
