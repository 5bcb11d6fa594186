"""The interface of an extractor: images in, one typed output per image, in batches; and fingerprints of models."""

import hashlib
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import ClassVar, Generic, TypeVar

from engine.settings import Settings
from vision.image_features import ImageFeatures, Vector
from vision.picture import Picture

T = TypeVar("T")
PACKAGED, HUB = "packaged", "hub"  # variants of an extractor
FINGERPRINT_DIGITS = 8  # hexadecimal digits of a hash


@dataclass(frozen=True, slots=True)
class Value(Generic[T]):
    """The output of an extractor for one image; None is a value too, for an image that has no output."""

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
    and if one of them fails for an image, so does this one. `borrows` names those whose model it uses without reading their
    output; they are passed to the constructor in that order, after the settings. If a needed or borrowed extractor is switched
    off, so is this one. `gate` names an extractor that decides for which images this one runs; without it, this one runs for
    all.

    Several classes may share a name and differ in `variant`: the setting OMMA_<NAME>_MODEL chooses between them (`packaged`, or
    a model's hub id or folder for `hub`). Vectors of different weights are never compared: `fingerprint` names model and
    weights. The only state of an extractor is its model, which is loaded on first use and can be unloaded when idle
    (OMMA_MODEL_IDLE).
    """

    name: ClassVar[str]
    variant: ClassVar[str] = PACKAGED
    needs: ClassVar[tuple[str, ...]] = ()
    borrows: ClassVar[tuple[str, ...]] = ()
    gate: ClassVar[str | None] = None
    dimension: int = 0  # length of an output vector; 0 for other outputs

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._lock = threading.RLock()
        self._users = 0
        self._loaded: set[str] | None = None  # attributes that hold the model; None while it is not loaded
        self._used = 0.0

    @property
    def after(self) -> set[str]:
        """Names of the extractors that run before this one."""
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
        """Load the model, and keep it loaded inside the block."""
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
        """Free the model if it was not used for `idle` seconds; return whether it was freed. The next use loads it again."""
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
        """One output per picture; `seen[i]` holds the outputs of other extractors for `pictures[i]`."""
        with self.in_use():
            observations = self._observe(pictures, seen)
        if len(observations) != len(pictures):
            raise RuntimeError(f"extractor {self.name!r} gave {len(observations)} outputs for {len(pictures)} pictures")
        return observations

    def files(self) -> tuple[Path, ...]:
        """Installed files of the model. Raise ConfigurationError, which names the remedy, if one is missing."""
        return ()

    def export(self, *, force: bool = False) -> None:
        """Write the files that are made once per machine, such as ONNX; `force` writes existing ones again."""

    @property
    @abstractmethod
    def fingerprint(self) -> str:
        """Model and weights, short and stable: `efficientnet-lite2+pca256@1f0c9a2b`. Does not load the model."""

    def _load(self) -> None:
        """Load the model into attributes of this object."""

    @abstractmethod
    def _observe(self, pictures: Sequence[Picture], seen: Sequence[ImageFeatures]) -> list[T]:
        """One output per picture of a batch."""


class Joint(Extractor[Vector]):
    """An image to a unit vector of a joint embedding, in which texts of the same meaning are near.

    The fingerprint covers the image model and the text model. Each is loaded on first use, so that a query of words alone does
    not wait for the image model.
    """

    name: ClassVar[str] = "joint"
    min_agreement: float | None = None  # cosine below which a text is unlikely to describe an image; None: not measured

    @abstractmethod
    def encode_text(self, texts: Sequence[str]) -> Vector:
        """Unit vectors [n, d] of texts; thread-safe. Raise ConfigurationError if the model cannot be loaded."""

    @abstractmethod
    def understands(self, text: str, language: str = "") -> bool:
        """Whether the model knows the language of a text; `language` is BCP 47, or empty if unknown."""


def fingerprint_of_files(*paths: Path) -> str:
    """A hash of the contents of files. A file is read again only after its time stamp or size has changed."""
    return _joined(*(_digest(path, path.stat().st_mtime_ns, path.stat().st_size) for path in paths))


def fingerprint_of_values(*values: object) -> str:
    """A hash of parameters that change the output of an extractor."""
    return _joined(*(repr(value) for value in values))


def _joined(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:FINGERPRINT_DIGITS]


@lru_cache(maxsize=256)
def _digest(path: Path, _changed: int, _size: int) -> str:
    """The last two arguments are part of the cache's key: a changed file is read again."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
