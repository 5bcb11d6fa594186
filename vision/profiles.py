"""Which extractors look at pictures, by profile, and which of them are switched off."""

from collections.abc import Iterable, Mapping, Sequence

from engine.errors import ConfigurationError
from engine.settings import Settings
from vision.extractor import Extractor
from vision.extractors.backbone import BackboneExtractor
from vision.extractors.colours import ColoursExtractor
from vision.extractors.detector import ObjectsExtractor
from vision.extractors.embedding import EmbeddingExtractor
from vision.extractors.joint import JointExtractor
from vision.extractors.labels import LabelsExtractor
from vision.extractors.local import LocalExtractor
from vision.extractors.phash import PhashExtractor
from vision.extractors.text import TextExtractor
from vision.extractors.text_presence import TextPresenceExtractor
from vision.runtime import limit_threads

PACKAGED = "packaged"  # of OMMA_HUB_TEXT: the joint embedding that needs no hub


def extractors_of(settings: Settings) -> list[Extractor]:
    """The extractors of the profile that are not switched off; no model is loaded yet. ConfigurationError as `switched_off`."""
    limit_threads(settings)
    every = _every(settings)
    off = _off(every, settings.extractors_off)
    return [extractor for extractor in every if extractor.name not in off]


def switched_off(settings: Settings) -> Mapping[str, str]:
    """The extractors that are off, with why: the setting, or what they need. ConfigurationError for a name that no extractor
    has.
    """
    return _off(_every(settings), settings.extractors_off) if settings.extractors_off else {}


def with_dependants(extractors: Iterable[Extractor], names: Iterable[str]) -> list[str]:
    """These names and those of the extractors that need, or borrow from, any of them, directly or not."""
    found = list(dict.fromkeys(names))
    left = [extractor for extractor in extractors if extractor.name not in found]
    while more := [extractor for extractor in left if {*extractor.needs, *extractor.borrows} & set(found)]:
        found += [extractor.name for extractor in more]
        left = [extractor for extractor in left if extractor.name not in found]
    return found


def _off(extractors: Sequence[Extractor], named: Sequence[str]) -> dict[str, str]:
    """Named ones and, as often as it takes, those that need or borrow from one that is off."""
    if unknown := set(named) - {extractor.name for extractor in extractors}:
        known = ", ".join(extractor.name for extractor in extractors)
        raise ConfigurationError(f"OMMA_EXTRACTORS_OFF names no extractor: {', '.join(sorted(unknown))}; there are {known}")
    off = dict.fromkeys(named, "OMMA_EXTRACTORS_OFF")
    while more := {s.name: gone for s in extractors if s.name not in off and (gone := {*s.needs, *s.borrows} & set(off))}:
        off |= {name: f"needs {', '.join(sorted(gone))}" for name, gone in more.items()}
    return off


def _every(settings: Settings) -> list[Extractor]:
    """All extractors of the profile that the settings choose."""
    backbone = BackboneExtractor(settings)
    kinds: tuple[type[Extractor], ...] = (
        LabelsExtractor,
        TextPresenceExtractor,
        TextExtractor,
        ColoursExtractor,
        PhashExtractor,
        LocalExtractor,
    )
    similar = _hub(settings) if settings.profile == "hub" else _packaged(settings, backbone)
    return [backbone, *similar, *(kind(settings) for kind in kinds)]


def _packaged(settings: Settings, backbone: BackboneExtractor) -> list[Extractor]:
    embedding = EmbeddingExtractor(settings, backbone)
    return [embedding, ObjectsExtractor(settings, embedding), JointExtractor(settings)]


def _hub(settings: Settings) -> list[Extractor]:
    from vision.hub.detector import HubObjects  # noqa: PLC0415  (imports large model libraries)
    from vision.hub.embedding import HubEmbedding  # noqa: PLC0415
    from vision.hub.joint import HubJoint  # noqa: PLC0415

    embedding = HubEmbedding(settings)
    joint = JointExtractor(settings) if settings.hub_text == PACKAGED else HubJoint(settings, embedding)
    return [embedding, HubObjects(settings, embedding), joint]
