"""Withdrawing what a source no longer has: the places, in documents, of rows or files that its present reading lacks.

A reading of such a source (`Source.is_state`) is complete: each known place is either in it, or gone. Where a gone place and a
new one have the same image, the item of the new place replaces the gone one (`Item.replaces`), so that its document never goes.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any

from opensearchpy import OpenSearch
from opensearchpy.exceptions import NotFoundError as MissingError

from engine.connections import guard
from engine.errors import BadSource
from engine.settings import Settings
from ingest.delete import remove_places
from ingest.item import Item, Refusal
from ingest.snippet_encoder import SnippetEncoder
from ingest.sources.registry import Source
from mappings.bulk import read_all
from mappings.versions import alias

IDENTITY = ("sources.source", "sources.reference", "sources.collection")
READ_BATCH = 1000  # documents whose places are read, or remade, at once


@dataclass
class Withdrawal:
    """Compares one reading of a source with its places in the index.

    `known`: references by image, of all places of the source. `current`: references of the present reading. `is_complete`: what
    is missing is gone; otherwise it may be among the parts that cannot be read. `passed`: image by reference, of the items that
    were read so far; empty where the image is not known yet.
    """

    source: Source
    known: Mapping[str, set[str]]
    current: Collection[str]
    is_complete: bool
    passed: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, client: OpenSearch, settings: Settings, source: Source, *, force: bool = False) -> "Withdrawal":
        """The known and the current places of the source. EngineUnavailable, BadSource."""
        known, current = _known(client, settings, source), set(source.references())
        return cls(source, known, current, force or not source.unreadable)

    @property
    def missing(self) -> set[str]:
        """References of known places that the present reading lacks."""
        return set().union(*self.known.values()) - set(self.current)

    def check(self) -> None:
        """BadSource where more than half of the known places are missing: a file may be cut off, or be another one."""
        missing, known = self.missing, set().union(*self.known.values())
        if 2 * len(missing) > len(known):
            raise BadSource(
                f"{self.source.spec} lacks {len(missing)} of the {len(known)} pictures that it had, and nothing was changed; "
                "--force withdraws them, --keep-missing keeps them"
            )

    def passing(self, items: Iterable[Item | Refusal]) -> Iterator[Item | Refusal]:
        """The items, each with the gone places of its image that it replaces."""
        missing = self.missing if self.is_complete else set()
        for item in items:
            self.passed[item.reference] = item.original if isinstance(item, Item) else ""
            gone = self.known.get(item.original, set()) & missing if isinstance(item, Item) else set()
            yield replace(item, replaces=tuple(sorted(gone))) if gone and isinstance(item, Item) else item

    def withdraw(self, client: OpenSearch, settings: Settings, snippet_encoder: SnippetEncoder | None) -> int:
        """Remove the places that are gone, with documents that have no other; returns how many. Call it after `passing`."""
        if not self.is_complete:
            return 0
        gone = {image: found for image, references in self._elsewhere() if (found := self._gone(image, references))}

        def is_gone(image: str, entry: Mapping[str, Any]) -> bool:
            return _is_of(self.source, entry) and entry["reference"] in gone.get(image, ())

        images = iter(gone)
        while some := list(islice(images, READ_BATCH)):
            remove_places(client, settings, {"ids": {"values": some}}, is_gone, snippet_encoder)
        return sum(map(len, gone.values()))

    def _elsewhere(self) -> Iterator[tuple[str, set[str]]]:
        """Known images that no item of the present reading has."""
        present = set(self.passed.values())
        return ((image, references) for image, references in self.known.items() if image not in present)

    def _gone(self, image: str, references: set[str]) -> set[str]:
        """Those references that are missing, or have another image now."""
        return {one for one in references if one not in self.current or self.passed.get(one, "") not in ("", image)}


def _known(client: OpenSearch, settings: Settings, source: Source) -> dict[str, set[str]]:
    index, found = alias(settings), dict[str, set[str]]()
    query = {"term": {"collections": source.collection}}
    try:
        with guard():
            client.indices.refresh(index=index)
        for batch in read_all(client, index, query, READ_BATCH, source=IDENTITY):
            for stored in batch:
                references = {entry["reference"] for entry in stored.source.get("sources", ()) if _is_of(source, entry)}
                found |= {stored.id: references} if references else {}
    except MissingError:
        return {}
    return found


def _is_of(source: Source, entry: Mapping[str, Any]) -> bool:
    return bool(entry["source"] == source.spec and entry["collection"] == source.collection)
