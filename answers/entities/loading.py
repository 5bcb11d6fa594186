"""Loaders of entities: what each opens, and loading what one gives; broken records go to quarantine, each with its reason.

Omma's own are files of `answers/entities/loaders/`; others are files of OMMA_PLUGIN_PATH, or entry points of the group
`omma.entity_loaders`: the same door as for sources of images.
"""

import uuid
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import ClassVar

from answers.entities.entity import Entity
from answers.entities.store import EncodesNames, Entities
from engine.connections import Context
from engine.errors import BadSource
from engine.plugins import Broken, Found, discover
from engine.settings import Settings
from ingest.item import Refusal
from ingest.quarantine import Entry, Quarantine
from ingest.sources.registry import existing

HERE, GROUP = Path(__file__).parent / "loaders", "omma.entity_loaders"
COLLECTION = "entities"  # of entries in quarantine
REFUSED_AT_ONCE = 100  # broken records that are put into quarantine together
INTRODUCTION = """\
# Entity loaders

*Written by `omma docs` from the files in `answers/entities/loaders/`; change those.*

A loader gives entities, things that have a name. `omma entities load ADDRESS` asks the loaders in this order; plugins are asked
after these ([write your own](../tutorials/plugins.md)). [Entities](../explanation/entities.md) describes what they are for.
"""


@dataclass
class EntityLoader(ABC):
    """Yields entities, and a refusal for each record that is none.

    A subclass declares, as class variables: `name`; `accepts`, the addresses that it opens, in a few words; `about`, its line
    of the documentation. `classes`: only entities of these classes (Wikidata: ids; WordNet: names of hypernyms); empty: all
    that the loader considers visible. `is_state`: a loading gives everything there is, and what an earlier one gave is deleted.
    """

    name: ClassVar[str]
    accepts: ClassVar[str]
    about: ClassVar[str] = ""
    is_state: ClassVar[bool] = True

    spec: str
    context: Context
    classes: Collection[str] = field(default=())

    @classmethod
    @abstractmethod
    def opens(cls, address: str, path: Path | None) -> bool:
        """Whether this loader opens an address; `path` is the existing path of that name, or None."""

    @abstractmethod
    def entities(self) -> Iterator[Entity | Refusal]:
        """All of them, in a stable order; memory does not grow with their number."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """The outcome of a loading: entities written, records in quarantine, entities deleted that are no longer there."""

    loader: str
    written: int
    refused: int
    deleted: int


Kind = type[EntityLoader]


def load(
    context: Context, extractor: Callable[[], EncodesNames], spec: str, *, classes: Sequence[str] = (), start: int = 0,
    limit: int | None = None,
) -> Loaded:  # fmt: skip
    """Load an address; BadSource, which lists what can be loaded, where no loader opens it.

    `start`: without the first so many entities; `limit`: at most so many. With a limit, none is deleted.
    """
    loader = open_loader(spec, context, classes)
    entities, run = Entities(context, extractor), uuid.uuid4().hex[:8]
    sieve = _Sieve(loader, Quarantine(context.client, context.settings), start, limit)
    written = entities.put(sieve.passing(), loader.name, loader.spec, run)
    deleted = entities.delete_loaded(loader.name, loader.spec, but=run) if loader.is_state and limit is None else 0
    return Loaded(loader.name, written, sieve.refused, deleted)


def open_loader(spec: str, context: Context, classes: Sequence[str] = ()) -> EntityLoader:
    """The first loader that opens an address; BadSource."""
    path = existing(spec)
    for kind in loaders(context.settings):
        if kind.opens(spec, path):
            return kind(spec if path is None else str(path), context, classes)
    accepted = "; ".join(kind.accepts for kind in loaders(context.settings))
    raise BadSource(f"{spec[:80]!r} cannot be loaded; entities are loaded from: {accepted}")


def loaders(settings: Settings) -> tuple[Kind, ...]:
    """All loaders, those of names first, then those of files."""
    return _registered(tuple(settings.plugin_path))[0]


def broken_loaders(settings: Settings) -> tuple[Broken, ...]:
    """Loaders that were left out, each with the reason."""
    return _registered(tuple(settings.plugin_path))[1]


def page() -> str:
    """The documentation page about the built-in loaders, which `omma docs` writes."""
    kinds = _made(discover(EntityLoader, None, HERE))[0]  # type: ignore[type-abstract]
    rows = [f"| `{kind.name}` | {kind.accepts} | {kind.about} |" for kind in kinds]
    return "\n".join([INTRODUCTION, "| loader | opens | what it reads |", "|---|---|---|", *rows, ""])


@lru_cache(maxsize=8)
def _registered(folders: tuple[Path, ...]) -> tuple[tuple[Kind, ...], tuple[Broken, ...]]:
    return _made(discover(EntityLoader, GROUP, HERE, folders))  # type: ignore[type-abstract]


def _made(found: Found[EntityLoader]) -> tuple[tuple[Kind, ...], tuple[Broken, ...]]:
    """One class per name; incomplete classes and second ones of a name are left out."""
    kinds: dict[str, Kind] = {}
    broken = list(found.broken)
    for kind in found.kinds:
        why = "it lacks a method" if kind.__abstractmethods__ else f"{kind.name!r} exists already" if kind.name in kinds else ""
        if why:
            broken.append(Broken(found.origins[kind], why))
        else:
            kinds[kind.name] = kind
    return tuple(kinds.values()), tuple(broken)


class _Sieve:
    """Lets entities pass and puts refusals into quarantine; entries of lines that are sound by now leave it."""

    def __init__(self, loader: EntityLoader, quarantine: Quarantine, start: int, limit: int | None) -> None:
        self._loader, self._quarantine = loader, quarantine
        self._start, self._end = start, None if limit is None else start + limit
        self.refused = 0

    def passing(self) -> Iterator[Entity]:
        """The entities."""
        waiting: list[Entry] = []
        stale = {e.id for e in self._quarantine.all(collection=COLLECTION) if e.source == self._loader.spec}
        count = 0
        for one in self._loader.entities():
            if isinstance(one, Refusal):
                waiting.append(Entry(self._loader.spec, one.reference, COLLECTION, one.reason, one.message))
                stale.discard(waiting[-1].id)
                self.refused += 1
            else:
                count += 1
                if count > self._start:
                    yield one
            if len(waiting) >= REFUSED_AT_ONCE:
                self._quarantine.add(waiting)
                waiting = []
            if count == self._end:
                break
        self._quarantine.add(waiting)
        self._quarantine.drop(sorted(stale))
