"""An extractor: one way of looking at pictures, in batches."""

import threading
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

from engine.settings import Settings
from vision.image_features import ImageFeatures
from vision.picture import Picture


class Extractor(ABC):
    """One way of looking.

    `name` is the field of `ImageFeatures` that it fills. `needs` names the extractors whose observations it reads; they
    run before it, and where one failed it cannot look. `borrows` names those whose models it looks with without reading what
    they saw: where one is switched off, so is it. `gate` names the extractor that says whether looking is worth it; where
    the gate failed or is switched off, it looks. An extractor holds no state but its model, loads it once on first use, and
    says
    by `fingerprint` which weights it looks with, so that vectors of different weights are never compared.
    """

    name: ClassVar[str]
    needs: ClassVar[tuple[str, ...]] = ()
    borrows: ClassVar[tuple[str, ...]] = ()
    gate: ClassVar[str | None] = None
    dimension: int = 0  # length of the vector it sees, where it sees one

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._ready = False
        self._lock = threading.Lock()

    @property
    def after(self) -> set[str]:
        """The extractors that run before it."""
        return {*self.needs, *([self.gate] if self.gate else [])}

    def load(self) -> None:
        """Load the model, once; cheap afterwards."""
        with self._lock:
            if not self._ready:
                self._load()
                self._ready = True

    def observe(self, pictures: Sequence[Picture], seen: Sequence[ImageFeatures]) -> list[Any]:
        """Look at a batch; `seen[i]` holds what other extractors saw of `pictures[i]`. One observation per picture."""
        self.load()
        observations = self._observe(pictures, seen)
        if len(observations) != len(pictures):
            raise RuntimeError(f"extractor {self.name!r} gave {len(observations)} observations for {len(pictures)} pictures")
        return observations

    def files(self) -> tuple[Path, ...]:
        """What it looks with, as installed; ConfigurationError, with the mend, where something is missing."""
        return ()

    def export(self, *, force: bool = False) -> None:  # noqa: B027  (most extractors need no such files)
        """Make the files that it needs once per machine; `force` makes them again."""

    @property
    @abstractmethod
    def fingerprint(self) -> str:
        """Model and weights, short and stable: `efficientnet-lite2+pca256@1f0c9a2b`. Does not load the model."""

    def _load(self) -> None:  # noqa: B027  (an extractor without a model has nothing to load)
        """Read the model into memory."""

    @abstractmethod
    def _observe(self, pictures: Sequence[Picture], seen: Sequence[ImageFeatures]) -> list[Any]:
        """Look at a batch."""
