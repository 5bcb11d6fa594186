"""Remaking a document: some extractors run again, all other features are restored from the document's own fields.

`Remaker` does this for every backfill. A `Scope` decides which extractors run again and which fields are replaced:

* `WholeDocument`, for a new mapping or new weights: all fields are replaced; extractors run whose weights changed or whose
  output the document does not keep.
* `ChosenExtractors`: named extractors run, and the fields of factors that read them are replaced. All other fields stay, also
  those of an extractor that succeeded earlier and fails now.
"""

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from engine.errors import BadPicture, NotFoundError
from engine.settings import Settings
from engine.store import Store
from factors.base import Factor, Json
from ingest.backfill import Remade
from ingest.fields import (
    failure_fields,
    failures_of,
    image_failure,
    image_fields,
    restored,
    weight_marks,
    weights_of,
    with_text,
)  # fmt: skip
from ingest.snippet_encoder import EncodesText, SnippetEncoder
from mappings.template import CORE
from vision.image_features import ImageFeatures
from vision.picture import Picture, decode


class CanReextract(EncodesText, Protocol):
    """The part of vision.feature_extractor.FeatureExtractor that a backfill needs."""

    def extract(self, pictures: Sequence[Picture], extractors: Collection[str] | None = None) -> list[ImageFeatures]:
        """Outputs of these extractors and of those that they need, one record per image."""

    def fingerprints(self) -> dict[str, str]:
        """Extractor -> model and weights."""

    def dimensions(self) -> dict[str, int]:
        """Extractor -> length of its vectors."""


@dataclass(frozen=True, slots=True)
class Task:
    """How one document is remade.

    `extractors` run again; `outputs` of other extractors are restored from the document. `stays`: extractors whose earlier
    output stays if they fail now. `weights`: fingerprints of the outputs that stay. `unrestorable`: factors that could not
    restore their features.
    """

    image: str
    document: Mapping[str, Any]
    extractors: frozenset[str]
    outputs: Mapping[str, Any]
    stays: frozenset[str]
    weights: Mapping[str, str]
    unrestorable: frozenset[str] = frozenset()


class Scope(ABC):
    """Decides which extractors run again for a document, and which of its fields are replaced."""

    def __init__(self, factors: Sequence[Factor], fingerprints: Mapping[str, str]) -> None:
        """`factors` are all that are active, `fingerprints` those of the extractors that run here."""
        self.factors, self.fingerprints = tuple(factors), dict(fingerprints)

    @abstractmethod
    def task(self, image: str, document: Mapping[str, Any]) -> Task:
        """How this document is remade."""

    @abstractmethod
    def replaced_factors(self, task: Task, succeeded: Collection[str]) -> list[Factor]:
        """The factors whose fields are replaced, given the extractors that succeeded."""

    @abstractmethod
    def kept_fields(self, document: Mapping[str, Any], replaced: Collection[str]) -> Json:
        """Fields that stay as they are; `replaced` names the fields of the replaced factors."""


class WholeDocument(Scope):
    """All fields are replaced."""

    def __init__(self, factors: Sequence[Factor], fingerprints: Mapping[str, str], recorded: Collection[str]) -> None:
        """`recorded`: extractors that the index was made with; a document without the output of one had nothing to extract."""
        super().__init__(factors, fingerprints)
        self._recorded = frozenset(recorded)

    def task(self, image: str, document: Mapping[str, Any]) -> Task:
        """Extractors run again if their weights differ or their output cannot be restored."""
        made_by, failures = weights_of(document), failures_of(document)
        stale = {name for name, fingerprint in self.fingerprints.items() if made_by.get(name) != fingerprint}
        made = [factor for factor in self.factors if image_failure(factor) not in failures]
        current = [factor for factor in made if not stale & set(factor.reads)]
        kept = restored(current, document)
        current = [factor for factor in current if factor.name not in kept.failed]
        read_by_others = {name for factor in self.factors if factor not in current for name in factor.reads}
        known = kept.outputs.keys() | (self._recorded - stale)
        unknown = {name for factor in current for name in factor.reads if name not in known}
        again = {name for name in read_by_others if name in stale or name not in kept.outputs} | unknown
        return Task(image, document, frozenset(again), kept.outputs, frozenset(kept.outputs), self.fingerprints, kept.failed)

    def replaced_factors(self, task: Task, succeeded: Collection[str]) -> list[Factor]:
        """All of them."""
        return list(self.factors)

    def kept_fields(self, document: Mapping[str, Any], replaced: Collection[str]) -> Json:
        """The core fields; fields of factors may be unknown to the new mapping."""
        return {name: value for name, value in document.items() if name in CORE}


class ChosenExtractors(Scope):
    """Chosen extractors run again, and only fields of factors that read them are replaced."""

    def __init__(self, factors: Sequence[Factor], fingerprints: Mapping[str, str], extractors: Collection[str]) -> None:
        """`extractors` run for every document."""
        super().__init__(factors, fingerprints)
        self._extractors = frozenset(extractors)

    def task(self, image: str, document: Mapping[str, Any]) -> Task:
        """The chosen extractors run for every document."""
        made_by, kept = weights_of(document), restored(self.factors, document)
        stays = frozenset(made_by.keys() - failures_of(document).keys())
        return Task(image, document, self._extractors, kept.outputs, stays, made_by, kept.failed)

    def replaced_factors(self, task: Task, succeeded: Collection[str]) -> list[Factor]:
        """The factors that read a chosen extractor that succeeded, and whose other features are known."""
        fed = [factor for factor in self.factors if self._extractors & set(succeeded) & set(factor.reads)]
        return [factor for factor in fed if factor.name not in task.unrestorable or set(factor.reads) <= set(succeeded)]

    def kept_fields(self, document: Mapping[str, Any], replaced: Collection[str]) -> Json:
        """All other fields."""
        return {name: value for name, value in document.items() if name not in replaced}


class Remaker:
    """Remakes documents within a scope."""

    def __init__(self, settings: Settings, feature_extractor: CanReextract, scope: Scope) -> None:
        """Models are loaded when the first image needs one."""
        self._settings, self._store, self._feature_extractor = settings, Store(settings), feature_extractor
        self._scope, self._snippet_encoder = scope, SnippetEncoder(feature_extractor)
        self._dimensions = feature_extractor.dimensions()
        self._extracted: dict[str, tuple[frozenset[str], ImageFeatures]] = {}  # of the latest documents

    def remake(self, documents: Mapping[str, Mapping[str, Any]]) -> dict[str, Remade]:
        """The remade documents by image. A repeated call with the same images does not extract again."""
        tasks = [self._scope.task(image, document) for image, document in documents.items()]
        self._extracted = {image: kept for image, kept in self._extracted.items() if image in documents}
        waiting = [task for task in tasks if task.extractors and not self._is_extracted(task)]
        for extractors in {task.extractors for task in waiting}:
            alike = [task for task in waiting if task.extractors == extractors]
            for start in range(0, len(alike), self._settings.batch_size):
                self._extract(alike[start : start + self._settings.batch_size], extractors)
        return {task.image: self._remade(task) for task in tasks}

    def _is_extracted(self, task: Task) -> bool:
        return task.image in self._extracted and task.extractors <= self._extracted[task.image][0]

    def _extract(self, tasks: Sequence[Task], extractors: frozenset[str]) -> None:
        """Run these extractors; for an unreadable image all of them count as failed."""
        readable: list[Picture] = []
        for task in tasks:
            try:
                readable.append(decode(self._store.original(task.image), self._settings))
            except (BadPicture, NotFoundError) as error:
                failed = _blank(task).with_failures(dict.fromkeys(extractors, str(error)))
                self._extracted[task.image] = extractors, failed
        for features in self._feature_extractor.extract(readable, extractors) if readable else ():
            self._extracted[features.picture_id] = extractors, features

    def _remade(self, task: Task) -> Remade:
        """The document from restored and new features, and from its linked text."""
        ran, extracted = self._extracted.get(task.image, (frozenset[str](), _blank(task)))
        succeeded = {name for name in ran | extracted.values.keys() if name not in extracted.failures}
        outputs = {name: output for name, output in task.outputs.items() if name not in succeeded}
        factors = self._scope.replaced_factors(task, succeeded)
        made = image_fields(factors, extracted.with_values(**outputs))
        document = self._scope.kept_fields(task.document, self._owned(factors, made.failures)) | {"id": task.image}
        document |= self._marks(task, succeeded, extracted.failures) | made.fields
        document |= failure_fields(_failures(task, succeeded, extracted.failures, factors) | made.failures)
        document = with_text(document, task.document.get("sources", ()), self._snippet_encoder, self._scope.factors)
        failures = {**extracted.failures, **made.failures}
        return Remade(document, bool(ran), "; ".join(f"{name}: {why}" for name, why in failures.items()))

    def _marks(self, task: Task, succeeded: Collection[str], failed: Mapping[str, str]) -> Json:
        """`weights`: the fingerprints of the outputs that the remade document holds."""
        ran = {*succeeded, *(failed.keys() - task.stays)}
        new = {name: fingerprint for name, fingerprint in self._scope.fingerprints.items() if name in ran}
        return {"weights": weight_marks({**task.weights, **new})}

    def _owned(self, factors: Iterable[Factor], failures: Collection[str]) -> set[str]:
        """The document fields of the factors that did not fail."""
        succeeded = (factor for factor in factors if image_failure(factor) not in failures)
        return {name for factor in succeeded for name in factor.fields(self._dimensions)}


def _failures(task: Task, succeeded: Collection[str], failed: Mapping[str, str], factors: Iterable[Factor]) -> dict[str, str]:
    """Earlier failures that were not repaired, and new ones, except for extractors whose earlier output stays."""
    repaired = {*succeeded, *(image_failure(factor) for factor in factors)}
    earlier = {name: why for name, why in failures_of(task.document).items() if name not in repaired}
    return earlier | {name: why for name, why in failed.items() if name not in task.stays}


def _blank(task: Task) -> ImageFeatures:
    """Features of an image that no extractor ran on."""
    width, height = int(task.document.get("width") or 1), int(task.document.get("height") or 1)
    return ImageFeatures(task.image, width, height)
