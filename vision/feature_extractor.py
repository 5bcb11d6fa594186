"""The extractors as a graph: each looks once, in batches, after those that it needs."""

import logging
import threading
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from engine.errors import ConfigurationError
from engine.settings import Settings
from vision.extractor import Extractor
from vision.image_features import ImageFeatures, Vector
from vision.joint import Joint
from vision.picture import Picture
from vision.profiles import extractors_of, with_dependants

logger = logging.getLogger(__name__)

# What makes one feature_extractor differ from another.
MODEL_SETTINGS = (
    "home", "profile", "device", "threads", "ocr_engine", "ocr_languages", "object_confidence", "text_threshold",
    "hub_embedding", "hub_detector", "hub_text", "extractors_off",
)  # fmt: skip
BLANK_SIDE = 64  # px of the picture that models are warmed up with


class FeatureExtractor:
    """Looks at pictures with the extractors of a profile; thread-safe.

    `extractors` are in the order in which they look; `timings` holds the seconds that each has taken so far, `looked` the
    number
    of pictures.
    """

    def __init__(self, extractors: Sequence[Extractor]) -> None:
        """Raise ConfigurationError where extractors need one that is not there, or each other."""
        self.extractors = in_order(extractors)
        self._lock = threading.Lock()
        self.timings: dict[str, float] = dict.fromkeys(self.extractors, 0.0)
        self.looked = 0

    def extract(self, pictures: Sequence[Picture], extractors: Collection[str] | None = None) -> list[ImageFeatures]:
        """What these extractors (all of them by default) and those that they need see of each picture.

        An extractor that fails is asked again picture by picture; where it still fails, its field stays empty and `failures`
        says why. Nothing is raised for one picture's sake.
        """
        seen = [ImageFeatures(picture.id, picture.width, picture.height) for picture in pictures]
        for extractor in self._wanted(extractors) if pictures else ():
            begun = time.perf_counter()
            found = self._observe(extractor, pictures, seen)
            seen = [self._added(extractor.name, p, observed) for p, observed in zip(seen, found, strict=True)]
            with self._lock:
                self.timings[extractor.name] += time.perf_counter() - begun
        with self._lock:
            self.looked += len(pictures)
        return seen

    def encode_text(self, texts: Sequence[str]) -> Vector:
        """Where texts lie in the joint embedding of pictures and words: unit vectors [n, d]; ConfigurationError without a
        model.
        """
        return self._reader().encode_text(texts)

    def understands(self, text: str, language: str = "") -> bool:
        """Whether `encode_text` makes sense of a text in that language (BCP 47, or empty); ConfigurationError without a
        model.
        """
        return self._reader().understands(text, language)

    def min_agreement(self) -> float | None:
        """The cosine under which a text is unlikely to be about a picture; None where nobody measured it."""
        return self._reader().min_agreement

    def _reader(self) -> Joint:
        extractor = self.extractors.get(Joint.name)
        if not isinstance(extractor, Joint):
            raise ConfigurationError("no extractor reads texts into the space of pictures")
        return extractor

    def warm_up(self, extractors: Collection[str] | None = None) -> None:
        """Load the models and look once, so that the first picture does not wait; what is missing is logged, not raised."""
        blank = Picture("blank", np.zeros((BLANK_SIDE, BLANK_SIDE, 3), np.uint8), BLANK_SIDE, BLANK_SIDE, "PNG")
        seen = [ImageFeatures(blank.id, BLANK_SIDE, BLANK_SIDE)]
        for extractor in self._wanted(extractors):
            seen = [self._added(extractor.name, seen[0], observe(extractor, [blank], seen)[0])]
            if isinstance(extractor, Joint) and (why := _unread(extractor)):
                logger.error("extractor %s reads no texts: %s", extractor.name, why)
        for name, why in seen[0].failures.items():
            logger.error("extractor %s does not work: %s", name, why)

    def fingerprints(self) -> dict[str, str]:
        """Extractor -> model and weights; loads no model."""
        return {name: extractor.fingerprint for name, extractor in self.extractors.items()}

    def dimensions(self) -> dict[str, int]:
        """Lengths of the vectors that extractors see; loads no model."""
        return {name: extractor.dimension for name, extractor in self.extractors.items() if extractor.dimension}

    def with_needs(self, names: Collection[str]) -> set[str]:
        """These extractors and those that must look before them; ConfigurationError for a name that no extractor has."""
        return {extractor.name for extractor in self._wanted(names)}

    def dependants(self, names: Collection[str]) -> list[str]:
        """These extractors and those that need them or borrow from them; ConfigurationError for a name that no extractor
        has.
        """
        self._check(names)
        return with_dependants(self.extractors.values(), names)

    def _check(self, names: Collection[str]) -> None:
        if unknown := set(names) - set(self.extractors):
            raise ConfigurationError(f"no such extractor: {', '.join(sorted(unknown))}; there are {', '.join(self.extractors)}")

    def _observe(self, extractor: Extractor, pictures: Sequence[Picture], seen: Sequence[ImageFeatures]) -> list[Any]:
        """One observation, or the exception that took its place, per picture."""
        return observe(extractor, pictures, seen)

    def _wanted(self, names: Collection[str] | None) -> list[Extractor]:
        """These extractors and those that run before them, in order; ConfigurationError for a name that no extractor has."""
        if names is None:
            return list(self.extractors.values())
        self._check(names)
        wanted: set[str] = set()
        for extractor in reversed(list(self.extractors.values())):
            if extractor.name in names or any(extractor.name in self.extractors[other].after for other in wanted):
                wanted.add(extractor.name)
        return [extractor for extractor in self.extractors.values() if extractor.name in wanted]

    @staticmethod
    def _added(name: str, seen: ImageFeatures, found: Any) -> ImageFeatures:
        if isinstance(found, Exception):
            why = f"{type(found).__name__}: {found}"
            return replace(seen, failures={**seen.failures, name: why})
        added: dict[str, Any] = {name: found}
        return replace(seen, **added)


def observe(extractor: Extractor, pictures: Sequence[Picture], seen: Sequence[ImageFeatures]) -> list[Any]:
    """One observation, or the exception that took its place, per picture. An extractor without what it needs has failed too."""
    ready = [i for i, p in enumerate(seen) if not set(extractor.needs) & set(p.failures)]
    found: list[Any] = [RuntimeError(f"needs {', '.join(extractor.needs)}, which failed") for _ in pictures]
    try:
        observations = extractor.observe([pictures[i] for i in ready], [seen[i] for i in ready]) if ready else []
    except ConfigurationError as error:  # a model that is not there is not there for single pictures either
        observations = [error] * len(ready)
    except Exception as error:
        logger.warning("extractor %s failed on a batch of %d (%s); trying one by one", extractor.name, len(ready), error)
        observations = [_alone(extractor, pictures[i], seen[i]) for i in ready]
    for i, observation in zip(ready, observations, strict=True):
        found[i] = observation
    return found


def _alone(extractor: Extractor, picture: Picture, seen: ImageFeatures) -> Any:
    try:
        return extractor.observe([picture], [seen])[0]
    except Exception as error:
        return error


def _unread(extractor: Joint) -> str:
    """Read one text; why it could not be."""
    try:
        extractor.encode_text(["a picture"])
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return ""


def in_order(extractors: Sequence[Extractor]) -> Mapping[str, Extractor]:
    """Extractors by name, each after those that must run before it; a gate that is not there is none."""
    ordered: dict[str, Extractor] = {}
    waiting, there = list(extractors), {extractor.name for extractor in extractors}
    while waiting:
        ready = [extractor for extractor in waiting if set(extractor.needs) | (extractor.after & there) <= set(ordered)]
        if not ready:
            raise ConfigurationError(f"extractors need what is not there: {[(s.name, sorted(s.after)) for s in waiting]}")
        ordered |= {extractor.name: extractor for extractor in ready}
        waiting = [extractor for extractor in waiting if extractor.name not in ordered]
    return ordered


def get_feature_extractor(settings: Settings) -> FeatureExtractor:
    """The feature_extractor of this process for these models; models load when first needed."""
    key = tuple(str(getattr(settings, name)) for name in MODEL_SETTINGS)
    with _lock:
        if key not in _kept:
            _kept[key] = FeatureExtractor(extractors_of(settings))
        return _kept[key]


_kept: dict[tuple[str, ...], FeatureExtractor] = {}
_lock = threading.Lock()
