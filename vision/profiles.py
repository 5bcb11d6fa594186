"""Which senses look at pictures, by profile, and which of them are switched off."""

from collections.abc import Iterable, Mapping, Sequence

from engine.errors import ConfigurationError
from engine.settings import Settings
from vision.runtime import limit_threads
from vision.sense import Sense
from vision.senses.backbone import BackboneSense
from vision.senses.colours import ColoursSense
from vision.senses.detector import ObjectsSense
from vision.senses.embedding import EmbeddingSense
from vision.senses.joint import JointSense
from vision.senses.labels import LabelsSense
from vision.senses.local import LocalSense
from vision.senses.phash import PhashSense
from vision.senses.text import TextSense
from vision.senses.text_presence import TextPresenceSense

PACKAGED = "packaged"  # of OMMA_HUB_TEXT: the joint space that needs no hub


def senses_of(settings: Settings) -> list[Sense]:
    """The senses of the profile that are not switched off; no model is loaded yet. ConfigurationError as `switched_off`."""
    limit_threads(settings)
    every = _every(settings)
    off = _off(every, settings.senses_off)
    return [sense for sense in every if sense.name not in off]


def switched_off(settings: Settings) -> Mapping[str, str]:
    """The senses that are off, with why: the setting, or what they need. ConfigurationError for a name that no sense has."""
    return _off(_every(settings), settings.senses_off) if settings.senses_off else {}


def with_dependants(senses: Iterable[Sense], names: Iterable[str]) -> list[str]:
    """These names and those of the senses that need, or borrow from, any of them, directly or not."""
    found = list(dict.fromkeys(names))
    left = [sense for sense in senses if sense.name not in found]
    while more := [sense for sense in left if {*sense.needs, *sense.borrows} & set(found)]:
        found += [sense.name for sense in more]
        left = [sense for sense in left if sense.name not in found]
    return found


def _off(senses: Sequence[Sense], named: Sequence[str]) -> dict[str, str]:
    """Named ones and, as often as it takes, those that need or borrow from one that is off."""
    if unknown := set(named) - {sense.name for sense in senses}:
        known = ", ".join(sense.name for sense in senses)
        raise ConfigurationError(f"OMMA_SENSES_OFF names no sense: {', '.join(sorted(unknown))}; there are {known}")
    off = dict.fromkeys(named, "OMMA_SENSES_OFF")
    while more := {s.name: gone for s in senses if s.name not in off and (gone := {*s.needs, *s.borrows} & set(off))}:
        off |= {name: f"needs {', '.join(sorted(gone))}" for name, gone in more.items()}
    return off


def _every(settings: Settings) -> list[Sense]:
    """All senses of the profile that the settings choose."""
    backbone = BackboneSense(settings)
    kinds: tuple[type[Sense], ...] = (LabelsSense, TextPresenceSense, TextSense, ColoursSense, PhashSense, LocalSense)
    similar = _hub(settings) if settings.profile == "hub" else _packaged(settings, backbone)
    return [backbone, *similar, *(kind(settings) for kind in kinds)]


def _packaged(settings: Settings, backbone: BackboneSense) -> list[Sense]:
    embedding = EmbeddingSense(settings, backbone)
    return [embedding, ObjectsSense(settings, embedding), JointSense(settings)]


def _hub(settings: Settings) -> list[Sense]:
    from vision.hub.detector import HubObjects  # noqa: PLC0415  (imports large model libraries)
    from vision.hub.embedding import HubEmbedding  # noqa: PLC0415
    from vision.hub.joint import HubJoint  # noqa: PLC0415

    embedding = HubEmbedding(settings)
    joint = JointSense(settings) if settings.hub_text == PACKAGED else HubJoint(settings, embedding)
    return [embedding, HubObjects(settings, embedding), joint]
