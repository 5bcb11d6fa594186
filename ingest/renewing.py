"""Renewing documents: what other weights have seen is looked at again, everything else is restored from the document."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from engine.errors import BadPicture, NotFoundError
from engine.settings import Settings
from engine.store import Store
from factors.base import Factor, Json
from factors.registry import all_factors
from ingest.documents import failure_fields, failures_of, text_fields
from ingest.snippet_encoder import EncodesText, SnippetEncoder
from mappings.core import CORE
from vision.image_features import ImageFeatures
from vision.picture import Picture, decode


class CanReextract(EncodesText, Protocol):
    """vision.feature_extractor.FeatureExtractor, as far as it is needed here."""

    def extract(self, pictures: Sequence[Picture], extractors: Collection[str] | None = None) -> list[ImageFeatures]:
        """What these extractors see of each."""

    def fingerprints(self) -> dict[str, str]:
        """Extractor -> model and weights."""

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
    """A document, what is restored of it, and the extractors that must look again."""

    picture: str
    document: Mapping[str, Any]
    restored: Mapping[str, Any]
    extractors: frozenset[str]


class Renewer:
    """Makes documents anew with the factors and weights of now."""

    def __init__(self, settings: Settings, feature_extractor: CanReextract, recorded: Collection[str]) -> None:
        """`recorded` names the extractors that the old index's factors read: what these saw nothing of is not in the
        documents.
        """
        self._settings, self._store, self._feature_extractor = settings, Store(settings), feature_extractor
        self._factors, self._recorded = all_factors(), frozenset(recorded)
        self._fingerprints, self._snippet_encoder = feature_extractor.fingerprints(), SnippetEncoder(feature_extractor)

    def renew(self, documents: Mapping[str, Mapping[str, Any]]) -> dict[str, Renewed]:
        """Documents by picture, made anew; those that want the same extractors are looked at together."""
        tasks = [self._task(picture, document) for picture, document in documents.items()]
        renewed = {task.picture: self._made(task) for task in tasks if not task.extractors}
        for extractors in {task.extractors for task in tasks} - {frozenset()}:
            alike = [task for task in tasks if task.extractors == extractors]
            for start in range(0, len(alike), self._settings.batch_size):
                renewed |= self._look(alike[start : start + self._settings.batch_size], extractors)
        return renewed

    def _task(self, picture: str, document: Mapping[str, Any]) -> _Task:
        made_by = dict(str(token).split("=", 1) for token in document.get("weights", ()))
        stale = {extractor for extractor, mark in self._fingerprints.items() if made_by.get(extractor) != mark}
        fresh = [factor for factor in self._factors if not stale & set(factor.reads)]
        restored = _restored(fresh, document)
        known = restored.keys() | (self._recorded - stale)
        again = {s for factor in self._factors if factor not in fresh for s in factor.reads if s in stale or s not in restored}
        unseen = {extractor for factor in fresh for extractor in factor.reads if extractor not in known}
        return _Task(picture, document, restored, frozenset(again | unseen))

    def _look(self, tasks: Sequence[_Task], extractors: frozenset[str]) -> dict[str, Renewed]:
        """Look again with these extractors; a picture that cannot be read keeps its document, without what they saw."""
        renewed: dict[str, Renewed] = {}
        readable: list[tuple[_Task, Picture]] = []
        for task in tasks:
            try:
                readable.append((task, decode(self._store.original(task.picture), self._settings)))
            except (BadPicture, NotFoundError) as error:
                blind = _blank(task, dict.fromkeys(extractors, str(error)))
                renewed[task.picture] = replace(self._made(task, blind), failure=str(error))
        extracted_features = (
            self._feature_extractor.extract([picture for _, picture in readable], extractors) if readable else []
        )
        for (task, _), seen in zip(readable, extracted_features, strict=True):
            failure = "; ".join(f"{extractor}: {why}" for extractor, why in seen.failures.items())
            renewed[task.picture] = replace(self._made(task, seen), looked=True, failure=failure)
        return renewed

    def _made(self, task: _Task, seen: ImageFeatures | None = None) -> Renewed:
        """The document: its own facts, and what every factor makes of the picture and of linked text."""
        observed = {extractor: seen.of(extractor) for extractor in task.extractors} if seen else {}
        image_features = _blank(task, {}).with_values(**{**task.restored, **observed})
        failures = failures_of(task.document)
        if seen:
            looked = task.extractors | {extractor for extractor in failures if seen.of(extractor) is not None}
            failures = {s: why for s, why in failures.items() if s not in looked} | dict(seen.failures)
        fields: Json = {"id": task.picture} | {name: value for name, value in task.document.items() if name in CORE}
        fields |= failure_fields(failures) | {"weights": sorted(f"{s}={mark}" for s, mark in self._fingerprints.items())}
        for factor in self._factors:
            fields |= factor.image_fields(image_features)
        linked = text_fields(task.document.get("sources", ()), fields, self._snippet_encoder)
        return Renewed(fields | {name: value for name, value in linked.items() if value is not None})


def _restored(factors: Iterable[Factor], document: Mapping[str, Any]) -> dict[str, Any]:
    """What these factors know of what was seen; an extractor that failed has seen nothing."""
    failed = set(document.get("missing", ()))
    found = (pair for factor in factors for pair in factor.restore(document).items())
    return {extractor: observation for extractor, observation in found if extractor not in failed}


def _blank(task: _Task, failures: Mapping[str, str]) -> ImageFeatures:
    """An image_features in which nothing was seen yet."""
    width, height = int(task.document.get("width") or 1), int(task.document.get("height") or 1)
    return ImageFeatures(task.picture, width, height, failures=failures)
