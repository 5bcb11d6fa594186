"""An extractor: images in, one typed output per image, in batches."""

import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Generic, TypeVar

from engine.settings import Settings
from vision.image_features import ImageFeatures
from vision.picture import Picture

T = TypeVar("T")
PACKAGED, HUB = "packaged", "hub"


@dataclass(frozen=True, slots=True)
class Value(Generic[T]):
    """What an extractor found in one image; None is a value too where an image has nothing to give."""

    value: T


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an extractor has no output for one image."""

    reason: str

    @classmethod
    def of(cls, error: Exception) -> "Failure":
        """The error as one line."""
        return cls(f"{type(error).__name__}: {error}")


Outcome = Value[T] | Failure


class Extractor(ABC, Generic[T]):
    """One kind of output per image; `T` is its type.

    `name` names the output in `ImageFeatures`. `needs` names the extractors whose output this one reads: they run before it,
    and where one failed it fails too. `borrows` names those whose model it uses without reading their output; they are handed
    to the constructor in that order, after the settings. Where a needed or borrowed extractor is switched off, so is this one.
    `gate` names an extractor that decides whether this one is worth its time; without the gate it runs always.

    Several classes may share a name and differ in `variant`: the setting OMMA_<NAME>_MODEL chooses between them (`packaged`, or
    a model's hub id or folder for `hub`). Vectors of different weights are never compared: `fingerprint` names model and
    weights. An extractor keeps no state but its model, which is loaded on first use and can be unloaded when idle
    (OMMA_MODEL_IDLE).
    """

    name: ClassVar[str]
    variant: ClassVar[str] = PACKAGED
    needs: ClassVar[tuple[str, ...]] = ()
    borrows: ClassVar[tuple[str, ...]] = ()
    gate: ClassVar[str | None] = None
    dimension: int = 0  # length of the output, where it is a vector

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._lock = threading.RLock()
        self._users = 0
        self._loaded: set[str] | None = None  # attributes that hold the model; None while it is not loaded
        self._used = 0.0

    @property
    def after(self) -> set[str]:
        """The extractors that run before it."""
        return {*self.needs, *([self.gate] if self.gate else [])}

    def load(self) -> None:
        """Load the model, once; cheap afterwards."""
        with self._lock:
            if self._loaded is None:
                before = set(vars(self))
                self._load()
                self._loaded = set(vars(self)) - before

    @contextmanager
    def in_use(self) -> Iterator[None]:
        """The model is loaded, and is not unloaded inside."""
        with self._lock:
            self.load()
            self._users += 1
        try:
            yield
        finally:
            with self._lock:
                self._users -= 1
                self._used = time.monotonic()

    def unload(self, idle: float = 0.0) -> bool:
        """Free the model if nobody has used it for `idle` seconds; the next use loads it again. Whether it was freed."""
        with self._lock:
            if self._loaded is None or self._users or time.monotonic() - self._used < idle:
                return False
            for attribute in self._loaded:
                delattr(self, attribute)
            self._loaded = None
            return True

    @property
    def is_loaded(self) -> bool:
        """Whether the model is in memory."""
        return self._loaded is not None

    def observe(self, pictures: Sequence[Picture], seen: Sequence[ImageFeatures]) -> list[T]:
        """One output per picture; `seen[i]` holds what other extractors found in `pictures[i]`."""
        with self.in_use():
            observations = self._observe(pictures, seen)
        if len(observations) != len(pictures):
            raise RuntimeError(f"extractor {self.name!r} gave {len(observations)} outputs for {len(pictures)} pictures")
        return observations

    def files(self) -> tuple[Path, ...]:
        """Installed files of the model; ConfigurationError, naming the remedy, where one is missing."""
        return ()

    def export(self, *, force: bool = False) -> None:
        """Make the files that it needs once per machine; `force` makes them again."""

    @property
    @abstractmethod
    def fingerprint(self) -> str:
        """Model and weights, short and stable: `efficientnet-lite2+pca256@1f0c9a2b`. Does not load the model."""

    def _load(self) -> None:
        """Read the model into attributes of this object."""

    @abstractmethod
    def _observe(self, pictures: Sequence[Picture], seen: Sequence[ImageFeatures]) -> list[T]:
        """One output per picture of a batch."""
