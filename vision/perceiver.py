"""The senses as a graph: each looks once, in batches, after those that it needs."""

import logging
import threading
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from engine.errors import ConfigurationError
from engine.settings import Settings
from vision.joint import Joint
from vision.perception import Perception, Vector
from vision.picture import Picture
from vision.profiles import senses_of, with_dependants
from vision.sense import Sense

logger = logging.getLogger(__name__)

# What makes one perceiver differ from another.
MODEL_SETTINGS = (
    "home", "profile", "device", "threads", "ocr_engine", "ocr_languages", "object_confidence", "text_threshold",
    "hub_embedding", "hub_detector", "hub_text", "senses_off",
)  # fmt: skip
BLANK_SIDE = 64  # px of the picture that models are warmed up with


class Perceiver:
    """Looks at pictures with the senses of a profile; thread-safe.

    `senses` are in the order in which they look; `timings` holds the seconds that each has taken so far, `looked` the number
    of pictures.
    """

    def __init__(self, senses: Sequence[Sense]) -> None:
        """Raise ConfigurationError where senses need one that is not there, or each other."""
        self.senses = in_order(senses)
        self._lock = threading.Lock()
        self.timings: dict[str, float] = dict.fromkeys(self.senses, 0.0)
        self.looked = 0

    def perceive(self, pictures: Sequence[Picture], senses: Collection[str] | None = None) -> list[Perception]:
        """What these senses (all of them by default) and those that they need see of each picture.

        A sense that fails is asked again picture by picture; where it still fails, its field stays empty and `failures`
        says why. Nothing is raised for one picture's sake.
        """
        seen = [Perception(picture.id, picture.width, picture.height) for picture in pictures]
        for sense in self._wanted(senses) if pictures else ():
            begun = time.perf_counter()
            found = self._observe(sense, pictures, seen)
            seen = [self._added(sense.name, p, observed) for p, observed in zip(seen, found, strict=True)]
            with self._lock:
                self.timings[sense.name] += time.perf_counter() - begun
        with self._lock:
            self.looked += len(pictures)
        return seen

    def read(self, texts: Sequence[str]) -> Vector:
        """Where texts lie in the joint space of pictures and words: unit vectors [n, d]; ConfigurationError without a model."""
        return self._reader().read(texts)

    def understands(self, text: str, language: str = "") -> bool:
        """Whether `read` makes sense of a text in that language (BCP 47, or empty); ConfigurationError without a model."""
        return self._reader().understands(text, language)

    def least_agreement(self) -> float | None:
        """The cosine under which a text is unlikely to be about a picture; None where nobody measured it."""
        return self._reader().least_agreement

    def _reader(self) -> Joint:
        sense = self.senses.get(Joint.name)
        if not isinstance(sense, Joint):
            raise ConfigurationError("no sense reads texts into the space of pictures")
        return sense

    def warm_up(self, senses: Collection[str] | None = None) -> None:
        """Load the models and look once, so that the first picture does not wait; what is missing is logged, not raised."""
        blank = Picture("blank", np.zeros((BLANK_SIDE, BLANK_SIDE, 3), np.uint8), BLANK_SIDE, BLANK_SIDE, "PNG")
        seen = [Perception(blank.id, BLANK_SIDE, BLANK_SIDE)]
        for sense in self._wanted(senses):
            seen = [self._added(sense.name, seen[0], observe(sense, [blank], seen)[0])]
            if isinstance(sense, Joint) and (why := _unread(sense)):
                logger.error("sense %s reads no texts: %s", sense.name, why)
        for name, why in seen[0].failures.items():
            logger.error("sense %s does not work: %s", name, why)

    def fingerprints(self) -> dict[str, str]:
        """Sense -> model and weights; loads no model."""
        return {name: sense.fingerprint for name, sense in self.senses.items()}

    def dimensions(self) -> dict[str, int]:
        """Lengths of the vectors that senses see; loads no model."""
        return {name: sense.dimension for name, sense in self.senses.items() if sense.dimension}

    def with_needs(self, names: Collection[str]) -> set[str]:
        """These senses and those that must look before them; ConfigurationError for a name that no sense has."""
        return {sense.name for sense in self._wanted(names)}

    def dependants(self, names: Collection[str]) -> list[str]:
        """These senses and those that need them or borrow from them; ConfigurationError for a name that no sense has."""
        self._check(names)
        return with_dependants(self.senses.values(), names)

    def _check(self, names: Collection[str]) -> None:
        if unknown := set(names) - set(self.senses):
            raise ConfigurationError(f"no such sense: {', '.join(sorted(unknown))}; there are {', '.join(self.senses)}")

    def _observe(self, sense: Sense, pictures: Sequence[Picture], seen: Sequence[Perception]) -> list[Any]:
        """One observation, or the exception that took its place, per picture."""
        return observe(sense, pictures, seen)

    def _wanted(self, names: Collection[str] | None) -> list[Sense]:
        """These senses and those that run before them, in order; ConfigurationError for a name that no sense has."""
        if names is None:
            return list(self.senses.values())
        self._check(names)
        wanted: set[str] = set()
        for sense in reversed(list(self.senses.values())):
            if sense.name in names or any(sense.name in self.senses[other].after for other in wanted):
                wanted.add(sense.name)
        return [sense for sense in self.senses.values() if sense.name in wanted]

    @staticmethod
    def _added(name: str, seen: Perception, found: Any) -> Perception:
        if isinstance(found, Exception):
            why = f"{type(found).__name__}: {found}"
            return replace(seen, failures={**seen.failures, name: why})
        added: dict[str, Any] = {name: found}
        return replace(seen, **added)


def observe(sense: Sense, pictures: Sequence[Picture], seen: Sequence[Perception]) -> list[Any]:
    """One observation, or the exception that took its place, per picture. A sense without what it needs has failed too."""
    ready = [i for i, p in enumerate(seen) if not set(sense.needs) & set(p.failures)]
    found: list[Any] = [RuntimeError(f"needs {', '.join(sense.needs)}, which failed") for _ in pictures]
    try:
        observations = sense.observe([pictures[i] for i in ready], [seen[i] for i in ready]) if ready else []
    except ConfigurationError as error:  # a model that is not there is not there for single pictures either
        observations = [error] * len(ready)
    except Exception as error:
        logger.warning("sense %s failed on a batch of %d (%s); trying one by one", sense.name, len(ready), error)
        observations = [_alone(sense, pictures[i], seen[i]) for i in ready]
    for i, observation in zip(ready, observations, strict=True):
        found[i] = observation
    return found


def _alone(sense: Sense, picture: Picture, seen: Perception) -> Any:
    try:
        return sense.observe([picture], [seen])[0]
    except Exception as error:
        return error


def _unread(sense: Joint) -> str:
    """Read one text; why it could not be."""
    try:
        sense.read(["a picture"])
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return ""


def in_order(senses: Sequence[Sense]) -> Mapping[str, Sense]:
    """Senses by name, each after those that must run before it; a gate that is not there is none."""
    ordered: dict[str, Sense] = {}
    waiting, there = list(senses), {sense.name for sense in senses}
    while waiting:
        ready = [sense for sense in waiting if set(sense.needs) | (sense.after & there) <= set(ordered)]
        if not ready:
            raise ConfigurationError(f"senses need what is not there: {[(s.name, sorted(s.after)) for s in waiting]}")
        ordered |= {sense.name: sense for sense in ready}
        waiting = [sense for sense in waiting if sense.name not in ordered]
    return ordered


def get_perceiver(settings: Settings) -> Perceiver:
    """The perceiver of this process for these models; models load when first needed."""
    key = tuple(str(getattr(settings, name)) for name in MODEL_SETTINGS)
    with _lock:
        if key not in _kept:
            _kept[key] = Perceiver(senses_of(settings))
        return _kept[key]


_kept: dict[tuple[str, ...], Perceiver] = {}
_lock = threading.Lock()
