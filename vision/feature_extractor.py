"""Runs the extractors as a graph: each once per batch, after those that it needs."""

import logging
import threading
import time
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
from cachetools import LRUCache

from engine.errors import ConfigurationError
from engine.once_cache import OnceCache
from engine.settings import Settings
from vision.extractor import Extractor, Failure, Joint, Outcome, Value
from vision.image_features import ImageFeatures, Vector
from vision.picture import Picture
from vision.registry import EveryExtractor, registered, with_dependants

logger = logging.getLogger(__name__)
BLANK_SIDE = 64  # px of the image that warms models up
# The settings that a feature extractor depends on: they are the key of the cache.
MODEL_SETTINGS = (
    "home", "profile", "device", "threads", "ocr_engine", "ocr_languages", "object_confidence", "text_threshold",
    "embedding_model", "objects_model", "joint_model", "model_idle", "extractors_off", "plugin_path",
)  # fmt: skip
MAX_CACHED = 4  # feature extractors of a process: it uses one, measurements and tests several


class FeatureExtractor:
    """Runs extractors on pictures; thread-safe.

    `extractors` are in the order in which they run; `timings` holds the seconds that each has taken so far, `extracted` the
    number of images. With `idle` > 0, models that were not used for so many seconds are unloaded.
    """

    def __init__(self, extractors: Sequence[EveryExtractor], *, idle: float = 0.0) -> None:
        """Raise ConfigurationError if an extractor needs one that is not among them, or if the needs form a cycle."""
        self.extractors = in_order(extractors)
        self._lock = threading.Lock()
        self._idle = idle
        self._sweeper: threading.Thread | None = None
        self.timings: dict[str, float] = dict.fromkeys(self.extractors, 0.0)
        self.extracted = 0

    def extract(self, pictures: Sequence[Picture], extractors: Collection[str] | None = None) -> list[ImageFeatures]:
        """Outputs of these extractors (all by default) and of those that they need, for each picture.

        An extractor that fails for a batch runs again picture by picture; if it still fails, `failures` says why. A picture
        that fails raises nothing.
        """
        found = [ImageFeatures(picture.id, picture.width, picture.height) for picture in pictures]
        for extractor in self._wanted(extractors) if pictures else ():
            begun = time.perf_counter()
            outcomes = self._observe(extractor, pictures, found)
            found = [_added(extractor.name, f, outcome) for f, outcome in zip(found, outcomes, strict=True)]
            with self._lock:
                self.timings[extractor.name] += time.perf_counter() - begun
        with self._lock:
            self.extracted += len(pictures)
        self._start_sweeper()
        return found

    def encode_text(self, texts: Sequence[str]) -> Vector:
        """Vectors of texts in the joint embedding: [n, d], unit length. Raise ConfigurationError without a model."""
        return self._joint().encode_text(texts)

    def understands(self, text: str, language: str = "") -> bool:
        """Whether `encode_text` knows the language of a text (BCP 47, or empty). Raise ConfigurationError without a model."""
        return self._joint().understands(text, language)

    def min_agreement(self) -> float | None:
        """The cosine below which a text is unlikely to describe an image; None if it was not measured."""
        return self._joint().min_agreement

    def warm_up(self, extractors: Collection[str] | None = None) -> None:
        """Load the models and run each once, so that the first picture does not wait; failures are logged, not raised."""
        blank = Picture("blank", np.zeros((BLANK_SIDE, BLANK_SIDE, 3), np.uint8), BLANK_SIDE, BLANK_SIDE, "PNG")
        found = [ImageFeatures(blank.id, BLANK_SIDE, BLANK_SIDE)]
        for extractor in self._wanted(extractors):
            found = [_added(extractor.name, found[0], observe(extractor, [blank], found)[0])]
            if isinstance(extractor, Joint) and (why := _text_failure(extractor)):
                logger.error("extractor %s encodes no text: %s", extractor.name, why)
        for name, why in found[0].failures.items():
            logger.error("extractor %s does not work: %s", name, why)
        self._start_sweeper()

    def unload_idle(self, seconds: float = 0.0) -> list[str]:
        """Free models that were not used for that long; return the names of their extractors."""
        return [name for name, extractor in self.extractors.items() if extractor.unload(seconds)]

    def fingerprints(self) -> dict[str, str]:
        """Fingerprints by extractor; loads no model."""
        return {name: extractor.fingerprint for name, extractor in self.extractors.items()}

    def dimensions(self) -> dict[str, int]:
        """Lengths of vectors by extractor; loads no model."""
        return {name: extractor.dimension for name, extractor in self.extractors.items() if extractor.dimension}

    def with_needs(self, names: Collection[str]) -> set[str]:
        """These extractors and those that run before them. Raise ConfigurationError for an unknown name."""
        return {extractor.name for extractor in self._wanted(names)}

    def dependants(self, names: Collection[str]) -> list[str]:
        """These extractors and those that need them or borrow from them. Raise ConfigurationError for an unknown name."""
        self._check(names)
        return with_dependants(self.extractors.values(), names)

    def _joint(self) -> Joint:
        extractor = self.extractors.get(Joint.name)
        if not isinstance(extractor, Joint):
            raise ConfigurationError("no extractor encodes texts into the joint embedding")
        return extractor

    def _check(self, names: Collection[str]) -> None:
        if unknown := set(names) - set(self.extractors):
            raise ConfigurationError(f"no such extractor: {', '.join(sorted(unknown))}; there are {', '.join(self.extractors)}")

    def _observe(
        self, extractor: Extractor[Any], pictures: Sequence[Picture], found: Sequence[ImageFeatures]
    ) -> list[Outcome[Any]]:
        return observe(extractor, pictures, found)

    def _wanted(self, names: Collection[str] | None) -> list[EveryExtractor]:
        """These extractors and those that run before them, in order. Raise ConfigurationError for an unknown name."""
        if names is None:
            return list(self.extractors.values())
        self._check(names)
        wanted: set[str] = set()
        for extractor in reversed(list(self.extractors.values())):
            if extractor.name in names or any(extractor.name in self.extractors[other].after for other in wanted):
                wanted.add(extractor.name)
        return [extractor for extractor in self.extractors.values() if extractor.name in wanted]

    def _start_sweeper(self) -> None:
        """Start the thread that unloads idle models, if the settings ask for it; a forked process starts its own."""
        with self._lock:
            if self._idle <= 0 or (self._sweeper and self._sweeper.is_alive()):
                return
            self._sweeper = threading.Thread(target=self._sweep, name="unload-idle-models", daemon=True)
            self._sweeper.start()

    def _sweep(self) -> None:
        while any(extractor.is_loaded for extractor in self.extractors.values()):
            time.sleep(self._idle / 2)
            for name in self.unload_idle(self._idle):
                logger.info("extractor %s was idle for %.0f s: its model is unloaded", name, self._idle)


def observe(extractor: Extractor[Any], pictures: Sequence[Picture], found: Sequence[ImageFeatures]) -> list[Outcome[Any]]:
    """A value or a failure per picture. An extractor also fails if one that it needs has failed."""
    ready = [i for i, f in enumerate(found) if not set(extractor.needs) & set(f.failures)]
    outcomes: list[Outcome[Any]] = [Failure(f"needs {', '.join(extractor.needs)}, which failed") for _ in pictures]
    for i, outcome in zip(ready, _batch(extractor, [pictures[i] for i in ready], [found[i] for i in ready]), strict=True):
        outcomes[i] = outcome
    return outcomes


def _batch(extractor: Extractor[Any], pictures: Sequence[Picture], found: Sequence[ImageFeatures]) -> list[Outcome[Any]]:
    if not pictures:
        return []
    try:
        return [Value(output) for output in extractor.observe(pictures, found)]
    except ConfigurationError as error:  # a model that is not there is not there for single pictures either
        return [Failure.of(error)] * len(pictures)
    except Exception as error:
        logger.warning("extractor %s failed on a batch of %d (%s); trying one by one", extractor.name, len(pictures), error)
        return [_alone(extractor, picture, f) for picture, f in zip(pictures, found, strict=True)]


def _alone(extractor: Extractor[Any], picture: Picture, found: ImageFeatures) -> Outcome[Any]:
    try:
        return Value(extractor.observe([picture], [found])[0])
    except Exception as error:
        return Failure.of(error)


def _added(name: str, found: ImageFeatures, outcome: Outcome[Any]) -> ImageFeatures:
    if isinstance(outcome, Failure):
        return found.with_failures({name: outcome.reason})
    return found.with_values(**{name: outcome.value})


def _text_failure(extractor: Joint) -> str:
    """Why a text cannot be encoded; empty if it can."""
    try:
        extractor.encode_text(["a picture"])
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return ""


def in_order(extractors: Sequence[EveryExtractor]) -> Mapping[str, EveryExtractor]:
    """Extractors by name, each after those that must run before it; a gate that is not registered is ignored."""
    ordered: dict[str, EveryExtractor] = {}
    waiting, there = list(extractors), {extractor.name for extractor in extractors}
    while waiting:
        ready = [extractor for extractor in waiting if set(extractor.needs) | (extractor.after & there) <= set(ordered)]
        if not ready:
            stuck = [(extractor.name, sorted(extractor.after)) for extractor in waiting]
            raise ConfigurationError(f"extractors need others that are missing, or one another: {stuck}")
        ordered |= {extractor.name: extractor for extractor in ready}
        waiting = [extractor for extractor in waiting if extractor.name not in ordered]
    return ordered


_cached: OnceCache[str, FeatureExtractor] = OnceCache(LRUCache(MAX_CACHED))


def get_feature_extractor(settings: Settings) -> FeatureExtractor:
    """The feature extractor of this process for these settings; models load when first needed."""
    key = settings.model_dump_json(include=set(MODEL_SETTINGS))
    return _cached.get(key, lambda: FeatureExtractor(registered(settings).running, idle=settings.model_idle))
