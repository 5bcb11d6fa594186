"""Renewing documents: what other weights have seen is looked at again, everything else is recalled from the document."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from engine.errors import BadPicture, NotFoundError
from engine.settings import Settings
from engine.store import Store
from factors.base import Factor, Json
from factors.registry import all_factors
from ingest.documents import failure_fields, failures_of, text_fields
from ingest.meanings import Meanings, Reads
from mappings.core import CORE
from vision.perception import Perception
from vision.picture import Picture, decode


class CanLook(Reads, Protocol):
    """vision.perceiver.Perceiver, as far as it is needed here."""

    def perceive(self, pictures: Sequence[Picture], senses: Collection[str] | None = None) -> list[Perception]:
        """What these senses see of each."""

    def fingerprints(self) -> dict[str, str]:
        """Sense -> model and weights."""

    def dimensions(self) -> dict[str, int]:
        """Lengths of vectors."""


@dataclass(frozen=True, slots=True)
class Renewed:
    """A document as it is to be now; whether models looked at its picture again, and why they could not."""

    document: Json
    looked: bool = False
    failure: str = ""


@dataclass(frozen=True, slots=True)
class _Task:
    """A document, what is recalled of it, and the senses that must look again."""

    picture: str
    document: Mapping[str, Any]
    recalled: Mapping[str, Any]
    senses: frozenset[str]


class Renewer:
    """Makes documents anew with the factors and weights of now."""

    def __init__(self, settings: Settings, perceiver: CanLook, recorded: Collection[str]) -> None:
        """`recorded` names the senses that the old index's factors read: what these saw nothing of is not in the documents."""
        self._settings, self._store, self._perceiver = settings, Store(settings), perceiver
        self._factors, self._recorded = all_factors(), frozenset(recorded)
        self._fingerprints, self._meanings = perceiver.fingerprints(), Meanings(perceiver)

    def renew(self, documents: Mapping[str, Mapping[str, Any]]) -> dict[str, Renewed]:
        """Documents by picture, made anew; those that want the same senses are looked at together."""
        tasks = [self._task(picture, document) for picture, document in documents.items()]
        renewed = {task.picture: self._made(task) for task in tasks if not task.senses}
        for senses in {task.senses for task in tasks} - {frozenset()}:
            alike = [task for task in tasks if task.senses == senses]
            for start in range(0, len(alike), self._settings.batch_size):
                renewed |= self._look(alike[start : start + self._settings.batch_size], senses)
        return renewed

    def _task(self, picture: str, document: Mapping[str, Any]) -> _Task:
        made_by = dict(str(token).split("=", 1) for token in document.get("weights", ()))
        stale = {sense for sense, mark in self._fingerprints.items() if made_by.get(sense) != mark}
        fresh = [factor for factor in self._factors if not stale & set(factor.reads)]
        recalled = _recalled(fresh, document)
        known = recalled.keys() | (self._recorded - stale)
        again = {s for factor in self._factors if factor not in fresh for s in factor.reads if s in stale or s not in recalled}
        unseen = {sense for factor in fresh for sense in factor.reads if sense not in known}
        return _Task(picture, document, recalled, frozenset(again | unseen))

    def _look(self, tasks: Sequence[_Task], senses: frozenset[str]) -> dict[str, Renewed]:
        """Look again with these senses; a picture that cannot be read keeps its document, without what they saw."""
        renewed: dict[str, Renewed] = {}
        readable: list[tuple[_Task, Picture]] = []
        for task in tasks:
            try:
                readable.append((task, decode(self._store.original(task.picture), self._settings)))
            except (BadPicture, NotFoundError) as error:
                blind = _blank(task, dict.fromkeys(senses, str(error)))
                renewed[task.picture] = replace(self._made(task, blind), failure=str(error))
        perceptions = self._perceiver.perceive([picture for _, picture in readable], senses) if readable else []
        for (task, _), seen in zip(readable, perceptions, strict=True):
            failure = "; ".join(f"{sense}: {why}" for sense, why in seen.failures.items())
            renewed[task.picture] = replace(self._made(task, seen), looked=True, failure=failure)
        return renewed

    def _made(self, task: _Task, seen: Perception | None = None) -> Renewed:
        """The document: its own facts, and what every factor makes of the picture and of linked text."""
        observed = {sense: seen.of(sense) for sense in task.senses} if seen else {}
        perception = replace(_blank(task, {}), **{**task.recalled, **observed})
        failures = failures_of(task.document)
        if seen:
            looked = task.senses | {sense for sense in failures if getattr(seen, sense, None) is not None}
            failures = {s: why for s, why in failures.items() if s not in looked} | dict(seen.failures)
        fields: Json = {"id": task.picture} | {name: value for name, value in task.document.items() if name in CORE}
        fields |= failure_fields(failures) | {"weights": sorted(f"{s}={mark}" for s, mark in self._fingerprints.items())}
        for factor in self._factors:
            fields |= factor.seen(perception)
        linked = text_fields(task.document.get("sources", ()), fields, self._meanings)
        return Renewed(fields | {name: value for name, value in linked.items() if value is not None})


def _recalled(factors: Iterable[Factor], document: Mapping[str, Any]) -> dict[str, Any]:
    """What these factors know of what was seen; a sense that failed has seen nothing."""
    failed = set(document.get("missing", ()))
    found = (pair for factor in factors for pair in factor.recall(document).items())
    return {sense: observation for sense, observation in found if sense not in failed}


def _blank(task: _Task, failures: Mapping[str, str]) -> Perception:
    """A perception in which nothing was seen yet."""
    width, height = int(task.document.get("width") or 1), int(task.document.get("height") or 1)
    return Perception(task.picture, width, height, failures=failures)
