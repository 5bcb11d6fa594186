"""Which extractors run: built-in ones and those of plugins, one per name, without those that are switched off.

Built-in extractors are files of `vision/extractors/` (packaged models) and `vision/hub/` (models of a hub, imported only if a
setting asks for one). Others are files of OMMA_PLUGIN_PATH or entry points of the group `omma.extractors`.
"""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from engine.errors import ConfigurationError
from engine.plugins import Broken, Found, discover
from engine.settings import Settings
from vision.extractor import HUB, PACKAGED, Extractor
from vision.runtime import limit_threads

logger = logging.getLogger(__name__)
HERE = Path(__file__).parent
GROUP = "omma.extractors"
Kind = type[Extractor[Any]]
EveryExtractor = Extractor[Any]  # each has an output type of its own; ImageFeatures has typed accessors


@dataclass(frozen=True, slots=True)
class Registered:
    """The extractors of an installation: those that run, those that are off with the reason, and broken ones."""

    running: tuple[EveryExtractor, ...]
    off: Mapping[str, str]
    broken: tuple[Broken, ...]


def extractors_of(settings: Settings) -> list[EveryExtractor]:
    """The extractors that run; loads no model. Raise ConfigurationError as `registered`."""
    return list(registered(settings).running)


def switched_off(settings: Settings) -> Mapping[str, str]:
    """The extractors that are off, with the reason: the setting, or what they need. Raise as `registered`."""
    return registered(settings).off


def registered(settings: Settings) -> Registered:
    """Choose one class per name, and create the objects, each after those it borrows from.

    Raise ConfigurationError if a setting names an extractor or a variant that does not exist, or if a built-in extractor cannot
    be created. A plugin's extractor that cannot be created is left out.
    """
    limit_threads(settings)
    found = _discovered(tuple(settings.plugin_path), hub=_asks_for_hub(settings))
    chosen, broken = _chosen(found, settings)
    made, failed = _made(chosen, found.origins, settings)
    off = _off(made, settings.extractors_off)
    running = tuple(extractor for extractor in made if extractor.name not in off)
    return Registered(running, off, (*found.broken, *broken, *failed))


def with_dependants(extractors: Iterable[EveryExtractor], names: Iterable[str]) -> list[str]:
    """These names and those of all extractors that need or borrow from any of them, directly or indirectly."""
    found = list(dict.fromkeys(names))
    left = [extractor for extractor in extractors if extractor.name not in found]
    while more := [extractor for extractor in left if {*extractor.needs, *extractor.borrows} & set(found)]:
        found += [extractor.name for extractor in more]
        left = [extractor for extractor in left if extractor.name not in found]
    return found


def variant_of(name: str, settings: Settings) -> str:
    """The variant of an extractor that the settings choose."""
    model = settings.model_of(name)
    if model:
        return PACKAGED if model == PACKAGED else HUB
    return settings.profile


@lru_cache(maxsize=8)
def _discovered(folders: tuple[Path, ...], *, hub: bool) -> Found[EveryExtractor]:
    own: Found[EveryExtractor] = discover(Extractor, GROUP, HERE / "extractors", folders)  # type: ignore[type-abstract]
    if not hub:
        return own
    more: Found[EveryExtractor] = discover(Extractor, None, HERE / "hub")  # type: ignore[type-abstract]
    return Found((*own.kinds, *more.kinds), own.origins | more.origins, (*own.broken, *more.broken))


def _asks_for_hub(settings: Settings) -> bool:
    return settings.profile == HUB or any(variant_of(name, settings) == HUB for name in settings.models())


def _chosen(found: Found[EveryExtractor], settings: Settings) -> tuple[list[Kind], list[Broken]]:
    """One class per name: the variant that the settings choose, else the first; of two with one variant, the first."""
    by_name: dict[str, dict[str, Kind]] = {}
    broken = []
    for kind in found.kinds:
        variants = by_name.setdefault(kind.name, {})
        if kind.variant in variants:
            broken.append(Broken(found.origins[kind], f"an extractor {kind.name!r} exists already"))
        else:
            variants[kind.variant] = kind
    return [_variant(name, variants, settings) for name, variants in by_name.items()], broken


def _variant(name: str, variants: Mapping[str, Kind], settings: Settings) -> Kind:
    wanted = variant_of(name, settings)
    if wanted not in variants and settings.model_of(name):
        setting = f"OMMA_{name.upper()}_MODEL"
        raise ConfigurationError(f"{setting}: extractor {name!r} has no variant {wanted!r}; it has {', '.join(variants)}")
    return variants.get(wanted) or next(iter(variants.values()))


def _made(kinds: Sequence[Kind], origins: Mapping[Kind, str], settings: Settings) -> tuple[list[EveryExtractor], list[Broken]]:
    """Create the objects, each after those it needs or borrows from; leave out a plugin's that fails or lacks a need."""
    made: dict[str, EveryExtractor] = {}
    broken: list[Broken] = []
    waiting = list(kinds)
    while ready := [kind for kind in waiting if not _lacking(kind, made)]:
        waiting = [kind for kind in waiting if kind not in ready]
        for kind in ready:
            try:
                made[kind.name] = _object(kind, made, settings, own=_is_own(origins[kind]))
            except Exception as error:  # a plugin's constructor may do anything
                if _is_own(origins[kind]):
                    raise
                broken.append(Broken(origins[kind], f"{type(error).__name__}: {error}"))
    broken += [_unmet(kind, made, origins[kind]) for kind in waiting]
    for one in broken:
        logger.warning("%s", one)
    return list(made.values()), broken


def _unmet(kind: Kind, made: Mapping[str, EveryExtractor], origin: str) -> Broken:
    """Why an extractor cannot be created; for a built-in one this is raised."""
    reason = f"extractor {kind.name!r} needs {', '.join(_lacking(kind, made))}, which no extractor gives"
    if _is_own(origin):
        raise ConfigurationError(reason)
    return Broken(origin, reason)


def _object(kind: Kind, made: Mapping[str, EveryExtractor], settings: Settings, *, own: bool) -> EveryExtractor:
    extractor = kind(settings, *(made[name] for name in kind.borrows))
    if not own and not extractor.fingerprint:  # computed here, so that a plugin's error shows before any image
        raise ConfigurationError(f"extractor {kind.name!r} has no fingerprint")
    return extractor


def _lacking(kind: Kind, made: Mapping[str, EveryExtractor]) -> list[str]:
    return sorted({*kind.needs, *kind.borrows} - set(made))


def _is_own(origin: str) -> bool:
    return origin.startswith("vision/")


def _off(extractors: Sequence[EveryExtractor], named: Sequence[str]) -> dict[str, str]:
    """The named extractors and all that need or borrow from one that is off, with the reason."""
    if unknown := set(named) - {extractor.name for extractor in extractors}:
        known = ", ".join(extractor.name for extractor in extractors)
        raise ConfigurationError(f"OMMA_EXTRACTORS_OFF names no extractor: {', '.join(sorted(unknown))}; there are {known}")
    off = dict.fromkeys(named, "OMMA_EXTRACTORS_OFF")
    while more := {e.name: gone for e in extractors if e.name not in off and (gone := {*e.needs, *e.borrows} & set(off))}:
        off |= {name: f"needs {', '.join(sorted(gone))}" for name, gone in more.items()}
    return off
