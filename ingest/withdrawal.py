"""Withdrawing what a source no longer has: the places, in documents, of rows or files that its present reading lacks.

A reading of such a source (`Source.is_state`) is complete: each known place is either in it, or gone. Where a gone place and a
new one have the same image, the item of the new place replaces the gone one (`Item.replaces`), so that its document never goes.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import islice
from typing import Any, Literal

from opensearchpy import OpenSearch
from opensearchpy.exceptions import NotFoundError as MissingError

from engine.connections import guard
from engine.errors import BadSource
from engine.settings import Settings
from ingest.delete import remove_places
from ingest.item import Item, Refusal
from ingest.snippet_encoder import SnippetEncoder
from ingest.sources.files import selection
from ingest.sources.registry import Source
from ingest.views import file_of
from mappings.bulk import read_all
from mappings.versions import alias

Missing = Literal["withdraw", "keep", "force"]  # what happens to places that a source no longer has
IDENTITY = ("sources.source", "sources.reference", "sources.collection")
READ_BATCH = 1000  # documents whose places are read, or remade, at once
FEW = 10  # images that a source of paths may lose without being asked, whatever their share
FORCE = "--force withdraws them, --keep-missing keeps them"


class Places:
    """The places that a source has in the index: the image of each reference."""

    def __init__(self, images: Mapping[str, str]) -> None:
        self._images = dict(images)

    @classmethod
    def of(cls, client: OpenSearch, settings: Settings, source: Source) -> "Places":
        """As the index has them now. EngineUnavailable."""
        index, query = alias(settings), {"term": {"collections": source.collection}}
        try:
            with guard():
                client.indices.refresh(index=index)
            stored = (one for batch in read_all(client, index, query, READ_BATCH, source=IDENTITY) for one in batch)
            return cls({ref: one.id for one in stored for ref in _references(source, one.source.get("sources", ()))})
        except MissingError:
            return cls({})

    def by_image(self, only: Collection[str] | None = None) -> dict[str, set[str]]:
        """References by image, of all places or of those that `only` names; the views of a file belong to it."""
        found, is_selected = dict[str, set[str]](), selection(only)
        for reference, image in self._images.items():
            if is_selected(reference) or is_selected(file_of(reference)):
                found.setdefault(image, set()).add(reference)
        return found

    def update(self, passed: Mapping[str, str], gone: Iterable[str]) -> None:
        """Add the places of a reading, and remove those that it withdrew."""
        self._images |= {reference: image for reference, image in passed.items() if image}
        for reference in gone:
            self._images.pop(reference, None)


@dataclass
class Withdrawal:
    """Compares one reading of a source with its places in the index.

    `known`: references by image, of the places that are compared. `current`: references of the present reading. `force`: also
    withdraw more than usual, and what may be among the parts that cannot be read. `passed`: image by reference, of the items
    that were read so far; empty where the image is not known yet.
    """

    source: Source
    known: Mapping[str, set[str]]
    current: Collection[str]
    force: bool = False
    passed: dict[str, str] = field(default_factory=dict)

    @cached_property
    def lacking(self) -> frozenset[str]:
        """References of known places that the present reading lacks; which views a file has is known only once it is read."""
        known, current = frozenset().union(*self.known.values()), frozenset(self.current)
        return frozenset(one for one in known - current if file_of(one) not in current)

    @cached_property
    def kept(self) -> frozenset[str]:
        """Those of them that may be among the parts that cannot be read."""
        return frozenset(one for one in self.lacking if not self.force and self.source.is_uncertain(one))

    def check(self) -> None:
        """BadSource where too much is lacking to begin: a feed may be cut off or be another one, a disk not mounted."""
        lacking, known = len(self.lacking), sum(map(len, self.known.values()))
        too_much = 2 * lacking > known if self.source.has_keys else bool(known) and not self.current
        if too_much and not self.force:
            raise BadSource(
                f"{self.source.spec} lacks {lacking} of the {known} pictures that it had, and nothing was changed; {FORCE}"
            )

    def passing(self, items: Iterable[Item | Refusal]) -> Iterator[Item | Refusal]:
        """The items, each with the gone places of its image that it replaces."""
        gone_for_sure = self.lacking - self.kept
        for item in items:
            self.passed[item.reference] = item.original if isinstance(item, Item) else ""
            gone = self.known.get(item.original, set()) & gone_for_sure if isinstance(item, Item) else set()
            yield replace(item, replaces=tuple(sorted(gone))) if gone and isinstance(item, Item) else item

    def withdraw(self, client: OpenSearch, settings: Settings, snippet_encoder: SnippetEncoder | None) -> set[str]:
        """Remove the places that are gone, with documents that have no other; returns them. Call it after `passing`.

        BadSource where a source of paths has lost most of its images: whether one was moved is known only now.
        """
        gone = {image: found for image, references in self._elsewhere() if (found := self._gone(image, references))}
        if not (self.source.has_keys or self.force) and len(gone) > FEW and 2 * len(gone) > len(self.known):
            raise BadSource(
                f"{self.source.spec} lacks {len(gone)} of the {len(self.known)} pictures that it had; what is new was read, "
                f"and nothing was withdrawn; {FORCE}"
            )

        def is_gone(image: str, entry: Mapping[str, Any]) -> bool:
            return _is_of(self.source, entry) and entry["reference"] in gone.get(image, ())

        images = iter(gone)
        while some := list(islice(images, READ_BATCH)):
            remove_places(client, settings, {"ids": {"values": some}}, is_gone, snippet_encoder)
        return set().union(*gone.values())

    def _elsewhere(self) -> Iterator[tuple[str, set[str]]]:
        """Known images that no item of the present reading has."""
        present = set(self.passed.values())
        return ((image, references) for image, references in self.known.items() if image not in present)

    @cached_property
    def _read_files(self) -> frozenset[str]:
        """Files of which a picture was read."""
        return frozenset(file_of(reference) for reference, image in self.passed.items() if image)

    def _gone(self, image: str, references: set[str]) -> set[str]:
        """Those references that are lacking or have another image now, and views that their file has no more."""
        changed = {one for one in references & set(self.passed) if self.passed[one] not in ("", image)}
        views = {one for one in references - set(self.passed) - set(self.current) if file_of(one) in self._read_files}
        return changed | views | (references & self.lacking) - self.kept


def _references(source: Source, entries: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    return (entry["reference"] for entry in entries if _is_of(source, entry))


def _is_of(source: Source, entry: Mapping[str, Any]) -> bool:
    return bool(entry["source"] == source.spec and entry["collection"] == source.collection)
